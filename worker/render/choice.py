"""Which of a post's pictures is the picture of the post: not the smiley, not who wrote it, not what counts readers."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from worker.gate.link import is_web
from worker.lib.text import one_line
from worker.models import Post
from worker.render.clean import clean

SMALLEST = 100
"""Pixels, as far as the page says."""
_HOSTS = re.compile(
    r"(?:^|\.)(?:gravatar\.com|s\.w\.org|stats\.wp\.com|pixel\.wp\.com|feedburner\.com|feedsportal\.com|doubleclick\.net"
    r"|google-analytics\.com|googletagmanager\.com|scorecardresearch\.com|quantserve\.com|addtoany\.com|sharethis\.com|addthis\.com|shields\.io)$"
)
_FOLDERS = re.compile(r"/(?:emoji|smilies|smileys|avatars?|icons?|badges?)/", re.IGNORECASE)
_NAMES = re.compile(
    r"/(?:[\w-]+[_-])?(?:favicon|smiley?|avatar|pixel|spacer|1x1|spinner|(?:share|sharing|social|follow|rss|print|email|tweet|pin-?it|facebook|twitter"
    r"|x|pinterest|linkedin|instagram|whatsapp)[_-]?(?:buttons?|icons?|logo|square|badge))(?:[_-]?\d+(?:x\d+)?)?\.\w+$"
    r"|/(?:blank|transparent|beacon|track(?:er|ing)?|icon|badge|loading|share|rss|print|email|tweet|facebook|twitter|x|pinterest|linkedin|instagram"
    r"|whatsapp)(?:[_-]?\d+(?:x\d+)?)?\.\w+$",
    re.IGNORECASE,
)
"""By the whole name of a file: social-anxiety.jpg is a picture."""
_SIZE = re.compile(r"\s*(\d{1,9})(?:px)?\s*")


class Candidate(NamedTuple):
    address: str
    alt: str = ""


def candidates(post: Post) -> list[Candidate]:
    """Best first: what the feed names, then the pictures in the text in their order, then what the post's page names (og:image)."""
    found = [_named(post.image, post.image_alt), *_in_text(post.content), *_in_text(post.summary)]
    if all(size is None or size >= SMALLEST for size in (post.page_image_width, post.page_image_height)):
        found.append(_named(post.page_image, post.page_image_alt))
    first: dict[str, Candidate] = {}
    for each in filter(lambda each: may_be_it(each.address), found):
        first.setdefault(each.address, each)
    return list(first.values())


def _named(address: str, alt: str) -> Candidate:
    return Candidate(clean(address).strip(), one_line(clean(alt)))


def may_be_it(address: str) -> bool:
    """By its address alone."""
    if not is_web(address):
        return False
    parts = urlsplit(address)
    path = unquote(parts.path)
    drawing = path.lower().endswith((".svg", ".ico"))
    facebook_counts = (parts.hostname or "").endswith("facebook.com") and path == "/tr"
    return not (drawing or facebook_counts or _HOSTS.search(parts.hostname or "") or _FOLDERS.search(path) or _NAMES.search(path))


def _in_text(markup: str) -> list[Candidate]:
    if "<img" not in markup:
        return []
    reader = _Pictures()
    reader.feed(markup)
    reader.close()
    return reader.found


class _Pictures(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Candidate] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "img" and all(size >= SMALLEST for size in _sizes(values)):
            self.found.append(_named(values.get("src", ""), values.get("alt", "")))


def _sizes(values: dict[str, str]) -> Iterator[int]:
    for name in ("width", "height"):
        size = _SIZE.fullmatch(values.get(name, ""))
        if size:
            yield int(size[1])
