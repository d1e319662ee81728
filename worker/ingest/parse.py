"""A feed's document becomes our entries; from here on only our words occur."""

import html
import logging
import re
from calendar import timegm
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate
from html.parser import HTMLParser
from io import BytesIO
from time import struct_time
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser
import feedparser.mixin
import nh3

from worker.ingest.fetch import Document, Trouble
from worker.lib.text import bounded, one_line, plain, shortened

MAX_ENTRIES = 500
MAX_TITLE = 300
MAX_NAME = 200
MAX_ADDRESS = 2000
MAX_HTML = 500_000
MAX_CATEGORIES = 20
EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
UNTITLED = "Untitled post"

# Not text: PostgreSQL refuses NUL, UTF-8 has no lone surrogates, and no reader sees the others.
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NUMBERED = re.compile(rb"&#(?:x([0-9a-f]+)|([0-9]+));?", re.IGNORECASE)
_END_OF_FEED = re.compile(rb"</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_WEB_PAGE = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_SIZE_IN_NAME = re.compile(r"-\d+x\d+(?=\.\w+$)")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """One item as the feed states it. HTML is safe to show, links are absolute, texts and dates are within bounds."""

    guid: str
    url: str
    title: str
    summary: str = ""
    content: str = ""
    author: str = ""
    categories: tuple[str, ...] = ()
    image: str = ""
    image_alt: str = ""
    published: datetime | None = None

    @property
    def text(self) -> str:
        """The words of the post, as far as the feed has them."""
        return plain(self.content or self.summary)


def parse(document: Document, now: datetime) -> tuple[Entry, ...]:
    """The feed's entries in its own order. Raises Trouble for whatever is not a whole feed; `read` is this under a limit."""
    try:
        return _entries(document, now)
    except (Trouble, MemoryError):
        raise
    except Exception:  # a strange document makes feedparser, and the parsers below it, raise anything
        log.warning("feed could not be parsed", extra={"url": document.url}, exc_info=True)
        raise Trouble("The feed is damaged in a way that Postlark cannot read around.") from None


def _entries(document: Document, now: datetime) -> tuple[Entry, ...]:
    if not document.body.strip():
        raise Trouble("The feed's address answered with an empty document.")
    feed = _read(document)
    if not feed.version:
        raise Trouble(_what_it_is(document))
    if feed.bozo and not _END_OF_FEED.search(document.body.replace(b"\0", b"")):
        raise Trouble("The feed broke off in the middle; nothing was taken from it.")
    site = _address(feed.feed.get("link"), document.url) or document.url
    return tuple(_entry(item, feed.version, document.url, site, now) for item in feed.entries[:MAX_ENTRIES])


def _read(document: Document) -> Any:
    return feedparser.parse(
        BytesIO(_NUMBERED.sub(_if_character, document.body)),
        response_headers={"content-type": document.content_type, "content-location": document.url},
        sanitize_html=False,  # nh3 does; feedparser's own is slow on hostile styles and lets some scripts through
        resolve_relative_uris=False,  # nh3 does
    )


def _if_character(reference: "re.Match[bytes]") -> bytes:
    """`&#xD800;` and its like stand for nothing (https://www.w3.org/TR/xml/#charsets), and feedparser gives up on them."""
    try:
        character = chr(int(reference[1], 16) if reference[1] else int(reference[2]))
    except (ValueError, OverflowError):
        return b""
    return b"" if _NOT_TEXT.match(character) else reference[0]


def _entry(item: Any, version: str, base: str, site: str, now: datetime) -> Entry:
    content, summary = _texts(item, base)
    url = _address(item.get("link"), base)
    title = _title(item, content or summary, as_html=not version.startswith("atom"))
    published = _date(item, now)
    guid = _words(item.get("id"), MAX_ADDRESS) or url or f"{title} {published or ''}".strip()
    image, alt = _image(item, base, content + summary)
    return Entry(
        guid=bounded(guid),
        url=url or _address(guid, "") or site,
        title=title,
        summary=summary,
        content=content,
        author=_author(item),
        categories=_categories(item),
        image=image,
        image_alt=alt,
        published=published,
    )


def _title(item: Any, text: str, *, as_html: bool) -> str:
    """RSS has no word for what a title is, and those who write it mean HTML."""
    stated = item.get("title_detail", {})
    title = stated.get("value", "")
    if as_html or stated.get("type") != "text/plain":
        title = plain(nh3.clean(title))
    return _words(title, MAX_TITLE) or shortened(one_line(plain(text)), 60) or UNTITLED


def _texts(item: Any, base: str) -> tuple[str, str]:
    """(content, summary) as safe HTML. feedparser copies a content into a missing summary; that is undone."""
    contents = sorted(item.get("content", []), key=lambda part: len(part.get("value", "")))
    content = _safe(contents[-1], base) if contents else ""
    summary = _safe(item.get("summary_detail", {}), base)
    return content, "" if summary == content else summary


def _safe(part: Any, base: str) -> str:
    text = _NOT_TEXT.sub("", part.get("value", ""))[:MAX_HTML]
    if part.get("type") == "text/plain":
        text = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip())
    own = _address(part.get("base"), base) or base
    return _NOT_TEXT.sub("", nh3.clean(text, url_relative=("rewrite_with_base", own))).strip()


def _author(item: Any) -> str:
    """The name, without the e-mail address beside it: `mara@blog.example (Mara Okafor)` or the other way round."""
    stated = _words(item.get("author"), MAX_NAME)
    named = re.fullmatch(r"\S+@\S+ \((.+)\)|(.+?) [(<]\S+@\S+[)>]", stated)
    name = (named[1] or named[2]) if named else stated
    return "" if "@" in name else one_line(plain(nh3.clean(name)))


def _categories(item: Any) -> tuple[str, ...]:
    names = (_words(plain(nh3.clean(tag.get("label") or tag.get("term") or "")), MAX_NAME) for tag in item.get("tags", []))
    return tuple(dict.fromkeys(filter(None, names)))[:MAX_CATEGORIES]


def _date(item: Any, now: datetime) -> datetime | None:
    """When it was published, else last changed. None where the feed states no date that can be true.

    A bare Unix time is read as the year 1762 by feedparser, so the range is looked at.
    """
    stated: struct_time | None = item.get("published_parsed")
    if stated is None and "updated_parsed" in item:  # asked for without looking, it is `published_parsed` again, with a warning
        stated = item["updated_parsed"]
    try:
        moment = datetime.fromtimestamp(timegm(stated), UTC) if stated else _without_zone(item.get("published", ""))
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment and EARLIEST <= moment <= now + timedelta(days=1) else None


def _without_zone(stated: str) -> datetime | None:
    """`Mon, 02 Nov 2026 10:00:00`: feedparser wants a zone after a weekday. It is taken for UTC, like other dates without."""
    numbers = parsedate(stated)
    return datetime(*numbers[:6], tzinfo=UTC) if numbers else None


def _address(value: Any, base: str) -> str:
    """An absolute web address, or nothing."""
    stated = _words(value, MAX_ADDRESS + 1)
    try:
        address = urljoin(base, stated) if stated else ""
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in ("http", "https") and parts.hostname and len(address) <= MAX_ADDRESS else ""


def _words(value: Any, most: int) -> str:
    return shortened(one_line(_NOT_TEXT.sub("", str(value or ""))), most)


def _image(item: Any, base: str, text: str) -> tuple[str, str]:
    """(address, alt text): what the feed names as the post's picture, else the first picture in its text."""
    shown = _Pictures.of(text)
    named = next(filter(None, (_address(address, base) for address in _named_images(item))), "")
    if not named:
        return next(iter(shown), ("", ""))
    return named, next((alt for address, alt in shown if _one_picture(address) == _one_picture(named)), "")


def _named_images(item: Any) -> Iterable[str]:
    for media in item.get("media_content", []):
        # WordPress.com puts the author's portrait first.
        if (media.get("medium") == "image" or media.get("type", "").startswith("image/")) and "gravatar.com" not in media.get("url", ""):
            yield media.get("url", "")
    for thumbnail in item.get("media_thumbnail", []):
        yield thumbnail.get("url", "")
    for enclosure in item.get("enclosures", []):
        if enclosure.get("type", "").startswith("image/"):
            yield enclosure.get("href", "")


def _one_picture(address: str) -> str:
    """WordPress names the sizes of one picture calm-300x200.jpg, calm-1024x683.jpg, calm.jpg."""
    return _SIZE_IN_NAME.sub("", urlsplit(address).path)


class _Pictures(HTMLParser):
    """The pictures in a text, without those that are only there to count readers or to smile."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    @classmethod
    def of(cls, text: str) -> list[tuple[str, str]]:
        pictures = cls()
        pictures.feed(text)
        pictures.close()
        return pictures.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        tiny = values.get("width") in ("0", "1") or values.get("height") in ("0", "1")
        source = _address(values.get("src"), "")
        if tag == "img" and source and not tiny and "/images/core/emoji/" not in source:
            self.found.append((source, _words(values.get("alt"), MAX_TITLE)))


def _what_it_is(document: Document) -> str:
    start = document.body[:4000].lstrip()
    if not _WEB_PAGE.search(start) and b"<body" not in start.lower():
        return "The feed's address answered with something that is not a feed; compare `feed` in the blog's file with the blog."
    page = _Page()
    page.feed(document.body[:200_000].decode("utf-8", "replace"))
    called = f" (“{shortened(one_line(page.title), 80)}”)" if page.title.strip() else ""
    feed = _address(page.feed_address, document.url)
    hint = f"the page says its feed is at {feed}" if feed and feed != document.url else "compare `feed` in the blog's file with the blog"
    return f"The feed's address answered with a web page{called} instead of a feed; {hint}."


class _Page(HTMLParser):
    """What a web page says of itself: its title, and where its feed is."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.feed_address = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._in_title = tag == "title"
        if tag == "link" and values.get("type") in ("application/rss+xml", "application/atom+xml"):
            self.feed_address = self.feed_address or values.get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data


def _tame_feedparser() -> None:
    """Two ways of it that cannot be switched off.

    It searches the author for an e-mail address with an expression that takes seconds on 20 kB of `a.a.a.`, so it gets the
    first 200 characters only: https://github.com/kurtmckee/feedparser/issues/562. And it makes an address of a guid that is
    none, so that the guid would change with the feed's own address.
    """
    mixin = feedparser.mixin._FeedParserMixin
    original = mixin._sync_author_detail

    def shortened_first(self: Any, key: str = "author") -> None:
        context = self._get_context()
        if isinstance(context.get(key), str):
            context[key] = context[key][:MAX_NAME]
        original(self, key)

    mixin._sync_author_detail = shortened_first
    mixin.can_be_relative_uri = mixin.can_be_relative_uri - {"id"}


_tame_feedparser()
