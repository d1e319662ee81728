"""The pages for readers, and staff's pages about them, in a real browser: without JavaScript, on a phone, in the dark, by ear."""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import clocks
from tests.browser.axe import problems
from tests.browser.conftest import leave, watched
from tests.factories import make_delivery, make_post
from tests.newsletter.people import make_subscriber
from worker.lib.blogs import blog_file
from worker.lib.signing import confirmation_token, reading_token, unsubscribe_token
from worker.models import Blog, Confirmation, Delivery, Post, Subscriber
from worker.newsletter.leave import unsubscribe
from worker.newsletter.sign_up import ask_for_own_page
from worker.render import render

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ann(day: Blog) -> Subscriber:
    Subscriber.objects.all().delete()
    make_post(day, title="Grief at school", categories=["Grief", "School"])
    make_post(day, title="Sleep", categories=["Sleep"])
    today = clocks.now().date()
    make_subscriber(day, "bob@reader.example", name="Bob Lee", basis="purchase", obtained_on=today - timedelta(days=715))
    unsubscribe(make_subscriber(day, "cid@reader.example"), "desk@practice.example", "She rang.")
    make_subscriber(day, "dora@reader.example", basis="inquiry", obtained_on=today - timedelta(days=300))
    return make_subscriber(day, "ann@reader.example", name="Ann", topics=["Grief"])


@pytest.fixture
def stranger(browser: Browser, live_server: Any) -> Iterator[BrowserContext]:
    """Nobody's browser, without JavaScript; nothing comes from elsewhere, and nobody leaves a cookie in it."""
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False, viewport={"width": 360, "height": 740})
    wrong = watched(context, live_server.url)
    yield context
    assert context.cookies() == []
    leave(context)
    assert [each for each in wrong if "the server responded with a status of 4" not in each] == []


def of(reader: Subscriber) -> str:
    return f"/u/{unsubscribe_token(reader.blog_id, reader.pk)}"


def own_page(reader: Subscriber) -> str:
    """Where the mail leads that they asked for last."""
    asked = ask_for_own_page(reader, reader.language or "en-CA", "192.0.2.1")
    return f"/confirm/{confirmation_token(asked.pk)}"


def readers_pages(ann: Subscriber) -> dict[str, str]:
    join = Confirmation.objects.create(
        blog=ann.blog,
        kind="join",
        email="eve@reader.example",
        address_key="eve@reader.example",
        language="en-CA",
        edition="instant",
        asked_at=clocks.now(),
    )
    left = Subscriber.objects.get(address_key="cid@reader.example")
    return {
        "subscribe": "/subscribe/example",
        "subscribe-fr": "/subscribe/example?lang=fr-CA",
        "confirm": f"/confirm/{confirmation_token(join.pk)}",
        "choices": of(ann),
        "own": own_page(ann),
        "unsubscribed": of(left),
        "browser-copy": f"/read/{reading_token(gone_out(ann.blog).pk)}",
        "archive": "/archive/example",
    }


def gone_out(blog: Blog) -> Delivery:
    """A newsletter, as a reader may open it in the browser."""
    post, file = Post.objects.get(blog=blog, title="Sleep"), blog_file(blog.slug)
    assert file
    made = render(post, file, "email")
    said = {name: getattr(made.message, name) for name in ("subject", "text", "html", "link")}
    rendition = {**said, "disclaimer": made.disclaimer, "length": made.length}
    return make_delivery(post, "email", edition="instant", state="sent", waits_for="nothing", finished_at=clocks.now(), rendition=rendition)


def staff_pages(ann: Subscriber) -> dict[str, str]:
    return {"subscribers": "/subscribers", "subscriber": f"/subscribers/{ann.pk}", "subscribers-import": "/subscribers/import"}


def test_a_stranger_signs_up_and_confirms_on_a_phone_without_javascript(stranger: BrowserContext, ann: Subscriber) -> None:
    page = stranger.new_page()
    page.goto("/subscribe/example")
    page.get_by_label("Your e-mail address").fill("eve@reader.example")
    page.get_by_text("Only some topics").click()
    page.get_by_label("Sleep").check()
    page.get_by_label(re.compile("Yes, ")).check()
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox.")
    page.goto(f"/confirm/{confirmation_token(Confirmation.objects.get().pk)}")
    page.get_by_role("button", name="Yes, subscribe me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are subscribed.")
    page.get_by_role("link", name="Change what you get, or unsubscribe").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Unsubscribe from")
    assert Subscriber.objects.get(address_key="eve@reader.example").topics == ["Sleep"]


def test_a_reader_chooses_moves_takes_their_data_home_and_is_erased(stranger: BrowserContext, ann: Subscriber, tmp_path: Path) -> None:
    page = stranger.new_page()
    page.goto(of(ann))
    page.get_by_text("What you get", exact=True).click()
    page.get_by_label("Sleep").check()
    page.get_by_label("Français").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Enregistré.")
    ann.refresh_from_db()
    assert (ann.topics, ann.language) == (["Grief", "Sleep"], "fr-CA")
    page.goto(own_page(ann))
    page.get_by_label("Votre nouvelle adresse de courriel").fill("ann@new.example")
    page.get_by_role("button", name="Changer mon adresse").click()
    page.goto(f"/confirm/{confirmation_token(Confirmation.objects.get(kind='move').pk)}")
    page.get_by_role("button", name="Oui, utiliser cette adresse").click()
    ann.refresh_from_db()
    assert ann.email == "ann@new.example"
    page.goto(of(ann))
    page.get_by_text("Vos données et votre adresse", exact=True).click()
    page.get_by_role("button", name="M’envoyer le lien").click()
    expect(page.get_by_role("main")).to_contain_text("a•••@new.example")
    page.goto(own_page(ann))
    with page.expect_download() as download:
        page.get_by_role("button", name="Télécharger mes données").click()
    assert '"email": "ann@new.example"' in Path(download.value.path()).read_text()
    page.get_by_role("button", name="M’effacer…").click()
    page.get_by_role("button", name="Oui, m’effacer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Vos données sont effacées.")
    ann.refresh_from_db()
    assert (ann.state, ann.email) == ("forgotten", "")


def test_a_reader_leaves_by_keyboard_alone(stranger: BrowserContext, ann: Subscriber) -> None:
    page = stranger.new_page()
    page.goto(of(ann))
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Unsubscribe me")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are unsubscribed.")


def test_the_front_desk_takes_somebody_off_who_rings(page: Page, ann: Subscriber) -> None:
    page.goto("/subscribers")
    page.get_by_label("Address or name").fill("ANN@reader.example")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="ann@reader.example").click()
    page.get_by_text("They want no more: take them off…").click()
    page.get_by_role("textbox", name="Why").fill("She rang.")
    page.get_by_role("button", name="Take them off the list").click()
    expect(page.get_by_text("They are off the list")).to_be_visible()
    ann.refresh_from_db()
    assert ann.state == "unsubscribed"


def test_a_list_is_previewed_and_taken(page: Page, ann: Subscriber) -> None:
    page.goto("/subscribers")
    page.get_by_role("link", name="Import a list…").click()
    page.get_by_label("File").set_input_files({"name": "open day.csv", "mimeType": "text/csv", "buffer": b"email\neve@reader.example\n"})
    page.get_by_label("Asked for it").check()
    page.get_by_label("On which day").fill("2026-05-04")
    page.get_by_label("Where can that be seen?").fill("sign-up sheet")
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.get_by_text("1 new")).to_be_visible()
    page.get_by_role("button", name="Import them").click()
    expect(page.get_by_role("link", name="eve@reader.example")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(page: Page, ann: Subscriber, scheme: Any, tmp_path: Path) -> None:
    """POSTLARK_PICTURES=docs/pictures keeps what was seen."""
    folder = Path(os.environ.get("POSTLARK_PICTURES", tmp_path))
    found = []
    page.emulate_media(color_scheme=scheme)
    for name, address in {**readers_pages(ann), **staff_pages(ann)}.items():
        for width in (1100, 360):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(address)
            for folded in page.locator("details").all():
                folded.evaluate("each => { each.open = true }")
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append((name, f"wider than {width}"))
            kind = ("-phone" if width == 360 else "") + ("-dark" if scheme == "dark" else "")
            page.screenshot(path=folder / f"{name}{kind}.png", full_page=True)
        found += [(name, problem) for problem in problems(page)]
    assert found == []
