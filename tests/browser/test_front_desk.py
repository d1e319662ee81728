"""What the front desk does, in a real browser: by mouse, by keyboard alone, on a phone, without JavaScript, by ear."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.axe import problems
from tests.browser.conftest import leave, watched
from tests.browser.hands import tab_to
from worker.deliver import staff
from worker.models import Batch, Delivery, Post, Recipient, Return, Subscriber
from worker.record.by_link import link as link_to

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MORNING = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)  # a Friday, 09:05 in Toronto
TODAYS = "Coping with school stress"
LOOKS_EVERY = 5_000
LIVE = {"timeout": 4 * LOOKS_EVERY}


def delivery(channel: str, title: str = TODAYS) -> Delivery:
    return Delivery.objects.get(post__title=title, channel=channel, occasion="automatic")


def pages() -> dict[str, str]:
    post, held = Post.objects.get(title=TODAYS).pk, delivery("linkedin", "Practicing Reflection").pk
    return {
        "home": "/",
        "delivery": f"/deliveries/{delivery('twitter').pk}",
        "newsletter": f"/deliveries/{delivery('email').pk}",
        "post": f"/posts/{post}",
        "send": f"/posts/{post}/send/email",
        "act": f"/deliveries/{held}/cancel",
        "release": f"/deliveries/{held}/release",
        "words": f"/deliveries/{delivery('facebook', 'Practicing Reflection').pk}/words",
        "readers": f"/deliveries/{delivery('email').pk}/people",
        "approve": f"/posts/{Post.objects.get(title='Talking about Grief').pk}/approve",
        "withdraw": f"/posts/{Post.objects.get(title='Coping Skills as 10% Solutions').pk}/withdraw",
        "correct": f"/posts/{Post.objects.get(title='Coping Skills as 10% Solutions').pk}/correct/facebook",
        "subscribers": "/subscribers",
        "subscriber": f"/subscribers/{Subscriber.objects.order_by('pk')[0].pk}",
        "import": "/subscribers/import",
        "every-line": "/record",
        "second-step": "/second-step",
        "test-copy": f"/deliveries/{delivery('email').pk}/test",
        "record": "/log",
        "record-filtered": "/log?state=sent&find=coping",
        "paper": "/log?print=1",
        "bulk": "/log/hold",
        "first-steps": "/first-steps",
        "connections": "/connections",
        "health": "/health",
        "password": "/password",
        "not-found": "/nothing",
    }


SMALL_AND_DARK = {"home", "post", "record"}


def by_link() -> str:
    """As somebody who gets a mail about it sees it on a phone."""
    return urlsplit(link_to(delivery("facebook", "Practicing Reflection"), "hold", "desk@practice.example")).path


def test_one_signs_in_and_holds_a_post_with_the_keyboard_alone(browser: Browser, link: str, live_server: Any) -> None:
    context = browser.new_context(base_url=live_server.url)
    wrong = watched(context, live_server.url)
    page = context.new_page()
    page.goto(link)
    expect(page.get_by_role("button", name="Sign in")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="things need you")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name="Waiting – Practicing Reflection, Facebook"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Quiet hours")
    tab_to(page, page.get_by_role("link", name="Hold…"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Why")).to_be_focused()
    page.keyboard.type("a typo in the title")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Held by desk@practice.example: a typo in the title.")
    leave(context)
    assert wrong == []


def test_what_failed_is_sent_again_from_the_line_on_top(page: Page) -> None:
    line = page.get_by_role("listitem").filter(has_text="finds the picture too small")
    line.get_by_role("link", name="Resend…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Send this to Pinterest now?")
    expect(page.get_by_text("Nobody has it there yet.")).to_be_visible()
    page.get_by_label("Why").fill("the picture was changed on the blog")
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("the picture was changed on the blog")
    expect(page.get_by_text("Asked for. It goes out now.")).to_be_visible()
    page.goto("/")
    expect(page.get_by_text("finds the picture too small")).to_have_count(0)


def test_a_person_answers_whether_it_is_there(page: Page) -> None:
    doubtful = delivery("twitter")
    Delivery.objects.filter(pk=doubtful.pk).update(
        waits_for="person", reason="Postlark looked twice and cannot say. Please look there: is it out?"
    )
    page.reload()
    page.get_by_role("listitem").filter(has_text="cannot say").get_by_role("link", name="Answer…").click()
    page.get_by_role("link", name="It is there…").click()
    page.get_by_label("Its address there").fill("https://x.example/1")
    page.get_by_role("button", name="Yes, it is there").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("desk@practice.example looked and found it there")
    expect(page.get_by_role("link", name="See it on X (Twitter)")).to_have_attribute("href", "https://x.example/1")
    expect(page.get_by_role("button", name="It is not, send it…")).to_be_disabled()


def test_what_changes_is_shown_and_read_out_without_a_reload(page: Page) -> None:
    waiting = delivery("facebook", "Practicing Reflection")
    cell = page.get_by_role("link", name="Waiting – Practicing Reflection, Facebook")
    cell.focus()
    page.evaluate("window.neverReloaded = true")
    staff.hold(waiting, "owner@practice.example", "not this week")
    expect(page.get_by_role("link", name="Held – Practicing Reflection, Facebook")).to_be_visible(**LIVE)
    expect(page.get_by_role("link", name="Held – Practicing Reflection, Facebook")).to_be_focused()
    expect(page.locator("#said")).to_contain_text("Practicing Reflection: Held by owner@practice.example: not this week.")
    assert page.evaluate("window.neverReloaded")


def test_a_story_goes_on_while_its_details_stay_open(page: Page) -> None:
    waiting = delivery("facebook", "Practicing Reflection")
    page.goto(f"/deliveries/{waiting.pk}")
    page.get_by_text("Technical detail").click()
    page.evaluate("window.neverReloaded = true")
    staff.release(waiting, "owner@practice.example", "in time for the evening")
    expect(page.get_by_role("heading", level=1)).to_contain_text("in time for the evening", **LIVE)
    staff.cancel(waiting, "owner@practice.example", "changed my mind")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Cancelled by", **LIVE)
    expect(page.get_by_role("button", name="Hold…")).to_be_disabled()
    expect(page.get_by_text("Nothing has been tried yet.")).to_be_visible()
    assert page.evaluate("window.neverReloaded")


def test_everything_works_without_javascript(browser: Browser, link: str, live_server: Any) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Show how it stands now").click()
    page.get_by_role("link", name="Waiting – Practicing Reflection, Facebook").click()
    page.get_by_role("link", name="Skip…").click()
    page.get_by_label("Why").fill("no fitting picture")
    page.get_by_role("button", name="Skip it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Skipped by desk@practice.example: no fitting picture.")
    page.get_by_role("link", name="Record").click()
    page.get_by_label("State").select_option("Skipped")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    leave(context)


def test_a_mail_is_shown_in_its_frame_with_its_picture(page: Page) -> None:
    page.goto(pages()["newsletter"])
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name=TODAYS)).to_be_visible()
    picture = frame.get_by_role("img", name="A quiet path through a park")
    expect(picture).to_be_visible()
    assert (picture.get_attribute("src") or "").startswith("data:image/png")
    expect(page.get_by_text("312 readers = 184 sent + 2 refused + 9 skipped + 117 waiting")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(context: BrowserContext, scheme: Any) -> None:
    page = context.new_page()
    page.emulate_media(color_scheme=scheme)
    found = []
    for name, address in {**pages(), "details": pages()["delivery"]}.items():
        if name == "not-found":  # the browser writes the 404 itself into its console
            continue
        page.goto(address)
        if name == "details":
            page.get_by_text("Technical detail").click()
        found += [f"{name}: {problem}" for problem in problems(page)]
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_at_the_door(browser: Browser, link: str, live_server: Any, scheme: Any) -> None:
    context = browser.new_context(base_url=live_server.url, color_scheme=scheme)
    page = context.new_page()
    for address in ("/sign-in", link, "/sign-in/made-up", "/nothing"):
        page.goto(address)
        assert problems(page) == [], address
    leave(context)


def test_what_came_back_can_be_pressed_one_by_one(context: BrowserContext) -> None:
    mail = delivery("email", "Coping Skills as 10% Solutions")
    batch = Batch.objects.get(delivery=mail)
    for kind, reader in zip(("soft", "complained"), Subscriber.objects.all()[:2], strict=True):
        copy = Recipient.objects.create(delivery=mail, batch=batch, subscriber=reader, state="sent")
        Return.objects.create(recipient=copy, delivery=mail, kind=kind, at=mail.finished_at, source="A provider", words="452 4.2.2 full")
    page = context.new_page()
    page.goto("/log")
    expect(page.get_by_role("link", name="1 came back")).to_be_visible()
    assert problems(page) == []
    page.goto(f"/deliveries/{mail.pk}/people")
    folded = page.get_by_text("Their own words").first
    assert folded.evaluate("each => getComputedStyle(each).display") == "list-item", "else it has no triangle, and nobody unfolds it"


def test_no_page_is_wider_than_its_window(context: BrowserContext) -> None:
    page = context.new_page()
    too_wide = []
    for name, address in pages().items():
        if name != "not-found":
            page.goto(address)
            for width in (320, 360, 720, 901, 1280):
                page.set_viewport_size({"width": width, "height": 740})
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    too_wide.append((name, width))
    assert too_wide == []


def test_no_page_is_wider_for_a_word_that_does_not_end(context: BrowserContext) -> None:
    addresses, word = pages(), "Donaudampfschifffahrtsgesellschaftskapitän" * 4
    Post.objects.update(title=word, author=word)
    Delivery.objects.update(reason=f"{word}. {word}")
    Subscriber.objects.update(name=word)
    Subscriber.objects.filter(pk=Subscriber.objects.order_by("-pk")[0].pk).update(email=f"{word[:60]}@{word[:60]}.example")
    page = context.new_page()
    too_wide = []
    for name, address in addresses.items():
        if name != "not-found":
            page.goto(address)
            page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
            for width in (360, 1280):
                page.set_viewport_size({"width": width, "height": 740})
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    too_wide.append((name, width))
    assert too_wide == []


def test_pictures_for_the_docs(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """POSTLARK_PICTURES=docs/pictures keeps them."""
    folder = Path(os.environ.get("POSTLARK_PICTURES", tmp_path))
    with time_machine.travel(MORNING):
        context = request.getfixturevalue("context")
        page = context.new_page()
        for name, address in {**pages(), "by-link": by_link()}.items():
            if name == "not-found":  # the browser writes the 404 itself into its console
                continue
            page.set_viewport_size({"width": 1280, "height": 860})
            page.emulate_media(color_scheme="light", reduced_motion="reduce")
            page.goto(address)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=folder / f"{name}.png", full_page=True)
            if name in SMALL_AND_DARK:
                page.emulate_media(color_scheme="dark")
                page.screenshot(path=folder / f"{name}-dark.png", full_page=True)
                page.emulate_media(color_scheme="light", reduced_motion="reduce")
                page.set_viewport_size({"width": 360, "height": 740})
                page.screenshot(path=folder / f"{name}-phone.png", full_page=True)
    assert {file.stem for file in folder.glob("*.png")} >= set(pages()) - {"not-found"}
