"""What the front desk does all day, by each kind of hand: a mouse, the keyboard alone, a thumb on a small phone, a browser without JavaScript."""

import pytest
from playwright.sync_api import expect

from tests.browser.hands import Hand
from tests.factories import make_blog
from worker.models import Blog, Delivery

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_post_is_held_reworded_released_and_skipped(hand: Hand, day: Blog) -> None:
    make_blog(day.slug, channels={name: {"mode": "live"} for name in ("facebook", "twitter")})  # whose words nobody need approve
    hand.press("Waiting – Practicing Reflection, X (Twitter)")
    hand.reads("Quiet hours")
    hand.press("Hold…")
    hand.type("Why", "a typo in the title")
    hand.press("Hold it", "button")
    hand.reads("Held by desk@practice.example: a typo in the title.")
    hand.press("Edit the words…")
    hand.type("Instead of the excerpt", "word " * 90)
    hand.press("Keep these words", "button")
    expect(hand.page.get_by_role("alert")).to_contain_text("takes 280 characters and this needs")
    hand.type("Instead of the excerpt", "Shorter words.")
    hand.press("Keep these words", "button")
    expect(hand.page.get_by_text("Shorter words.").first).to_be_visible()
    hand.press("Release…")
    hand.press("Send it now", "button")
    hand.reads("Released by desk@practice.example. Goes out now.")
    hand.press("Posts", within=hand.page.get_by_role("navigation", name="Main"))
    hand.press("Waiting – Practicing Reflection, Facebook")
    hand.press("Skip…")
    hand.type("Why", "no fitting picture")
    hand.press("Skip it", "button")
    hand.reads("Skipped by desk@practice.example: no fitting picture.")


def test_the_record_is_searched_and_what_it_finds_is_held_and_sent_again(hand: Hand) -> None:
    hand.press("Record", exact=True)
    hand.choose("State", "Waiting")
    hand.type("Title, address or number", "reflection")
    hand.press("Show", "button", exact=True)
    expect(hand.page.locator("tr[id]")).to_have_count(3)
    hand.press("Hold…", "button")
    hand.reads("Hold 3 deliveries back?")
    hand.type("Why", "the week is full")
    hand.press("Hold them", "button")
    expect(hand.page.get_by_text("Done for 3.")).to_be_visible()
    assert Delivery.objects.filter(state="held", reason__contains="the week is full").count() == 3
    hand.press("Show all")
    hand.press("Failed – Coping with school stress, Pinterest")
    hand.press("Resend…")
    expect(hand.page.get_by_text("Nobody has it there yet.")).to_be_visible()
    hand.type("Why", "the picture was changed")
    hand.press("Send it", "button", exact=True)
    hand.reads("the picture was changed")
    hand.page.go_back()
    expect(hand.page.get_by_role("alert")).to_contain_text("Finish that one first.")
    expect(hand.page.get_by_role("button", name="Send it", exact=True)).to_be_disabled()
    assert Delivery.objects.filter(occasion="resend").count() == 1


def test_a_newsletter_is_paused_looked_into_and_stopped(hand: Hand) -> None:
    hand.press("Sending – Coping with school stress, E-mail")
    hand.press("2 refused")
    hand.reads("312 readers = 184 sent + 2 refused + 9 skipped + 117 waiting")
    hand.press("E-mail", within=hand.page.get_by_role("navigation", name="Where you are"))
    hand.press("Pause…")
    hand.type("Why", "a wrong date")
    hand.press("Pause it", "button")
    hand.reads("184 of 312 readers had it by then.")
    hand.press("Stop…")
    hand.type("Why", "the wrong post")
    hand.press("Stop it", "button")
    hand.reads("Cancelled by desk@practice.example: the wrong post.")
    expect(hand.page.get_by_text("Stopped at 184")).to_be_visible()
