"""The front desk of a blog that is live everywhere, before networks, a relay and a feed that fail as told."""

from collections.abc import Callable, Generator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_blog, make_delivery, make_post, make_staff
from tests.fakes.facebook import Facebook
from tests.fakes.feeds import FeedSite
from tests.fakes.relay import Relay
from worker.channels.email import parse_relay
from worker.connections import keep
from worker.deliver.plan import draft, write
from worker.deliver.send import send
from worker.lib.blogs import blog_file
from worker.models import Blog, Connection, Delivery

TOKEN = "page-token"


@pytest.fixture
def facebook() -> Generator[Facebook, None, None]:
    with Facebook(token=TOKEN) as network:
        yield network


@pytest.fixture
def relay() -> Generator[Relay, None, None]:
    with Relay() as server:
        yield server


@pytest.fixture
def site() -> Generator[FeedSite, None, None]:
    with FeedSite() as server:
        yield server


@pytest.fixture
def practice(db: None, settings: Any, facebook: Facebook, relay: Relay, site: FeedSite) -> Callable[..., Blog]:
    """The blog and what its file says beside the usual."""

    def make(**file: Any) -> Blog:
        settings.RELAYS = {"default": parse_relay(relay.url)}
        live = {
            "facebook": {"mode": "live", "base_url": facebook.url, "page_id": facebook.page, "settle": "1s"},
            "pinterest": {"mode": "live", "base_url": facebook.url, "board_id": "12345"},
            "email": {"mode": "live", "hold": "0m"},
        }
        blog = make_blog(feed=site.url, **{"channels": live, **file})
        closed = keep.close({"page_access_token": TOKEN})
        Connection.objects.update_or_create(blog=blog, channel="facebook", defaults={"credentials": closed})
        return blog

    settings.BLOGS = {}
    return make


@pytest.fixture
def sent(practice: Callable[..., Blog]) -> Callable[..., Delivery]:
    """A delivery that was due, in its own words, after Postlark has tried to bring it out."""

    def go(channel: str = "facebook", blog: Blog | None = None, **values: Any) -> Delivery:
        blog = blog or practice()
        post = make_post(blog, image="")
        file = blog_file(blog.slug)
        assert file
        made = draft(post, file, channel)
        assert not isinstance(made, str), made
        delivery = make_delivery(post, channel, edition="instant" if channel == "email" else "", **values)
        write(delivery, made)
        send(delivery.pk)
        delivery.refresh_from_db()
        return delivery

    return go


class _Page(HTMLParser):
    """The heading, the lines on top of the home page, what a form says was wrong; and the buttons that can be pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.sentences: list[str] = []
        self.buttons = set[str]()
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "h1" or (tag == "p" and (given.get("class") == "wrong" or not given)):
            self._open = "sentence"
            self.sentences.append("")
        elif tag in ("a", "button") and "button" in given.get("class", "") and "disabled" not in given:
            self._open = "button"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h1", "p", "a", "button"):
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open == "sentence":
            self.sentences[-1] += data
        elif self._open == "button" and data.strip():
            self.buttons.add(data.strip())


@pytest.fixture
def desk(db: None) -> Client:
    client = Client()
    client.force_login(make_staff("owner", "desk@practice.example"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def read(answer: Any) -> tuple[list[str], set[str]]:
    """What somebody at the front desk reads: the sentences on top, and the buttons that can be pressed."""
    page = _Page()
    page.feed(answer.content.decode())
    return [" ".join(sentence.split()) for sentence in page.sentences], page.buttons
