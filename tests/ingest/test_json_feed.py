"""JSON Feed, version 1 and 1.1, as Micro.blog, Ghost's plugins and Hugo's themes write it, and as nobody should."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.ingest.entry import Entry
from worker.ingest.fetch import Document, Trouble, Validators
from worker.ingest.parse import parse

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HEAD = {"version": "https://jsonfeed.org/version/1.1", "title": "Quiet Room", "home_page_url": "https://blog.example/"}


def read(body: bytes) -> tuple[Entry, ...]:
    return parse(Document(body, "application/feed+json", "https://blog.example/feed.json", Validators()), NOW)


def feed(*items: Any, **head: Any) -> bytes:
    return json.dumps(HEAD | {"items": items} | head).encode()


def test_an_item_becomes_an_entry() -> None:
    (entry,) = read(
        feed(
            {
                "id": "https://blog.example/?p=7",
                "url": "/alliance/",
                "title": "Alliance &amp; trust",
                "summary": "In short.",
                "content_html": '<p>Words <img src="/a.jpg" alt="A path"></p><script>x</script>',
                "date_published": "2026-11-20T09:00:00-05:00",
                "authors": [{"name": "Mara Okafor", "url": "https://blog.example/mara"}],
                "tags": ["Therapy", "Therapy", "Trust"],
            }
        )
    )
    assert entry == Entry(
        guid="https://blog.example/?p=7",
        url="https://blog.example/alliance/",
        title="Alliance & trust",
        summary="<p>In short.</p>",
        content='<p>Words <img src="https://blog.example/a.jpg" alt="A path"></p>',
        author="Mara Okafor",
        categories=("Therapy", "Trust"),
        image="https://blog.example/a.jpg",
        image_alt="A path",
        published=datetime(2026, 11, 20, 14, 0, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"id": 7, "url": "https://blog.example/7"}, {"guid": "7"}),
        ({"url": "https://blog.example/7"}, {"guid": "https://blog.example/7"}),
        ({"id": "x"}, {"url": "https://blog.example/"}),
        ({"id": "x", "external_url": "https://elsewhere.example/"}, {"url": "https://elsewhere.example/"}),
        ({"id": "x", "content_text": "One <b>.\n\nTwo."}, {"content": "<p>One &lt;b&gt;.</p><p>Two.</p>", "title": "One <b>. Two."}),
        ({"id": "x", "author": {"name": "Mara"}}, {"author": "Mara"}),
        ({"id": "x", "image": "i.png"}, {"image": "https://blog.example/i.png"}),
        ({"id": "x", "attachments": [{"mime_type": "image/png", "url": "/i.png"}]}, {"image": "https://blog.example/i.png"}),
        ({"id": "x", "date_published": "gestern", "date_modified": "2026-11-20"}, {"published": datetime(2026, 11, 20, tzinfo=UTC)}),
        ({"id": ["x"], "title": {}, "tags": "no", "authors": [1], "url": 5, "attachments": [None]}, {"title": "Untitled post"}),
    ],
    ids=lambda value: json.dumps(value) if "url" in value or "id" in value else "",
)
def test_what_is_missing_or_strange_is_made_do_with(item: dict[str, Any], expected: dict[str, Any]) -> None:
    (entry,) = read(feed(item))
    assert {name: getattr(entry, name) for name in expected} == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_every_encoding_of_json_is_read(encoding: str) -> None:
    body = json.dumps(HEAD | {"items": [{"id": "x", "title": "Été"}]}, ensure_ascii=False).encode(encoding)
    assert read(body)[0].title == "Été"


def test_a_broken_byte_spoils_a_letter_and_no_feed() -> None:
    assert read(feed({"id": "x", "title": "One two"}).replace(b"One", b"O\xffe"))[0].title == "O\ufffde two"


def test_of_too_many_the_newest_are_read() -> None:
    items = [{"id": str(n), "date_published": f"20{n % 20:02}-01-01"} for n in range(600)]
    dates = [entry.published for entry in read(feed(*items))]
    assert len(dates) == 500
    assert min(date for date in dates if date).year >= 2000 + 3


def test_half_a_feed_is_left_alone() -> None:
    with pytest.raises(Trouble, match="broke off"):
        read(feed({"id": "x"})[:-5])


@pytest.mark.parametrize(
    "body", [b"{}", b'{"code": "rest_forbidden"}', b'{"items": 5}', b'{"items": []}', b'{"version": "1", "items": [{"id": "x"}]}']
)
def test_json_of_another_kind_is_no_feed(body: bytes) -> None:
    with pytest.raises(Trouble, match="not a feed"):
        read(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_json_within_a_feed_is_entries_or_a_sentence(value: Any) -> None:
    names = ("id", "url", "title", "content_html", "content_text", "date_published", "author", "authors", "tags", "attachments", "image")
    assert len(read(feed(dict.fromkeys(names, value)))) == 1
    assert len(read(feed(value, {"id": "x"}))) == (2 if isinstance(value, dict) else 1)
