"""A feed names a hub; it is asked, asks back, rings, is renewed, falls silent."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests import clocks
from tests.factories import make_blog
from tests.fakes.feeds import FeedSite, item, rss
from tests.fakes.hub import Hub
from worker import tasks
from worker.ingest import bell, look, websub
from worker.models import Blog
from worker.models import Hub as Row

pytestmark = pytest.mark.django_db


@pytest.fixture
def hub() -> Generator[Hub, None, None]:
    with Hub() as hub:
        yield hub


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Blogs for which a worker was called."""
    calls: list[str] = []
    monkeypatch.setattr(tasks, "ring", lambda task, ids: calls.extend(ids))
    return calls


@pytest.fixture
def site(settings: Any, hub: Hub, rung: list[str]) -> Generator[FeedSite, None, None]:
    """Its feed names the hub, and has been looked at."""
    settings.BLOGS = {}
    with FeedSite() as site:
        site.feed = naming(hub.url, "https://blog.example/feed/")
        make_blog(feed=site.url)
        look("example")
        yield site


def naming(hub: str, topic: str, *items: dict[str, Any]) -> bytes:
    links = f'<link xmlns="http://www.w3.org/2005/Atom" rel="hub" href="{hub}"/><link xmlns="http://www.w3.org/2005/Atom" rel="self" href="{topic}"/>'
    return rss(*items, item("Alliance")).replace(b"<item>", links.encode() + b"<item>", 1)


def row() -> Row:
    return Row.objects.get()


def asked() -> None:
    """By whoever finds it due."""
    for each in websub.due():
        websub.ask(each)


def get(address: str) -> Any:
    parts = urlsplit(address)
    return Client().get(f"{parts.path}?{parts.query}")


def active(hub: Hub, lease: int = 864000) -> None:
    asked()
    address, challenge = hub.question(lease)
    assert get(address).content.decode() == challenge


def rings(hub: Hub, body: bytes = b"<rss/>", **headers: str) -> Any:
    return Client(enforce_csrf_checks=True).post(
        urlsplit(hub.asked[-1]["hub.callback"]).path, body, content_type="application/rss+xml", headers=headers or hub.signed(body)
    )


def test_the_hub_that_the_feed_names_is_asked_to_ring(site: FeedSite, hub: Hub, settings: Any) -> None:
    settings.PUBLIC_URL = "https://postlark.example"
    asked()
    (wish,) = hub.asked
    assert (wish["hub.mode"], wish["hub.topic"]) == ("subscribe", "https://blog.example/feed/")
    assert wish["hub.callback"] == f"https://postlark.example/hooks/websub/{row().key}"
    assert len(wish["hub.secret"]) == 64
    assert (row().state, row().sentence) == ("asked", "The hub was asked to ring, and has yet to confirm it.")
    assert websub.due() == []


def test_no_hub_hears_of_a_feed_behind_a_password(site: FeedSite, hub: Hub) -> None:
    make_blog(feed=site.url.replace("://", "://desk:hunter2@"))
    look("example")
    asked()
    assert not Row.objects.exists()
    assert hub.asked == []


def test_once_confirmed_it_rings_until_the_lease_ends_and_is_asked_again_before(site: FeedSite, hub: Hub) -> None:
    before = clocks.now()
    active(hub, lease=1000)
    assert (row().state, row().sentence) == ("active", "The hub rings.")
    assert before <= row().active_until - timedelta(seconds=1000) <= clocks.now()
    assert clocks.now() < row().next_at < row().active_until
    Row.objects.update(next_at=clocks.now() - timedelta(seconds=1))
    active(hub)
    assert len(hub.asked) == 2
    assert row().active_until > clocks.now() + timedelta(days=9)


@pytest.mark.parametrize("lease", ["", "soon", "-1", "0", "99999999999999"])
def test_a_lease_of_no_sense_is_one_within_bounds(site: FeedSite, hub: Hub, lease: str) -> None:
    asked()
    address, _ = hub.question(hub_lease_seconds=lease)
    assert get(address.replace("hub.lease_seconds=864000&", "")).status_code == 200
    assert timedelta(minutes=4) < row().active_until - clocks.now() <= timedelta(days=30)


@pytest.mark.parametrize(
    "changes",
    [
        {"hub_topic": "https://evil.example/"},
        {"hub_mode": "unsubscribe"},
        {"hub_mode": ""},
        {"hub_challenge": ""},
        {"hub_challenge": "a" * 5000},
    ],
)
def test_what_was_not_asked_for_is_not_confirmed(site: FeedSite, hub: Hub, changes: dict[str, str]) -> None:
    asked()
    address, _ = hub.question(**changes)
    assert get(address).status_code == 404
    assert row().state == "asked"


def test_nobody_else_can_confirm(site: FeedSite, hub: Hub) -> None:
    asked()
    address, _ = hub.question()
    assert get(address.replace(row().key, "x" * 43)).status_code == 404


def test_the_challenge_comes_back_as_plain_text(site: FeedSite, hub: Hub) -> None:
    asked()
    address, _ = hub.question(hub_challenge="<script>")
    answer = get(address)
    assert (answer.content, answer["Content-Type"]) == (b"<script>", "text/plain; charset=utf-8")


def test_a_hub_that_says_no_is_asked_again_tomorrow(site: FeedSite, hub: Hub) -> None:
    asked()
    address, _ = hub.question(hub_mode="denied", hub_reason="No.")
    assert get(address).status_code == 200
    assert (row().state, "tomorrow" in row().sentence) == ("refused", True)
    assert row().next_at > clocks.now() + timedelta(hours=20)


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_ring_with_the_right_signature_calls_a_worker(site: FeedSite, hub: Hub, rung: list[str], method: str) -> None:
    active(hub)
    body = b"<rss>anything</rss>" * 10_000
    answer = rings(hub, body, **hub.signed(body, method))
    assert answer.status_code == 202
    assert rung == ["example"]
    assert row().heard_at is not None


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "sha256=00", "md5=00", "sha256", "crc32=00", "SHA256=" + "0" * 64, "sha256=" + "é" * 64, "sha3_256=00"]
)
def test_a_ring_with_a_wrong_signature_changes_nothing_and_is_thanked(site: FeedSite, hub: Hub, rung: list[str], signature: str) -> None:
    active(hub)
    assert rings(hub, **{"X-Hub-Signature": signature}).status_code == 202
    assert rung == []
    assert row().heard_at is None


def test_a_signature_of_another_body_is_wrong(site: FeedSite, hub: Hub, rung: list[str]) -> None:
    active(hub)
    rings(hub, b"other", **hub.signed(b"<rss/>"))
    assert rung == []


def test_after_a_new_key_of_ours_the_hub_is_understood_still(site: FeedSite, hub: Hub, rung: list[str], settings: Any) -> None:
    active(hub)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    rings(hub)
    assert rung == ["example"]


def test_a_ring_of_many_megabytes_is_cut_off(site: FeedSite, hub: Hub, rung: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    active(hub)
    monkeypatch.setattr("worker.hooks.websub.MOST", 100_000)
    assert rings(hub, b"a" * 200_000).status_code == 413
    assert rung == []


def test_a_ring_for_nobody_ends_what_the_hub_has(site: FeedSite, hub: Hub, rung: list[str]) -> None:
    active(hub)
    Row.objects.all().delete()
    assert rings(hub).status_code == 410
    assert rung == []


def test_what_it_sends_is_not_believed(site: FeedSite, hub: Hub) -> None:
    active(hub)
    rings(hub, rss(item("Casino", day=-1)))
    assert look("example").posts == []


@pytest.mark.parametrize(("status", "words"), [(404, "refused to ring (status 404)"), (500, "refused to ring (status 500)")])
def test_a_hub_that_refuses_is_asked_less_and_less_often(settings: Any, site: FeedSite, hub: Hub, status: int, words: str) -> None:
    hub.status = status
    waits = []
    for _ in range(3):
        Row.objects.update(next_at=None)
        asked()
        waits.append(row().next_at - clocks.now())
    assert words in row().sentence
    assert waits[0] < waits[1] < waits[2] <= timedelta(days=1)


def test_a_hub_on_a_private_network_is_not_asked_for_a_public_blog(site: FeedSite, hub: Hub, settings: Any) -> None:
    settings.PUBLIC_URL = "https://postlark.example"
    make_blog(feed=site.url, allow_private_addresses=False)
    asked()
    assert hub.asked == []
    assert "private network" in row().sentence


def test_where_no_hub_can_reach_us_none_is_asked_and_it_is_said(settings: Any, hub: Hub) -> None:
    settings.BLOGS = {}
    file = make_blog(allow_private_addresses=False)
    websub.meet(file, settings.BLOGS["example"], websub.Head(hub="https://hub.example/", topic="https://blog.example/feed/"))
    assert websub.due() == []
    assert row().sentence == (
        "A hub could ring at once, but it cannot reach PUBLIC_URL (http://127.0.0.1:8000), which must be https; Postlark's own looks go on."
    )


def test_a_feed_that_names_another_hub_is_asked_for_there(site: FeedSite, hub: Hub) -> None:
    active(hub)
    key = row().key
    with Hub() as other:
        site.feed = naming(other.url, "https://blog.example/feed/")
        look("example")
        asked()
        assert len(other.asked) == 1
    assert row().key != key
    site.feed = rss(item("Alliance"), item("Coping skills", day=3))
    look("example")
    assert not Row.objects.exists()


@pytest.mark.parametrize("named", ["javascript:alert(1)", "ftp://hub.example/", "//", "http://[", ""])
def test_a_hub_that_is_no_web_address_is_none(site: FeedSite, named: str) -> None:
    site.feed = naming(named, "https://blog.example/feed/", item("Winter", day=-1))
    assert look("example").good
    assert not Row.objects.exists()


def test_a_hub_that_misses_three_posts_is_asked_once_more(site: FeedSite, hub: Hub) -> None:
    active(hub)
    for number in range(3):
        site.feed = naming(hub.url, "https://blog.example/feed/", *(item(f"Winter {n}", day=-n) for n in range(number + 1)))
        assert look("example").posts
    assert (row().state, row().missed) == ("asked", 0)
    assert "did not ring" in row().sentence
    asked()
    assert len(hub.asked) == 2


def test_a_hub_that_rings_in_time_has_missed_nothing(site: FeedSite, hub: Hub) -> None:
    active(hub)
    for number in range(4):
        Blog.objects.update(rung_at=clocks.now() - bell.PAUSE * 2)
        rings(hub)
        site.feed = naming(hub.url, "https://blog.example/feed/", *(item(f"Winter {n}", day=-n) for n in range(number + 1)))
        assert look("example").posts
    assert (row().state, row().missed) == ("active", 0)


def test_the_secret_and_the_address_are_kept_nowhere_else(site: FeedSite, hub: Hub) -> None:
    from worker.lib.log import without_secrets

    asked()
    assert hub.asked[0]["hub.secret"] not in str(Row.objects.values())
    assert row().key not in without_secrets(f"GET /hooks/websub/{row().key}")
