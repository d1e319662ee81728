"""What comes up now and then, by each kind of hand: approving, answering a doubt, a link in a mail, a list of readers, a second step."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import clocks
from tests.browser.hands import Hand, tab_to
from tests.factories import make_blog, make_delivery, make_staff
from worker.console.sign_in import one_time_link
from worker.lib import totp
from worker.models import Batch, Blog, Delivery, Issue, Part, Post, Recipient, Staff, Subscriber
from worker.record.by_link import link as link_to

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DESK = "desk@practice.example"
TODAYS, YESTERDAYS = "Coping with school stress", "Practicing Reflection"


def delivery(channel: str, title: str = TODAYS) -> Delivery:
    return Delivery.objects.get(post__title=title, channel=channel, occasion="automatic")


def asks_for_approval(blog: Blog) -> None:
    """From now on nothing of this blog goes out that the desk has not approved."""
    make_blog(blog.slug, approval=DESK, channels={name: {"mode": "live"} for name in ("email", "facebook", "twitter", "linkedin")})


HELD = {"state": "held", "waits_for": "person", "held_for": "approval", "due_at": None}
WAITS = f"It waits for {DESK}, who must approve these words before they go out."


def test_a_post_is_approved_for_all_its_channels_at_once(hand: Hand, day: Blog) -> None:
    asks_for_approval(day)
    Delivery.objects.filter(post__title=YESTERDAYS, channel__in=("facebook", "twitter")).update(**HELD, reason=WAITS)
    hand.press("Posts", within=hand.page.get_by_role("navigation", name="Main"))
    hand.press("Read and approve…")
    hand.reads("Do you approve these words?")
    expect(hand.page.get_by_role("heading", level=2)).to_have_text(["Facebook", "X (Twitter)"])
    hand.press("Approve and send", "button")
    expect(hand.page.get_by_text("Approved for 2 channels.")).to_be_visible()
    hand.reads(YESTERDAYS)
    assert delivery("facebook", YESTERDAYS).approved_by == delivery("twitter", YESTERDAYS).approved_by == DESK


def test_a_digest_is_approved(hand: Hand, day: Blog) -> None:
    asks_for_approval(day)
    now, post = clocks.now(), Post.objects.get(title=YESTERDAYS)
    issue = Issue.objects.create(blog=day, edition="weekly", day=now.date(), since=now - timedelta(days=7), due_at=now)
    Part.objects.create(issue=issue, edition="weekly", post=post)
    words = {"subject": "This week", "text": "Practicing Reflection", "html": "<p>Practicing Reflection</p>", "disclaimer": "", "length": 9}
    digest = make_delivery(post, "email", **HELD, reason=WAITS, rendition=words, edition="weekly", occasion="resend")
    Delivery.objects.filter(pk=digest.pk).update(post=None, issue=issue, occasion="automatic")
    hand.press("Posts", within=hand.page.get_by_role("navigation", name="Main"))
    hand.press("Read and approve…")
    hand.press("Approve…")
    hand.reads("Do you approve these words?")
    hand.press("Approve and send", "button")
    hand.reads(f"Approved by {DESK}.")
    digest.refresh_from_db()
    assert digest.approved_by == DESK


def test_a_link_in_a_mail_holds_a_post_once(passer_by: Hand) -> None:
    make_staff("office", DESK)
    address = urlsplit(link_to(delivery("facebook", YESTERDAYS), "hold", DESK)).path
    passer_by.page.goto(address)
    passer_by.reads("Hold this back?")
    passer_by.type("Why (if you like)", "the picture is wrong")
    passer_by.press("Hold it", "button")
    passer_by.reads("Thank you. It is held until somebody releases it.")
    passer_by.page.goto(address)
    passer_by.reads("This link has done its work.")
    assert delivery("facebook", YESTERDAYS).reason.startswith(f"Held by {DESK} (by a link in an e-mail): the picture is wrong.")


def test_a_doubt_about_a_post_is_answered(hand: Hand) -> None:
    asked = "Postlark looked twice and cannot say. Please look there: is it out?"
    Delivery.objects.filter(pk=delivery("twitter").pk).update(waits_for="person", reason=asked)
    hand.press("Posts", within=hand.page.get_by_role("navigation", name="Main"))
    hand.press(f"Answer… “{TODAYS}”, X (Twitter):")
    hand.press("It is not, send it…")
    hand.reads("You looked, and it is not there?")
    hand.press("Leave it as it is")
    hand.press("It is there…")
    hand.type("Its address there", "https://x.example/1")
    hand.press("Yes, it is there", "button")
    hand.reads(f"{DESK} looked and found it there")


def test_a_doubt_about_readers_is_answered(hand: Hand, day: Blog) -> None:
    mail = delivery("email", "Coping Skills as 10% Solutions")
    batch = Batch.objects.get(delivery=mail)
    Batch.objects.filter(pk=batch.pk).update(sent=308, unknown=1)
    reader = Subscriber.objects.first()
    Recipient.objects.create(delivery=mail, batch=batch, subscriber=reader, state="unknown", reason="The line broke.")
    hand.press("Posts", within=hand.page.get_by_role("navigation", name="Main"))
    hand.press("Answer… “Coping Skills as 10% Solutions”")
    hand.press("1 in doubt")
    expect(hand.page.get_by_text("reader0@example.org").first).to_be_visible()
    hand.press("E-mail", within=hand.page.get_by_role("navigation", name="Where you are"))
    hand.press("They have it…")
    hand.press("They have it", "button", exact=True)
    expect(hand.page.get_by_text("Thank you.")).to_be_visible()
    batch.refresh_from_db()
    assert (batch.sent, batch.unknown) == (309, 0)


def test_a_channel_is_paused_and_goes_on(hand: Hand) -> None:
    hand.press("Health", within=hand.page.get_by_role("navigation", name="Main"))
    hand.press("Pause Facebook", "button")
    expect(hand.page.get_by_role("cell", name=f"Paused by {DESK}")).to_be_visible()
    hand.press("Resume Facebook", "button")
    expect(hand.page.get_by_role("cell", name=f"Paused by {DESK}")).to_have_count(0)


def test_a_list_of_readers_is_imported_after_a_look_at_what_would_happen(hand: Hand) -> None:
    hand.press("Subscribers", within=hand.page.get_by_role("navigation", name="Main"))
    hand.press("Import a list…")
    hand.attach("File", "open-day.csv", "email,name\nann@example.org,Ann\nnot an address,Bob\n")
    hand.pick("Asked for it")
    hand.dates("On which day", 2026, 11, 2)
    hand.type("Where can that be seen?", "sign-up sheet, open day")
    hand.press("Show what would happen", "button")
    expect(hand.page.get_by_role("alert")).to_contain_text("Nothing was imported.")
    expect(hand.page.get_by_role("alert")).to_contain_text("3")
    expect(hand.page.get_by_label("Where can that be seen?")).to_have_value("sign-up sheet, open day")
    hand.attach("File", "open-day.csv", "email,name\nann@example.org,Ann\n")
    hand.press("Show what would happen", "button")
    hand.reads("Import these readers?")
    assert not Subscriber.objects.filter(email="ann@example.org").exists()
    hand.press("Import them", "button")
    expect(hand.page.get_by_text("Imported: 1 new")).to_be_visible()
    assert Subscriber.objects.filter(email="ann@example.org").exists()


def test_a_second_step_is_set_up_and_asked_for(hand: Hand) -> None:
    hand.press(DESK)
    hand.press("Sign in with a second step, too")
    secret = "".join((hand.page.locator("code").first.text_content() or "").split())
    hand.type("six digits", "000000")
    hand.press("Set it up", "button")
    expect(hand.page.get_by_role("alert")).to_be_visible()
    hand.type("six digits", code(secret))
    hand.press("Set it up", "button")
    hand.page.wait_for_url("**/")
    hand.press("Sign out", "button")
    hand.page.wait_for_url("**/sign-in*")
    hand.page.goto(one_time_link(DESK))
    hand.press("Sign in", "button")
    hand.reads("One more step")
    Staff.objects.filter(email=DESK).update(totp_used=None)  # as half a minute later: each code works once
    hand.type("six digits", code(secret))
    hand.press("Sign in", "button")
    expect(hand.page.get_by_role("heading", name="things need you")).to_be_visible()


def code(secret: str) -> str:
    return totp.code_of(secret, int(clocks.now().timestamp() // totp.STEP.total_seconds()))


def test_somebody_who_only_reads_is_offered_nothing_to_change(passer_by: Hand) -> None:
    passer_by.page.goto(one_time_link(make_staff("reader", "reader@practice.example").email))
    passer_by.press("Sign in", "button")
    passer_by.press("Look “Coping with school stress”, Pinterest:")
    expect(passer_by.page.get_by_text("changing it is for the office and the owner").first).to_be_visible()
    for button in passer_by.page.locator("main button.button, main button[type=submit]").all():
        assert button.is_disabled(), button.inner_text()


def test_arrow_keys_go_through_the_grid(page: Page) -> None:
    def link(row: int, column: int) -> Locator:
        return page.locator("table.grid tbody tr").nth(row).locator("th, td").nth(column).locator("a").first

    tab_to(page, link(0, 1))
    for key, row, column in (("Right", 0, 2), ("Down", 1, 2), ("Left", 1, 1), ("Left", 1, 0), ("Up", 0, 0), ("Up", 0, 0), ("Right", 0, 1)):
        page.keyboard.press(f"Arrow{key}")
        expect(link(row, column)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/deliveries/*")
