"""What a feed says of itself before its first post: how often it wants to be looked at, its hub, its date.

Found with expressions that are linear in what they search, in the first 64 kB only: this runs outside the limits of `read`.
"""

import html
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from worker.ingest.dates import date_of
from worker.ingest.schedule import Pace

MOST = 65536
LONGEST_JSON = 1_000_000
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FIRST_POST = re.compile(r"<(?:\w{1,20}:)?(?:item|entry)[\s>]")
# Not sy:updatePeriod: WordPress says "hourly" of every feed, whatever the blog does.
_TTL = re.compile(r"<ttl>\s{0,20}(\d{1,6})\s{0,20}</ttl>", re.IGNORECASE)
_HOUR = re.compile(r"<hour>\s{0,20}(\d{1,2})\s{0,20}</hour>", re.IGNORECASE)
_DAY = re.compile(r"<day>\s{0,20}(\w{6,9})\s{0,20}</day>", re.IGNORECASE)
_DATED = re.compile(r"<(?:lastBuildDate|pubDate|updated)>\s{0,20}([^<]{10,50}?)\s{0,20}<", re.IGNORECASE)
_LINK = re.compile(r"<(?:\w{1,20}:)?link\s([^<>]{1,2000})>")
_ATTRIBUTE = re.compile(r"""(\w{1,20})\s{0,5}=\s{0,5}(?:"([^"]{0,2000})"|'([^']{0,2000})')""")
_LINK_HEADER = re.compile(r"<([^<>]{1,2000})>([^<]{0,500})")
_REL = re.compile(r""";\s{0,5}rel\s{0,5}=\s{0,5}"?([^",;]{1,100})""", re.IGNORECASE)


NO_WISH = Pace()


@dataclass(frozen=True)
class Head:
    """`hub`: who can be asked to ring when the feed changes; `topic`: the feed's address as the hub knows it."""

    pace: Pace = NO_WISH
    hub: str = ""
    topic: str = ""
    dated: datetime | None = None


def head_of(body: bytes, link_header: str = "") -> Head:
    """The links of the HTTP header come before those in the document (https://www.w3.org/TR/websub/#discovery)."""
    links = _header_links(link_header)
    if body[:100].lstrip().startswith(b"{"):
        links = _json_links(body) | links
        return Head(hub=links.get("hub", ""), topic=links.get("self", ""))
    text = _text(body)
    links = _document_links(text) | links
    dates = [moment for stated in islice(_DATED.findall(text), 5) if (moment := date_of(stated))]
    return Head(_pace(text), links.get("hub", ""), links.get("self", ""), max(dates, default=None))


def _text(body: bytes) -> str:
    encoding = "utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    return _FIRST_POST.split(body[:MOST].decode(encoding, "replace"), maxsplit=1)[0]


def _pace(text: str) -> Pace:
    ttl = _TTL.search(text)
    return Pace(
        every=timedelta(minutes=int(ttl[1])) if ttl else timedelta(0),
        skip_hours=frozenset(int(hour) % 24 for hour in _HOUR.findall(text) if int(hour) <= 24),
        skip_days=frozenset(_DAYS.index(day) for day in map(str.lower, _DAY.findall(text)) if day in _DAYS),
    )


def _document_links(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for link in _LINK.findall(text):
        values = {name.lower(): html.unescape(one or other) for name, one, other in _ATTRIBUTE.findall(link)}
        for rel in values.get("rel", "").lower().split():
            found.setdefault(rel, values.get("href", "").strip())
    return found


def _header_links(header: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for address, parameters in _LINK_HEADER.findall(header[:8000]):
        stated = _REL.search(parameters)
        for rel in stated[1].lower().split() if stated else ():
            found.setdefault(rel, address.strip())
    return found


def _json_links(body: bytes) -> dict[str, str]:
    """https://www.jsonfeed.org/version/1.1/#subscribing-to-real-time-notifications-a-name-subscribing-to-real-time-notifications-a"""
    try:
        feed: Any = json.loads(body) if len(body) <= LONGEST_JSON else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(feed, dict):
        return {}
    hubs = feed.get("hubs")
    named = [hub["url"] for hub in hubs if isinstance(hub, dict) and isinstance(hub.get("url"), str)] if isinstance(hubs, list) else []
    own = feed.get("feed_url")
    return ({"hub": named[0]} if named else {}) | ({"self": own} if isinstance(own, str) else {})
