"""What is done in one for many, and from a mail on the way home, by each kind of hand."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests import clocks
from tests.browser.axe import problems
from tests.browser.hands import Hand
from tests.factories import make_blog, make_delivery, make_post
from tests.fakes.relay import Relay
from worker import alerts
from worker.channels.email import parse_relay
from worker.models import Blog, Delivery

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DESK = "desk@practice.example"


@pytest.fixture
def burst(day: Blog) -> list[Delivery]:
    """Four posts at once, held on two channels each."""
    posts = [make_post(day, title=f"Small steps, part {number}", origin="burst") for number in range(1, 5)]
    why = "Several posts appeared at once, more than the 3 that go out by themselves. Release it to send it, or skip it."
    return [
        make_delivery(post, name, state="held", waits_for="person", reason=why, due_at=None)
        for post in posts
        for name in ("facebook", "twitter")
    ]


@pytest.fixture
def relay(settings: Any) -> Iterator[Relay]:
    with Relay() as relay:
        settings.RELAYS = {"default": parse_relay(f"{relay.url}?tls=none")}
        yield relay


def test_a_burst_is_let_go_in_one(burst: list[Delivery], hand: Hand) -> None:
    expect(hand.page.get_by_text("Many posts appeared at once, so 8 deliveries are held.")).to_be_visible()
    hand.press("Send or cancel them…")
    expect(hand.page.locator("tr[id]")).to_have_count(8)
    hand.press("Release…", "button")
    hand.reads("Send 8 deliveries now?")
    hand.type("Why", "read them all")
    hand.press("Send them now", "button")
    expect(hand.page.get_by_text("Done for 8.")).to_be_visible()
    assert not Delivery.objects.filter(pk__in=[each.pk for each in burst], state="held").exists()
    assert Delivery.objects.filter(state="held").exists(), "what is held for another reason stays"


def test_newsletters_go_in_one_to_the_readers_without_them(hand: Hand) -> None:
    hand.press("Record", exact=True)
    hand.choose("Channel", "E-mail")
    hand.press("Show", "button", exact=True)
    hand.press("Send newsletters to readers without them…", "button")
    hand.reads("Send 1 delivery to readers who do not have them?")
    hand.type("Why", "new readers")
    hand.press("Send to readers without them", "button")
    expect(hand.page.get_by_text("Done for 1.")).to_be_visible()
    assert Delivery.objects.get(occasion="resend").audience == "missing"


def test_a_post_is_let_go_from_the_mail_about_it(day: Blog, relay: Relay, passer_by: Hand) -> None:
    make_blog(day.slug, alerts={"to": [DESK]}, channels={"facebook": {"mode": "live"}})
    held = make_delivery(make_post(day, title="On asking for help"), state="held", waits_for="person", reason="Look at it.", due_at=None)
    passer_by.page.goto(_let_it_go(relay))
    passer_by.reads("Send this now?")
    expect(passer_by.page.get_by_text("“On asking for help”, Facebook.")).to_be_visible()
    passer_by.press("Send it now", "button")
    passer_by.reads("Thank you. It goes out now.")
    held.refresh_from_db()
    assert (held.state, DESK in held.reason) == ("pending", True)
    passer_by.page.go_back()
    passer_by.page.reload()
    passer_by.reads("This link has done its work.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_mail_about_it(day: Blog, relay: Relay, browser: Browser, scheme: Any) -> None:
    make_blog(day.slug, alerts={"to": [DESK]}, channels={"facebook": {"mode": "live"}})
    make_delivery(make_post(day, title="On asking for help"), state="held", waits_for="person", reason="Look at it.", due_at=None)
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.set_content(_told(relay, "html"))
    expect(page.get_by_role("link", name="Let it go")).to_be_visible()
    assert problems(page) == []
    context.close()


def _let_it_go(relay: Relay) -> str:
    """The link of that name, of the post on asking for help, out of the mail that the relay was given."""
    text = _told(relay, "plain")
    found = re.search(r"“On asking for help”.*?\nLet it go: (\S+)", text, re.DOTALL)
    assert found, text
    return found[1]


def _told(relay: Relay, kind: str) -> str:
    alerts.notice(clocks.now() - timedelta(minutes=5))  # long enough ago that nothing more is waited for
    for blog in alerts.due():
        alerts.tell(blog)
    body = message_from_bytes(relay.messages[DESK][0], policy=default).get_body((kind,))
    assert body is not None
    return str(body.get_content())
