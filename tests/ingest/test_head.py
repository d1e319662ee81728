from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.ingest.head import Head, head_of
from worker.ingest.schedule import Pace


def channel(words: str) -> bytes:
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{words}<item><ttl>9</ttl></item></channel></rss>'.encode()


@pytest.mark.parametrize(
    ("words", "pace"),
    [
        ("", Pace()),
        ("<ttl>60</ttl>", Pace(every=timedelta(hours=1))),
        ("<ttl> soon </ttl>", Pace()),
        ("<skipHours><hour>0</hour><hour> 23 </hour><hour>24</hour></skipHours>", Pace(skip_hours=frozenset({0, 23}))),
        ("<skipDays><day>Saturday</day><day>sunday</day><day>Caturday</day></skipDays>", Pace(skip_days=frozenset({5, 6}))),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>", Pace()),
    ],
)
def test_how_often_the_feed_wants_to_be_looked_at(words: str, pace: Pace) -> None:
    assert head_of(channel(words)).pace == pace


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (channel('<atom:link rel="hub" href="https://hub.example/"/><atom:link href="https://blog.example/feed/?a=1&amp;b=2" rel="self"/>'), ""),
        (b"<feed><link rel='self' href='https://blog.example/feed/?a=1&amp;b=2'/><link rel='hub' href='https://hub.example/'/><entry/></feed>", ""),
        (channel(""), '<https://hub.example/>; rel="hub", <https://blog.example/feed/?a=1&b=2>; rel=self'),
        (channel('<atom:link rel="hub" href="https://other.example/"/>'), '<https://hub.example/>; rel=hub, <https://blog.example/feed/?a=1&b=2>; title="x"; rel="self"'),
        (b'{"version": "https://jsonfeed.org/version/1.1", "feed_url": "https://blog.example/feed/?a=1&b=2", "hubs": [{"type": "WebSub", "url": "https://hub.example/"}]}', ""),
    ],
    ids=["rss", "atom", "header", "header first", "json"],
)  # fmt: skip
def test_the_hub_is_found(body: bytes, header: str) -> None:
    head = head_of(body, header)
    assert (head.hub, head.topic) == ("https://hub.example/", "https://blog.example/feed/?a=1&b=2")


def test_of_hubs_in_json_only_what_has_an_address_is_one() -> None:
    hubs = '[{"type": "rssCloud"}, "https://text.example/", {"url": 3}, {"url": "https://hub.example/"}]'
    assert head_of(f'{{"hubs": {hubs}}}'.encode()).hub == "https://hub.example/"


def test_a_hub_in_a_post_is_not_the_feeds() -> None:
    assert head_of(b'<rss><channel><item><atom:link rel="hub" href="https://evil.example/"/></item></channel></rss>').hub == ""


def test_a_feed_in_utf_16_is_understood() -> None:
    assert head_of(channel("<ttl>60</ttl>").decode().encode("utf-16")).pace.every == timedelta(hours=1)


@pytest.mark.parametrize(
    "stated", ["Sun, 22 Nov 2026 10:00:00 GMT", "Sun, 22 Nov 2026 05:00:00 -0500", "2026-11-22T10:00:00Z", "2026-11-22T05:00:00-05:00"]
)
def test_dates_of_either_kind(stated: str) -> None:
    assert head_of(channel(f"<lastBuildDate>{stated}</lastBuildDate>")).dated == datetime(2026, 11, 22, 10, tzinfo=UTC)


@given(st.binary(max_size=3000), st.text(max_size=500))
def test_any_bytes_have_a_head(body: bytes, header: str) -> None:
    assert isinstance(head_of(body, header), Head)


@pytest.mark.parametrize(
    "piece",
    [b"<link ", b"<a:link rel=", b"<ttl>", b"{" * 3, b'{"hubs":[', b"<hour>1", b"<lastBuildDate>          ", b"<", b"a='", b"[" * 9],
)
def test_a_hostile_head_is_read_in_no_time(piece: bytes) -> None:
    """The time limit is the test run's own: an expression that backtracks takes minutes on these."""
    assert head_of(piece * 200_000).hub == ""
