"""A feed's document becomes our entries; from here on only our words occur."""

import logging
import re
from calendar import timegm
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from time import struct_time
from typing import Any

import feedparser
import feedparser.mixin
import nh3

from worker.ingest import json_feed
from worker.ingest.charset import honest
from worker.ingest.dates import HALF_DAYS, believable, date_of
from worker.ingest.entry import (
    MAX_ADDRESS,
    MAX_NAME,
    Entry,
    address,
    categories,
    image,
    newest,
    paragraphs,
    safe_html,
    title,
    words,
)
from worker.ingest.fetch import Document, Trouble
from worker.ingest.no_feed import COMPARE, is_surely_a_page, what_it_is
from worker.lib.text import ILLEGIBLE, bounded, one_line, plain

_NUMBERED = re.compile(rb"&#(?:x([0-9a-f]+)|([0-9]+));?", re.IGNORECASE)
# Without the last ">" everything has come all the same.
_END_OF_FEED = re.compile(r"</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*(?:>|$)", re.IGNORECASE)
_END_OF_CHANNEL = re.compile(r"</channel\s*>\s*(?:<[/\w:]*)?$", re.IGNORECASE)
# Channel Definition Format, of 1997; feedparser reads it and has no name for it.
_CHANNEL = re.compile(rb"<channel[\s>]", re.IGNORECASE)
_COMMENT = re.compile(r"#comment-\d|[?&]showComment=\d")

log = logging.getLogger(__name__)


def parse(document: Document, now: datetime) -> tuple[Entry, ...]:
    """The feed's entries in its own order. Raises Trouble for whatever is not a whole feed; `read` is this under a limit."""
    try:
        return _posts_only(_entries(document, now))
    except (Trouble, MemoryError):
        raise
    except Exception:  # a strange document makes feedparser, and the parsers below it, raise anything
        log.warning("feed could not be parsed", extra={"url": document.url}, exc_info=True)
        raise Trouble("The feed is damaged in a way that Postlark cannot read around.") from None


def _posts_only(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    if entries and all(_COMMENT.search(entry.url) for entry in entries):
        raise Trouble(f"This is the feed of the blog's comments, not of its posts; {COMPARE}.")
    return entries


def _entries(document: Document, now: datetime) -> tuple[Entry, ...]:
    if not document.body.strip():
        raise Trouble("The feed's address answered with an empty document.")
    if json_feed.is_json(document.body):
        entries = json_feed.entries(document, now)
        if entries is None:
            raise Trouble(what_it_is(document))
        return entries
    if is_surely_a_page(document.body):
        raise Trouble(what_it_is(document))
    feed = _read(document)
    if not feed.version and not (feed.entries and _CHANNEL.search(document.body[:4000])):
        raise Trouble(what_it_is(document))
    if feed.bozo and not _is_whole(document.body, feed.encoding, feed.version):
        raise Trouble(json_feed.BROKEN_OFF)
    site = address(feed.feed.get("link"), document.url) or document.url
    dated = [(item, _date(item, now)) for item in feed.entries]
    return tuple(_entry(item, published, feed.version, document.url, site) for item, published in newest(dated))


def _read(document: Document) -> Any:
    body, kind = honest(document.body, document.content_type)
    return feedparser.parse(
        BytesIO(_NUMBERED.sub(_if_character, body)),
        response_headers={"content-type": kind, "content-location": document.url},
        sanitize_html=False,  # nh3 does; feedparser's own is slow on hostile styles and lets some scripts through
        resolve_relative_uris=False,  # nh3 does
    )


def _if_character(reference: "re.Match[bytes]") -> bytes:
    """`&#xD800;` and its like stand for nothing (https://www.w3.org/TR/xml/#charsets), and feedparser gives up on them."""
    try:
        character = chr(int(reference[1], 16) if reference[1] else int(reference[2]))
    except (ValueError, OverflowError):
        return b""
    is_of_windows = "\x7f" < character < "\xa0"  # &#146; is meant as an apostrophe, and read as one
    return b"" if ILLEGIBLE.match(character) and not is_of_windows else reference[0]


def _is_whole(body: bytes, encoding: str, version: str) -> bool:
    texts = [body.replace(b"\0", b"").decode("latin-1")]
    with suppress(LookupError):
        texts.append(body.decode(encoding or "utf-8", "replace"))  # EBCDIC, say
    if any(_END_OF_FEED.search(text.rstrip()) for text in texts):
        return True
    # In RSS 1.0 and its elder the posts come after the channel.
    return version not in ("rss10", "rss090") and any(_END_OF_CHANNEL.search(text.rstrip()[-200:]) for text in texts)


def _entry(item: Any, published: datetime | None, version: str, base: str, site: str) -> Entry:
    content, summary = _texts(item, base)
    url = address(item.get("link"), base)
    named = _title(item, content or summary, version)
    guid = words(item.get("id"), MAX_ADDRESS) or url or f"{named} {published or ''}".strip()
    picture, alt = image(next(filter(None, (address(each, base) for each in _named_images(item))), ""), content + summary)
    return Entry(
        guid=bounded(guid),
        url=url or address(guid, "") or site,
        title=named,
        summary=summary,
        content=content,
        author=_author(item),
        categories=categories(tag.get("label") or tag.get("term") for tag in item.get("tags", [])),
        image=picture,
        image_alt=alt,
        published=published,
    )


def _title(item: Any, text: str, version: str) -> str:
    """RSS has no word for what a title is, and those who write it mean HTML. `title_detail` may be a picture's title instead."""
    kind = item.get("title_detail", {}).get("type")
    return title(item.get("title", ""), text, as_html=not version.startswith("atom") or kind != "text/plain")


def _texts(item: Any, base: str) -> tuple[str, str]:
    """(content, summary) as safe HTML. feedparser copies a content into a missing summary; that is undone."""
    contents = sorted(item.get("content", []), key=lambda part: len(part.get("value", "")))
    content = _safe(contents[-1], base) if contents else ""
    summary = _safe(item.get("summary_detail", {}), base)
    return content, "" if summary == content else summary


def _safe(part: Any, base: str) -> str:
    text = part.get("value", "")
    return safe_html(paragraphs(text) if part.get("type") == "text/plain" else text, address(part.get("base"), base) or base)


def _author(item: Any) -> str:
    """The name, without the e-mail address beside it: `mara@blog.example (Mara Okafor)` or the other way round."""
    stated = words(item.get("author"), MAX_NAME)
    named = re.fullmatch(r"\S+@\S+ \((.+)\)|(.+?) [(<]\S+@\S+[)>]", stated)
    name = (named[1] or named[2]) if named else stated
    return "" if "@" in name else one_line(plain(nh3.clean(name)))


def _date(item: Any, now: datetime) -> datetime | None:
    """When it was published, else last changed. None where the feed states no date that can be true."""
    return believable(_dates(item), now)


def _dates(item: Any) -> Iterator[datetime | None]:
    for name in ("published", "updated"):
        if name in item:
            stated = str(item[name])
            # Asked for without looking, `updated_parsed` is `published_parsed` again, with a warning.
            readings = [_moment(item[f"{name}_parsed"]) if f"{name}_parsed" in item else None, date_of(stated)]
            yield from reversed(readings) if HALF_DAYS.search(stated) else readings


def _moment(stated: struct_time | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(timegm(stated), UTC) if stated else None
    except (ValueError, OverflowError, OSError):
        return None


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
