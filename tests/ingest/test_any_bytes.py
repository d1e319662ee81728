"""Every parser of foreign bytes, given any: it comes back with our words or with a sentence, and raises nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.feeds import item, rss
from worker.hooks import publish
from worker.ingest import names, page, websub
from worker.ingest.fetch import Document, Reply, Trouble, Validators, _reply
from worker.ingest.parse import parse
from worker.lib.http import Answer, NoAnswer, _target, told_to_wait

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
URL = "https://blog.example/feed/"
# What feeds and pages are made of, so that the bytes get past the first line of a parser.
PIECES = [
    *(b"<rss>", b"</rss>", b"<channel>", b"<item>", b"</item>", b"<title>", b"</title>", b"<link>", b"<guid>", b"<description>", b"<pubDate>"),
    *(b"<feed xmlns='http://www.w3.org/2005/Atom'>", b"<entry>", b"<id>", b"<updated>", b"<content type='xhtml'>", b"<content type='html'>"),
    *(b"<link rel='alternate' href='", b"'/>", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<!DOCTYPE ", b"<!ENTITY a '", b"<?xml ", b"?>", b"&", b";"),
    *(b"&#x", b"&amp;", b"&lt;p&gt;", b"encoding='utf-16'", b"encoding='cp037'", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b"\xc3", b"\xe9", b"{"),
    *(b'"version":"https://jsonfeed.org/version/1.1","items":[', b'{"id":', b"}", b"]", b"Fri, 20 Nov 2026 ", b"25:61", b"xml:base='http://["),
    *(b"<html>", b"<article>", b"</article>", b"<meta property='og:image' content='", b"<base href='", b"<rdf:RDF>", b"</feed>", b"</rdf:RDF>"),
]  # fmt: skip
documents = st.lists(st.sampled_from(PIECES) | st.binary(max_size=12), max_size=40).map(b"".join)
NO_HURRY = settings(max_examples=150)


def told(reads: Callable[..., Any], *given: Any) -> Any:
    """What it reads; nothing where it refuses, in one sentence."""
    try:
        return reads(*given)
    except (Trouble, page.Unread, NoAnswer) as refused:
        sentence = str(refused)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return ()


@given(documents, st.sampled_from(["", "text/xml", "application/rss+xml; charset=utf-16", "text/html; charset=\x00", "x; charset=cp037"]))
@NO_HURRY
def test_of_a_feed(body: bytes, kind: str) -> None:
    for entry in told(parse, Document(body, kind, URL, Validators()), NOW):
        assert entry.title
        assert entry.guid
        assert entry.url.startswith(("http://", "https://"))
        assert "\0" not in entry.title + entry.text


@given(st.integers(0, 2000), st.binary(max_size=4))
@NO_HURRY
def test_of_a_feed_with_a_wound(place: int, wound: bytes) -> None:
    feed = rss(*(item(f"Post {n}", day=n) for n in range(4)))
    place %= len(feed)
    assert len(told(parse, Document(feed[:place] + wound + feed[place + len(wound) :], "text/xml", URL, Validators()), NOW)) <= 5


@given(documents, st.text(max_size=40))
@NO_HURRY
def test_of_a_page(body: bytes, kind: str) -> None:
    found = told(page.read, Answer(200, {"content-type": f"text/html; {kind}"}, body, URL))
    assert "<script" not in getattr(found, "content", "")


@given(st.dictionaries(st.sampled_from(["cache-control", "age", "etag"]), st.text(max_size=80)), st.text(max_size=80))
@NO_HURRY
def test_of_the_headers(headers: dict[str, str], later: str) -> None:
    reply = _reply(Answer(200, headers, b"", URL))
    assert isinstance(reply, Reply)
    assert timedelta(0) <= reply.age
    wait = told_to_wait({"Retry-After": later}, NOW)
    assert wait is None or wait >= timedelta(0)


@given(st.text(max_size=200) | st.sampled_from(["//", "http://[", "https://blog.example:99999/", "\\\\x", "?", "#", "https:///x"]))
@NO_HURRY
def test_of_an_address(stated: str) -> None:
    assert isinstance(names.path(names.address(stated)), str)
    assert names.address(names.address(stated)) is not None
    assert "\n" not in told(_target, URL, stated, set())


@given(st.text(max_size=100), st.binary(max_size=100))
@NO_HURRY
def test_of_a_hubs_signature(header: str, body: bytes) -> None:
    signature = websub.Signature("key", header)
    signature.update(body)
    assert signature.is_right is False


class Rung:
    def __init__(self, body: bytes) -> None:
        self.read: Callable[[int], bytes] = lambda most: body[:most]


@given(st.lists(st.sampled_from([b"<methodName>", b"</methodName>", b"weblogUpdates.ping", b" "]) | st.binary(max_size=9)).map(b"".join))
@NO_HURRY
def test_of_a_ping(body: bytes) -> None:
    rung: Any = Rung(body)
    assert isinstance(publish._xml_rpc_method(rung), str)
