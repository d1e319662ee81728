"""Real feed files in feeds/, each with the entries it means beside it."""

import json
import re
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from worker.ingest.entry import Entry
from worker.ingest.fetch import Document, Trouble, Validators
from worker.ingest.parse import parse

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


def test_a_page_without_end_is_named_all_the_same() -> None:
    page = (FEEDS / "web-page.html").read_bytes().replace(b"</html>", b"") + b"<div>" * 500_000
    assert sentence(page).startswith("The feed's address answered with a web page (“Just a moment... | Quiet Room”)")


@pytest.mark.parametrize("body", [b"", b" \n\t "])
def test_nothing_is_not_a_feed(body: bytes) -> None:
    assert sentence(body) == "The feed's address answered with an empty document."


@pytest.mark.parametrize(
    "body", [b'{"error": "no"}', b"\x89PNG\r\n\x1a\n\x00\x00", b"hello", b"<note>hello</note>", b"\x00" * 50, b"\xff\xfe<"]
)
def test_something_else_is_not_a_feed(body: bytes) -> None:
    assert sentence(body).startswith("The feed's address answered with something that is not a feed;")


@pytest.mark.parametrize(
    ("body", "what"),
    [(b'<?xml version="1.0"?><urlset xmlns="x"><url/></urlset>', "a sitemap"), (b"<opml><body/></opml>", "a list of feeds")],
)
def test_what_is_often_mistaken_for_a_feed_is_named(body: bytes, what: str) -> None:
    assert what in sentence(body)


PAGE = '<html><head><base href="/en/">{}</head></html>'


@pytest.mark.parametrize(
    ("links", "feed_address"),
    [
        ('<link rel="alternate" type="application/atom+xml" href="feed.atom">', "https://blog.example/en/feed.atom"),
        ("<link href=/x.json type=application/feed+json rel='me alternate'>", "https://blog.example/x.json"),
        (
            '<link rel="alternate" type="application/rss+xml" title="Blog &raquo; Comments Feed" href="/comments/feed/">'
            '<link rel="alternate" type="application/rss+xml" title="Blog &raquo; Feed" href="/blog/feed/">',
            "https://blog.example/blog/feed/",
        ),
        ('<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2">', ""),
        ('<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">', ""),
        ('<link rel="stylesheet" type="application/rss+xml" href="/feed.css">', ""),
    ],
)
def test_the_feed_that_a_page_names_is_offered(links: str, feed_address: str) -> None:
    hint = f"the page says its feed is at {feed_address}" if feed_address else "compare `feed` in the blog's file with the blog"
    assert sentence(PAGE.format(links).encode()).endswith(f"instead of a feed; {hint}.")


def test_the_feed_of_the_comments_is_not_the_blogs() -> None:
    comments = "".join(f"<item><title>By: A</title><link>https://blog.example/one/#comment-{n}</link></item>" for n in range(3))
    assert sentence(feed(comments)).startswith("This is the feed of the blog's comments, not of its posts;")


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9, 0.99])
def test_half_a_feed_is_left_alone(share: float) -> None:
    body = (FEEDS / "wordpress-full.xml").read_bytes().rstrip()
    assert "broke off" in sentence(body[: int(len(body) * share)], "application/rss+xml")


def test_a_feed_with_a_mistake_in_its_middle_is_read_on() -> None:
    entries = read(
        feed("<item><title>Salt & pepper</title><link>https://blog.example/a</link></item><item><title>B&eacute;C</title></item>")
    )
    assert [entry.title for entry in entries] == ["Salt & pepper", "BéC"]


@pytest.mark.parametrize("end", [b"</channel></rss", b"</channel>", b"</channel>\n</"])
def test_a_feed_of_which_only_the_last_tag_is_cut_is_whole(end: bytes) -> None:
    assert len(read(feed("<item><title>One</title></item>").replace(b"</channel></rss>", end))) == 1


def test_a_channel_of_1997_is_a_feed() -> None:
    (entry,) = read(
        b'<?xml version="1.0"?><CHANNEL HREF="https://blog.example/"><ITEM HREF="https://blog.example/1"><TITLE>One</TITLE></ITEM></CHANNEL>'
    )
    assert (entry.title, entry.url) == ("One", "https://blog.example/1")


# Encodings, and lies about them ----------------------------------------------------------------------------------------------

CAFE = feed("<item><title>Café d’été</title></item>").decode()


def declared(encoding: str) -> str:
    return CAFE.replace('version="1.0"?', f'version="1.0" encoding="{encoding}"?')


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (CAFE.encode("utf-8-sig"), "text/xml"),
        (CAFE.encode("utf-16"), "application/rss+xml; charset=UTF-8"),
        (CAFE.encode("utf-16-le"), ""),
        (CAFE.encode("utf-32"), ""),
        (CAFE.encode("utf-32-be"), ""),
        (CAFE.encode("cp1252"), ""),
        (declared("utf-8").encode("cp1252"), "text/xml; charset=utf-8"),
        (declared("iso-8859-1").encode("cp1252"), "application/xml"),
        (declared("iso-8859-1").encode(), "application/xml; charset=iso-8859-1"),
        (declared("utf-16").encode(), "text/xml"),
        (CAFE.encode(), "application/xml; charset=utf-16"),
        (declared("utf-32").encode(), "application/xml; charset=UCS-4"),
        (declared("utf-8").encode("utf-16"), "text/xml; charset=us-ascii"),
        (b"<br />\n<b>Warning</b>: x in /a.php on line 3<br />\n" + CAFE.encode(), ""),
        (b"\n\n  " + CAFE.encode(), ""),
        (CAFE.encode() + b"\0" * 40, ""),
        (CAFE.encode() + b"\n<!-- cached --><script>x</script>", ""),
    ],
)
def test_what_a_feed_claims_of_its_encoding_is_not_believed_against_its_bytes(body: bytes, kind: str) -> None:
    assert [entry.title for entry in read(body, kind)] == ["Café d’été"]


def test_a_broken_byte_spoils_a_letter_and_no_feed() -> None:
    assert read(CAFE.encode().replace(b"Caf", b"Ca\xff"))[0].title == "Ca\ufffdé d’été"


def test_ebcdic_is_read_to_its_end() -> None:
    assert (
        read(feed("<item><title>One</title></item>").replace(b'"1.0"', b'"1.0" encoding="cp037"').decode().encode("cp037"), "")[0].title
        == "One"
    )


# Titles -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "title"),
    [
        ("Salt &amp; pepper", "Salt & pepper"),
        ("Salt &amp;amp; pepper", "Salt & pepper"),
        ("Salt &amp;amp;amp; pepper", "Salt & pepper"),
        ("It&amp;amp;#8217;s", "It’s"),
        ("<![CDATA[<em>Live</em> &amp; well]]>", "Live & well"),
        ("3 &lt; 5", "3 < 5"),
        ("One\r\nBcc: a@b\r\ntwo", "One Bcc: a@b two"),
        ("One&#13;&#10;two", "One two"),
        ("", "Untitled post"),
    ],
)
def test_a_title_is_one_line_of_plain_words(stated: str, title: str) -> None:
    assert read(feed(f"<item><title>{stated}</title></item>"))[0].title == title


def test_a_pictures_title_is_not_the_posts() -> None:
    (entry,) = read(feed("<item><title>Right</title><image><title>Wrong</title></image></item>"))
    assert entry.title == "Right"


def test_a_space_in_an_address_is_written_as_addresses_have_it() -> None:
    assert read(feed("<item><link> https://blog.example/a b/ </link></item>"))[0].url == "https://blog.example/a%20b/"


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


def test_an_apostrophe_of_windows_is_one() -> None:
    """https://html.spec.whatwg.org/multipage/parsing.html#numeric-character-reference-end-state"""
    assert read(feed("<item><title>Don&#146;t worry</title></item>"))[0].title == "Don’t worry"


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
