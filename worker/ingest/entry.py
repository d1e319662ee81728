"""An entry: one item as its feed states it, made safe and brought within bounds, whatever the feed's format."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import nh3

from worker.ingest.dates import EARLIEST
from worker.lib.text import ILLEGIBLE, one_line, plain, shortened

MAX_ENTRIES = 500
MAX_TITLE = 300
MAX_NAME = 200
MAX_ADDRESS = 2000
MAX_HTML = 500_000
MAX_CATEGORIES = 20
MAX_COMPARED = 50_000
UNTITLED = "Untitled post"

# Not < and >: those may be meant as they stand.
_ESCAPED_ONCE_MORE = re.compile(
    r"&(?:amp|quot|apos|nbsp|hellip|[nm]dash|[lr][sd]quo|#(?!60;|62;)\d{2,5}|#x(?!3[ce];)[0-9a-f]{2,4});", re.IGNORECASE
)
_NEEDS_QUOTING = re.compile(r"[ \"<>\\^`{|}]")
_SIZE_IN_NAME = re.compile(r"-\d+x\d+(?=\.\w+$)")


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
        """The words with which the post begins, enough to know it by."""
        return beginning(self.content, self.summary)


def beginning(content: str, summary: str) -> str:
    return plain((content or summary)[:MAX_COMPARED])


def newest(dated: Sequence[tuple[Any, datetime | None]]) -> Sequence[tuple[Any, datetime | None]]:
    """As many as are read, in their order. What has no date is taken for new."""
    if len(dated) <= MAX_ENTRIES:
        return dated
    by_age = sorted(range(len(dated)), key=lambda place: (dated[place][1] is None, dated[place][1] or EARLIEST, -place), reverse=True)
    return [dated[place] for place in sorted(by_age[:MAX_ENTRIES])]


def words(value: Any, most: int) -> str:
    return shortened(one_line(ILLEGIBLE.sub("", str(value or ""))), most)


def address(value: Any, base: str) -> str:
    """An absolute web address, or nothing."""
    stated = words(value, MAX_ADDRESS + 1)
    try:
        absolute = urljoin(base, stated) if stated else ""
        parts = urlsplit(absolute)
    except ValueError:
        return ""
    absolute = _NEEDS_QUOTING.sub(lambda found: quote(found[0]), absolute)
    return absolute if parts.scheme in ("http", "https") and parts.hostname and len(absolute) <= MAX_ADDRESS else ""


def title(stated: str, text: str, *, as_html: bool) -> str:
    """In plain words; where none is stated, the beginning of the post's text. Some programs escape twice, or thrice."""
    if as_html:
        stated = plain(nh3.clean(stated))
    stated = _ESCAPED_ONCE_MORE.sub(lambda found: html.unescape(found[0]), stated)
    return words(stated, MAX_TITLE) or shortened(one_line(plain(text)), 60) or UNTITLED


def safe_html(text: str, base: str) -> str:
    text = ILLEGIBLE.sub("", text)[:MAX_HTML]
    return ILLEGIBLE.sub("", nh3.clean(text, url_relative=("rewrite_with_base", base))).strip()


def paragraphs(text: str) -> str:
    """Plain text as HTML."""
    return "".join(f"<p>{html.escape(each)}</p>" for each in re.split(r"\n\s*\n", text) if each.strip())


def categories(stated: Any) -> tuple[str, ...]:
    """Of names as the feed gives them, each once."""
    names = (words(plain(nh3.clean(str(name or ""))), MAX_NAME) for name in stated)
    return tuple(dict.fromkeys(filter(None, names)))[:MAX_CATEGORIES]


def image(named: str, text: str) -> tuple[str, str]:
    """(address, alt text): what the feed names as the post's picture, else the first picture in its text."""
    shown = _Pictures.of(text)
    if not named:
        return next(iter(shown), ("", ""))
    return named, next((alt for address, alt in shown if _one_picture(address) == _one_picture(named)), "")


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
        source = address(values.get("src"), "")
        if tag == "img" and source and not tiny and "/images/core/emoji/" not in source:
            self.found.append((source, words(values.get("alt"), MAX_TITLE)))
