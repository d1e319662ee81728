"""A real browser at a real server, with the example's rows behind it."""

import os
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.browser.hands import HANDS, Hand
from tests.browser.scenes import a_day
from tests.factories import make_staff
from worker.channels.base import Picture
from worker.console.sign_in import one_time_link
from worker.models import Blog

FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    # Playwright's own event loop runs in this thread, which Django takes for an asynchronous program.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class _Picture(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        self.wfile.write(_gradient(640, 250))

    def log_message(self, *args: object) -> None:
        pass


@cache
def _gradient(width: int, height: int) -> bytes:
    """A PNG that goes from pale to deep green."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def colour(x: int, y: int) -> bytes:
        share = (x / width + y / height) / 2
        return bytes(round(a + (b - a) * share) for a, b in ((207, 128), (226, 168), (220, 160)))

    rows = b"".join(b"\0" + b"".join(colour(x, y) for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


@pytest.fixture(scope="module")
def picture() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Picture) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/picture.png"
        server.shutdown()
        thread.join()


@pytest.fixture
def day(live_server: Any, picture: str, settings: Any) -> Blog:
    settings.PUBLIC_URL = live_server.url
    return a_day(picture, Picture(_gradient(640, 250), "image/png", 640, 250))


@pytest.fixture
def link(day: Blog) -> str:
    """A sign-in link of somebody at the front desk."""
    return one_time_link(make_staff("office", "desk@practice.example").email)


@pytest.fixture
def context(browser: Browser, link: str, live_server: Any) -> Iterator[BrowserContext]:
    """A browser in which the link was used. Whatever happens in it: no error in its console, no request to another host."""
    opened = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 860})
    wrong = watched(opened, live_server.url)
    page = opened.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    page.close()
    yield opened
    leave(opened)
    assert wrong == []


def leave(context: BrowserContext) -> None:
    """Once nothing is asked for any more: the server would answer into a database that the next test begins with."""
    for page in context.pages:
        page.wait_for_load_state("networkidle")
    context.close()


GIVEN_UP = ("htmx:afterRequest", "htmx:sendAbort", "htmx:sendError")
"""What htmx writes when a page is left while it asks how things stand. An answer that fails is in the console in the browser's own words too."""


def watched(context: BrowserContext, home: str) -> list[str]:
    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(GIVEN_UP):
            wrong.append(message.text)

    wrong: list[str] = []
    context.on("console", note)
    context.on("weberror", lambda error: wrong.append(str(error.error)))
    context.on("request", lambda request: urlsplit(request.url).netloc not in (urlsplit(home).netloc, "") and wrong.append(request.url))
    return wrong


@pytest.fixture
def page(context: BrowserContext) -> Page:
    opened = context.new_page()
    opened.goto("/")
    return opened


@pytest.fixture(params=HANDS)
def passer_by(request: pytest.FixtureRequest, browser: Browser, day: Blog, live_server: Any) -> Iterator[Hand]:
    """Each kind of hand once, in a browser that nobody has signed in with."""
    context = browser.new_context(base_url=live_server.url, **HANDS[request.param])
    wrong = watched(context, live_server.url)
    yield Hand(request.param, context.new_page())
    leave(context)
    # What is refused, or was done before, is answered with 422 or 410, which the browser writes into its console.
    assert [text for text in wrong if "422" not in text and "410" not in text] == []


@pytest.fixture
def hand(passer_by: Hand, link: str) -> Hand:
    """The same, of somebody at the front desk."""
    passer_by.page.goto(link)
    passer_by.press("Sign in", "button")
    passer_by.page.wait_for_url("**/")
    return passer_by
