"""The limit around the parser: the same entries, and never more than it allows."""

import resource
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from worker.ingest.fetch import Document, Trouble, Validators
from worker.ingest.parse import parse
from worker.ingest.read import LIMITS, TOO_MUCH, read

FEEDS = Path(__file__).with_name("feeds")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def document(body: bytes) -> Document:
    return Document(body, "application/rss+xml", "https://blog.example/feed/", Validators())


@pytest.mark.parametrize("file", sorted(FEEDS.glob("*.xml")), ids=lambda file: file.stem)
def test_the_limit_changes_nothing_about_a_good_feed(file: Path) -> None:
    body = document(file.read_bytes())
    assert read(body, NOW) == parse(body, NOW)


def test_what_is_no_feed_is_told_in_the_same_words() -> None:
    page = document((FEEDS / "web-page.html").read_bytes())
    with pytest.raises(Trouble) as within:
        read(page, NOW)
    with pytest.raises(Trouble) as without:
        parse(page, NOW)
    assert within.value.sentence == without.value.sentence


def test_a_feed_that_takes_too_long_is_one_sentence() -> None:
    body = document(b"<rss version='2.0'>" + b"<channel>" * 900_000 + b"</rss>")
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time()
    with pytest.raises(Trouble) as caught:
        read(body, NOW)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert caught.value.sentence == TOO_MUCH
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < LIMITS.cpu + 0.5
    assert time.process_time() - began < 0.5


def test_a_feed_that_grows_without_end_is_one_sentence() -> None:
    links = "&lt;a href=x&gt;" * 500_000
    body = f"<rss version='2.0'><channel>{f'<item><description>{links[:480_000]}</description></item>' * 15}</channel></rss>"
    long = Document(body.encode(), "", "https://blog.example/" + "a" * 1900, Validators())
    with pytest.raises(Trouble) as caught:
        read(long, NOW)
    assert caught.value.sentence == TOO_MUCH
