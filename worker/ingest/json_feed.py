"""Reads JSON Feed: https://www.jsonfeed.org/version/1.1/"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from worker.ingest import dates
from worker.ingest.entry import MAX_ADDRESS, MAX_NAME, Entry, address, categories, image, newest, paragraphs, safe_html, title, words
from worker.ingest.fetch import Document, Trouble
from worker.lib.text import bounded

BROKEN_OFF = "The feed broke off in the middle; nothing was taken from it."
_MARK = "jsonfeed.org/version"


def is_json(body: bytes) -> bool:
    return body[:200].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"{")


def entries(document: Document, now: datetime) -> tuple[Entry, ...] | None:
    """None when it is JSON and no feed. Raises Trouble."""
    try:
        feed: Any = json.loads(_text(document.body))
    except ValueError:
        if _MARK in document.body[:1000].decode("latin-1"):
            raise Trouble(BROKEN_OFF) from None
        return None
    items = feed.get("items")
    if not isinstance(items, list) or not (_MARK in str(feed.get("version")) or (items and "title" in feed)):
        return None
    site = address(feed.get("home_page_url"), document.url) or document.url
    dated = [(item, _date(item, now)) for item in items if isinstance(item, dict)]
    return tuple(_entry(item, published, document.url, site) for item, published in newest(dated))


def _text(body: bytes) -> str:
    try:
        return body.decode(json.detect_encoding(body))
    except UnicodeDecodeError:
        return body.decode("utf-8-sig", "replace")


def _entry(item: dict[str, Any], published: datetime | None, base: str, site: str) -> Entry:
    content = safe_html(_string(item, "content_html") or paragraphs(_string(item, "content_text")), base)
    summary = safe_html(paragraphs(_string(item, "summary")), base)
    url = address(item.get("url"), base) or address(item.get("external_url"), base)
    named = title(_string(item, "title"), content or summary, as_html=False)
    # Some write the id as a number.
    guid = words(item.get("id"), MAX_ADDRESS) if isinstance(item.get("id"), str | int) else ""
    picture, alt = image(next(filter(None, (address(each, base) for each in _images(item))), ""), content + summary)
    return Entry(
        guid=bounded(guid or url or f"{named} {published or ''}".strip()),
        url=url or address(guid, "") or site,
        title=named,
        summary=summary,
        content=content,
        author=next(filter(None, _authors(item)), ""),
        categories=categories(_list(item, "tags")),
        image=picture,
        image_alt=alt,
        published=published,
    )


def _date(item: dict[str, Any], now: datetime) -> datetime | None:
    return dates.believable((dates.date_of(_string(item, name)) for name in ("date_published", "date_modified")), now)


def _authors(item: dict[str, Any]) -> Iterator[str]:
    """`author` is how version 1 had it."""
    for author in [*_list(item, "authors"), item.get("author")]:
        if isinstance(author, dict):
            yield words(_string(author, "name"), MAX_NAME)


def _images(item: dict[str, Any]) -> Iterator[str]:
    yield from (_string(item, "image"), _string(item, "banner_image"))
    for attached in _list(item, "attachments"):
        if isinstance(attached, dict) and _string(attached, "mime_type").startswith("image/"):
            yield _string(attached, "url")


def _string(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _list(values: dict[str, Any], name: str) -> list[Any]:
    value = values.get(name)
    return value if isinstance(value, list) else []
