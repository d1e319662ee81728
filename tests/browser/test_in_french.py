"""Every page of the console in French: nothing English left, nothing wider than a phone, nothing in anybody's way."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import time_machine
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.axe import problems
from tests.browser.conftest import leave
from tests.browser.test_front_desk import MORNING, TODAYS, pages
from worker.models import Post, Staff, Subscriber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ENGLISH = re.compile(
    r"\b(the|is|are|was|were|has|have|not|and|of|it|its|to|by|at|you|your|this|that|with|for|from|until|who|why|what|when|all|no"
    r"|posts?|readers?|sent|held|waiting|failed|skipped|refused|show|send|blogs?|feed|ago|today|yesterday|tomorrow|today)\b",
    re.IGNORECASE,
)
NOT_OURS = "pre, .technical, code, iframe, noscript, .words, .card .by, .envelope, .address, .hash, [lang=en], [title], textarea"
"""The post's own words, and what is meant for a machine or its operator."""
THEIRS = ("the author wants to read it once more", "no fitting picture", "A quiet path through a park", "Sheema Khan")


def everything() -> dict[str, str]:
    """The gallery, and what stands behind it."""
    post = Post.objects.get(title=TODAYS).pk
    more = {
        "withdraw": f"/posts/{post}/withdraw",
        "correct": f"/posts/{post}/correct/facebook",
        "approve": f"/posts/{post}/approve",
        "again": f"/posts/{post}/send/facebook",
        "subscribers": "/subscribers",
        "import": "/subscribers/import",
        "subscriber": f"/subscribers/{Subscriber.objects.latest('pk').pk}",
    }
    return {
        name: address for name, address in {**pages(), **more}.items() if name != "not-found"
    }  # the browser writes a 404 into its console


@pytest.fixture
def french(context: BrowserContext) -> Page:
    Staff.objects.update(language="fr")
    return context.new_page()


def said(page: Page) -> str:
    """What the page says that is Postlark's own: unfolded, and without what others wrote."""
    text: str = page.evaluate(
        """(notOurs) => {
            const copy = document.body.cloneNode(true);
            for (const each of copy.querySelectorAll(notOurs)) if (!each.matches(".lines span")) each.remove();
            return copy.textContent + [...copy.querySelectorAll("[aria-label]")].map((each) => each.getAttribute("aria-label")).join("\\n");
        }""",
        NOT_OURS,
    )
    for words in (*Post.objects.values_list("title", flat=True), *THEIRS):
        text = text.replace(words, "")
    return re.sub(r"\S+\.example\S*", "", text)


def test_no_english_is_left_on_any_page(french: Page) -> None:
    left = {}
    for name, address in everything().items():
        french.goto(address)
        assert french.locator("html").get_attribute("lang") == "fr-CA"
        if found := [line.strip() for line in said(french).splitlines() if ENGLISH.search(line)]:
            left[name] = found
    assert left == {}


def test_no_page_is_wider_than_a_phone(french: Page) -> None:
    french.set_viewport_size({"width": 360, "height": 740})
    too_wide = []
    for name, address in everything().items():
        french.goto(address)
        if french.evaluate("document.documentElement.scrollWidth") > 360:
            too_wide.append(name)
    assert too_wide == []


def test_axe_finds_nothing_on_any_page(french: Page) -> None:
    found = []
    for name, address in everything().items():
        french.goto(address)
        found += [f"{name}: {problem}" for problem in problems(french)]
    assert found == []


def test_one_turns_the_console_into_french_and_back(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/log?state=held")
    page.get_by_role("button", name="Français").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Registre")
    assert page.url.endswith("/log?state=held")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Record")


def test_a_browser_in_french_finds_the_door_in_french(browser: Browser, live_server: Any, day: Any) -> None:
    context = browser.new_context(base_url=live_server.url, locale="fr-CA")
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_role("heading", name="Se connecter")).to_be_visible()
    expect(page.get_by_label("Adresse de courriel")).to_be_visible()
    assert problems(page) == []
    leave(context)


def test_hostile_words_stay_words_within_a_french_sentence(french: Page) -> None:
    title = "<img src=x onerror=alert(1)>”: {who} %(who)s"
    Post.objects.filter(title="Practicing Reflection").update(title=title)
    french.goto("/")
    expect(french.get_by_role("listitem").filter(has_text="Retenu par")).to_contain_text(title)
    assert french.locator("img[src=x]").count() == 0


def test_pictures_for_the_docs(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """POSTLARK_PICTURES=docs/pictures keeps it."""
    folder = Path(os.environ.get("POSTLARK_PICTURES", tmp_path))
    with time_machine.travel(MORNING):
        french: Page = request.getfixturevalue("french")
        french.set_viewport_size({"width": 1280, "height": 860})
        french.goto("/")
        french.wait_for_load_state("networkidle")
        french.screenshot(path=folder / "home-in-french.png", full_page=True)
    assert (folder / "home-in-french.png").exists()
