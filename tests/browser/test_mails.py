"""The mails as a reader's program shows them: light and dark, narrow and wide, large letters, without pictures, by ear."""

import os
from base64 import b64encode
from collections.abc import Callable
from datetime import date, timedelta
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.axe import problems
from tests.factories import NOON, make_blog, make_post
from tests.render.test_seed_post import EARLIER, SUMMARY
from worker.channels.base import Picture
from worker.channels.carrier import INLINE_PICTURE
from worker.channels.email import Email
from worker.console.mail import with_samples
from worker.lib.blogs import blog_file
from worker.models import Post
from worker.render import digest, render
from worker.render.images import Shown
from worker.render.photo import fitted, opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
HILLS = Path(__file__).parents[2] / "examples/pictures/hills-in-the-morning.png"
FRENCH = {
    "Les stratégies d’adaptation, ces solutions à 10 %": "Se constituer une boîte à outils aide à composer avec le stress. On se sent mieux.",
    "Prendre le temps de réfléchir": "Une histoire m’habite depuis longtemps. Le « secret » d’une longue vie serait d’y réfléchir.",
}
LONG = "Psychoneuroimmunologicallyspeakingthisisonewordthatnobodywouldeverputintoatitle"
WIDTHS = (320, 600, 1600)


@pytest.fixture(scope="module")
def picture() -> Picture:
    assert Email.picture
    return fitted(opened(HILLS.read_bytes()), Email.picture)


@pytest.fixture
def mails(db: None, settings: Any, picture: Picture, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """By name, as HTML with sample words in place of a reader's own, and the picture inside."""
    settings.BLOGS = {}
    seen = Shown(picture, "hills.jpg", "https://blog.example/hills.jpg", "Hills in the morning")
    monkeypatch.setattr(import_module("worker.render.digest"), "shown", lambda *_: seen)
    made = {}
    for slug, language, earlier, title, summary in (
        ("english", "en-CA", EARLIER, "The Importance of a Strong Therapeutic Alliance", SUMMARY),
        (
            "french",
            "fr-CA",
            FRENCH,
            "L’importance d’une bonne alliance thérapeutique",
            "<p>Une relation de confiance, de respect et d’empathie.</p>",
        ),
    ):
        blog = make_blog(slug, language=language)
        file = blog_file(slug)
        assert file
        for days, (name, words) in enumerate(earlier.items(), 1):
            make_post(blog, title=name, summary=words, content="", image="", published_at=NOON - timedelta(days=days))
        post = make_post(blog, title=title, summary=summary, image="", published_at=NOON)
        made[slug] = render(post, file, "email", picture=seen).message.html
        made[f"{slug}-week"] = digest(
            list(Post.objects.filter(blog=blog).order_by("-published_at")), file, "weekly", date(2026, 12, 1)
        ).message.html
    long = make_post(make_blog("long", brand={"color": "#ffe000"}), title=LONG, summary=f"<p>{LONG}. It comes in waves.</p>", image="")
    file = blog_file("long")
    assert file
    made["long"] = render(long, file, "email", picture=seen).message.html
    inside = f"data:{picture.media_type};base64,{b64encode(picture.data).decode()}"
    return {name: with_samples(html, html=True).replace(INLINE_PICTURE, inside) for name, html in made.items()}


@pytest.fixture
def shows(browser: Browser) -> Callable[..., Page]:
    """A mail in a window of its own, which may ask nobody for anything."""
    contexts: list[BrowserContext] = []

    def show(html: str, width: int = 600, scheme: str = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url) if not request.url.startswith("data:") else None)
        page.set_content(html)
        return page

    asked: list[str] = []
    yield show
    for context in contexts:
        context.close()
    assert asked == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(mails: dict[str, str], shows: Callable[..., Page], scheme: str) -> None:
    found = {name: problems(shows(html, scheme=scheme)) for name, html in mails.items()}
    assert {name: each for name, each in found.items() if each} == {}


def test_nothing_is_wider_than_the_window(mails: dict[str, str], shows: Callable[..., Page]) -> None:
    wide = []
    for name, html in mails.items():
        for width in WIDTHS:
            page = shows(html, width)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wide.append((name, width))
    assert wide == []


def test_letters_of_twice_the_size_lose_nothing(mails: dict[str, str], shows: Callable[..., Page]) -> None:
    """Of the text alone, as a phone's setting enlarges it; the window keeps its width."""
    page = shows(mails["english-week"], 640)
    page.evaluate(
        """() => { for (const each of document.querySelectorAll('h1,h2,h3,p,a,td')) {
            const style = getComputedStyle(each); each.dataset.size = 2 * parseFloat(style.fontSize); each.dataset.line = 2 * parseFloat(style.lineHeight); }
        for (const each of document.querySelectorAll('[data-size]')) {
            each.style.fontSize = each.dataset.size + 'px'; each.style.lineHeight = each.dataset.line + 'px'; } }"""
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    for heading in page.get_by_role("heading").all():
        expect(heading).to_be_visible()


def test_without_pictures_their_words_stand_there(mails: dict[str, str], shows: Callable[..., Page]) -> None:
    html = mails["english"]
    at = html.index("data:image")
    page = shows(html[:at] + "data:image/png;base64,AAAA" + html[html.index('"', at) :])
    expect(page.get_by_role("img", name="Hills in the morning")).to_be_visible()
    expect(page.get_by_role("link", name="Read the whole post")).to_be_visible()


def test_by_ear_it_is_a_page_with_headings_in_order(mails: dict[str, str], shows: Callable[..., Page]) -> None:
    for name, language in (("english", "en-CA"), ("french-week", "fr-CA")):
        page = shows(mails[name])
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(each => +each.tagName[1])")
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert page.evaluate("document.documentElement.lang") == language
        expect(page.get_by_role("main")).to_have_attribute("lang", language)
        assert page.get_by_role("table").count() == 0


def test_pictures_for_the_docs(mails: dict[str, str], shows: Callable[..., Page], tmp_path: Path) -> None:
    """POSTLARK_PICTURES=docs/pictures keeps them."""
    folder = Path(os.environ.get("POSTLARK_PICTURES", tmp_path))
    for name, mail, width, scheme in (
        ("mail", "english", 900, "light"),
        ("mail-dark", "english", 900, "dark"),
        ("mail-phone", "french", 375, "light"),
        ("mail-week", "english-week", 900, "light"),
        ("mail-week-phone", "french-week", 375, "light"),
    ):
        shows(mails[mail], width, scheme).screenshot(path=folder / f"{name}.png", full_page=True)
        assert (folder / f"{name}.png").stat().st_size > 10_000
