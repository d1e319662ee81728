"""What the front desk does all day, by each kind of hand: a mouse, the keyboard alone, a thumb on a small phone, a browser without JavaScript."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import watched
from worker.models import Delivery

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SMALL = {"width": 360, "height": 740}
HANDS: dict[str, dict[str, Any]] = {
    "mouse": {},
    "keyboard": {},
    "phone": {"viewport": SMALL, "has_touch": True, "is_mobile": True},
    "no-javascript": {"java_script_enabled": False},
}


class Hand:
    """Presses and types as its owner can; whoever sees differs only in that."""

    def __init__(self, kind: str, page: Page) -> None:
        self.kind, self.page = kind, page

    def press(self, name: str, role: Any = "link", *, exact: bool = False, within: Locator | None = None) -> None:
        found = (within or self.page).get_by_role(role, name=name, exact=exact).first
        if self.kind == "keyboard":
            self._tab_to(found)
            self.page.keyboard.press("Enter")
        elif self.kind == "phone":
            found.tap()
        else:
            found.click()

    def type(self, label: str, text: str) -> None:
        found = self.page.get_by_label(label)
        if self.kind == "keyboard":
            self._tab_to(found)
            self.page.keyboard.press("Control+a")
            self.page.keyboard.type(text)
        else:
            found.fill(text)

    def choose(self, label: str, option: str) -> None:
        found = self.page.get_by_role("combobox", name=label)
        if self.kind == "keyboard":
            self._tab_to(found)
            self.page.keyboard.type(option)
        else:
            found.select_option(option)

    def reads(self, sentence: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(sentence)
        if self.kind == "phone":
            assert self.page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]

    def _tab_to(self, found: Locator) -> None:
        expect(found).to_be_visible()
        for _ in range(120):
            if found.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{found} cannot be reached by keyboard")


@pytest.fixture(params=HANDS)
def hand(request: pytest.FixtureRequest, browser: Browser, link: str, live_server: Any) -> Iterator[Hand]:
    context = browser.new_context(base_url=live_server.url, **HANDS[request.param])
    wrong = watched(context, live_server.url)
    hand = Hand(request.param, context.new_page())
    hand.page.goto(link)
    hand.press("Sign in", "button")
    hand.page.wait_for_url("**/")
    yield hand
    context.close()
    # A form that is refused is answered with 422, which the browser writes into its console.
    assert [text for text in wrong if "422" not in text] == []


def test_a_post_is_held_reworded_released_and_skipped(hand: Hand) -> None:
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
