"""Real feed files in feeds/, each with the entries it means beside it."""

import json
import re
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from worker.ingest.fetch import Document, Trouble, Validators
from worker.ingest.parse import Entry, parse

FEEDS = Path(__file__).with_name("feeds")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ADDRESS = "https://blog.example/feed/"


def read(body: bytes, kind: str = "application/rss+xml; charset=UTF-8", url: str = ADDRESS) -> tuple[Entry, ...]:
    return parse(Document(body, kind, url, Validators()), NOW)


def feed(items: str) -> bytes:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title><link>https://blog.example/</link>{items}</channel></rss>'.encode()


def sentence(body: bytes, kind: str = "text/html") -> str:
    with pytest.raises(Trouble) as caught:
        read(body, kind)
    return caught.value.sentence


def plainly(entry: Entry) -> dict[str, Any]:
    values = asdict(entry) | {"published": entry.published.isoformat() if entry.published else None, "categories": list(entry.categories)}
    return {name: value for name, value in values.items() if value}


@pytest.mark.parametrize("file", sorted(FEEDS.glob("*.xml")), ids=lambda file: file.stem)
def test_a_feed_becomes_the_entries_beside_it(file: Path) -> None:
    kind = "application/xml" if file.stem == "latin-1" else "application/rss+xml; charset=UTF-8"
    assert [plainly(entry) for entry in read(file.read_bytes(), kind)] == json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))


def test_a_feed_served_as_a_web_page_is_read_all_the_same() -> None:
    assert len(read((FEEDS / "wordpress-full.xml").read_bytes(), "text/html; charset=UTF-8")) == 1


def test_a_feed_without_posts_is_a_feed() -> None:
    assert read(feed("")) == ()


# What is no feed --------------------------------------------------------------------------------------------------------


def test_a_web_page_is_named() -> None:
    assert sentence((FEEDS / "web-page.html").read_bytes()) == (
        "The feed's address answered with a web page (“Just a moment... | Quiet Room”) instead of a feed; "
        "compare `feed` in the blog's file with the blog."
    )


def test_a_web_page_that_names_its_feed_is_asked_for_it() -> None:
    said = sentence((FEEDS / "web-page-with-feed.html").read_bytes().replace(b'"/feed/"', b'"/blog/feed/"'))
    assert said.endswith("instead of a feed; the page says its feed is at https://blog.example/blog/feed/.")


@pytest.mark.parametrize("body", [b"", b" \n\t "])
def test_nothing_is_not_a_feed(body: bytes) -> None:
    assert sentence(body) == "The feed's address answered with an empty document."


@pytest.mark.parametrize(
    "body", [b'{"error": "no"}', b"\x89PNG\r\n\x1a\n\x00\x00", b"hello", b"<note>hello</note>", b"\x00" * 50, b"\xff\xfe<"]
)
def test_something_else_is_not_a_feed(body: bytes) -> None:
    assert sentence(body).startswith("The feed's address answered with something that is not a feed;")


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9, 0.99])
def test_half_a_feed_is_left_alone(share: float) -> None:
    body = (FEEDS / "wordpress-full.xml").read_bytes().rstrip()
    assert "broke off" in sentence(body[: int(len(body) * share)], "application/rss+xml")


def test_a_feed_with_a_mistake_in_its_middle_is_read_on() -> None:
    entries = read(
        feed("<item><title>Salt & pepper</title><link>https://blog.example/a</link></item><item><title>B&eacute;C</title></item>")
    )
    assert [entry.title for entry in entries] == ["Salt & pepper", "BéC"]


# Bounds -----------------------------------------------------------------------------------------------------------------


def test_what_is_too_long_is_cut() -> None:
    long = "word " * 100_000
    entry = read(
        feed(f"<item><title>{long}</title><guid>{'g' * 9000}</guid><author>{long}</author><description>{long * 4}</description></item>")
    )[0]
    assert len(entry.title) <= 300
    assert len(entry.guid) <= 500
    assert len(entry.author) <= 200
    assert len(entry.summary) <= 500_000


def test_two_long_guids_stay_two() -> None:
    items = "".join(f"<item><guid isPermaLink='false'>{'g' * 900}{n}</guid></item>" for n in range(2))
    assert len({entry.guid for entry in read(feed(items))}) == 2


def test_only_so_many_entries_are_read() -> None:
    assert len(read(feed("<item><title>a</title></item>" * 600))) == 500


def test_what_is_no_text_is_left_out() -> None:
    entry = read(feed("<item><title>a&#0;b&#xD800;c\x07</title><description>d&amp;#0;e&amp;#x1;f</description></item>"))[0]
    everything = entry.title + entry.summary + entry.text
    assert not re.search("[\x00-\x08\x0e-\x1f\ud800-\udfff]", everything)


HOSTILE = {
    "author of dots": "<item><author>" + "a." * 20_000 + "</author></item>",
    "author of underscores": "<item><author>" + "_" * 20_000 + "</author></item>",
    "styles": "<item><description>" + "&lt;p style=&quot;" + "url(" * 20_000 + "</description></item>",
    "nested tags": "<item><description>" + "&lt;b&gt;" * 20_000 + "</description></item>",
    "open comments": "<item><description>" + "&lt;!--" * 20_000 + "</description></item>",
    "open declarations": "<item><title>" + "&lt;![" * 20_000 + "</title></item>",
    "half tags": "<item><title>" + "&lt;a " * 20_000 + "</title></item>",
    "ampersands": "<item><title>" + "&amp;" * 20_000 + "</title></item>",
}


@pytest.mark.parametrize("items", HOSTILE.values(), ids=HOSTILE.keys())
def test_text_that_takes_others_minutes_takes_it_seconds(items: str) -> None:
    began = time.process_time()
    read(feed(items))
    assert time.process_time() - began < 5


def test_a_laughing_billion_does_not_make_it_laugh() -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    body = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha">{entities}]>'.encode() + feed("<item><title>&l9;</title></item>")[21:]
    try:
        titles = [entry.title for entry in read(body)]
    except Trouble:
        titles = []
    assert sum(map(len, titles)) < 1000
