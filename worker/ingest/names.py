"""What tells one entry from another, in the form in which two are compared."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from worker.ingest.entry import Entry
from worker.lib.text import bounded

_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|yclid|_ga|_gl")
UNDATED = "-"


@dataclass(frozen=True)
class Names:
    """An entry's names. `link` is empty where it says nothing; `date` is UNDATED where none is stated."""

    guid: str
    link: str
    title: str
    date: str

    @property
    def title_and_date(self) -> str:
        """As an alias keeps them."""
        return f"{self.date} {self.title}"

    @property
    def sorted_by(self) -> tuple[str, ...]:
        return (self.guid, self.link, self.title, self.date)


def names(entries: Iterable[Entry]) -> list[Names]:
    """One for each entry. A link counts only where it leads to a page of its own: it has a path, and no other entry has it."""
    stated = [_stated(entry) for entry in entries]
    having = Counter(each.link for each in set(stated))
    return [each if having[each.link] == 1 and path(each.link) else replace(each, link="") for each in stated]


def _stated(entry: Entry) -> Names:
    date = entry.published.isoformat() if entry.published else UNDATED
    return Names(address(entry.guid), address(entry.url), same_words(entry.title), date)


def address(stated: str) -> str:
    """Host, path and query of a web address without what changes by itself: scheme, case of the host, tracking, slashes.

    Other names (a guid need not be an address) stay as they are.
    """
    try:
        parts = urlsplit(stated.strip())
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:
        return stated.strip()
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return stated.strip()
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(pair[0].lower())]
    folders = re.sub(r"/+", "/", unquote(parts.path)).rstrip("/")
    return bounded(f"{parts.hostname.rstrip('.')}{port}{folders}" + (f"?{urlencode(sorted(query))}" if query else ""))


def path(link: str) -> str:
    """What follows the host; nothing for a home page, which is no post's own address."""
    found = re.search(r"[/?]", link)
    return link[found.start() :] if found else ""


def same_words(title: str) -> str:
    """Titles are equal when their words are, whatever the capitals, quotation marks and spaces."""
    folded = unicodedata.normalize("NFKC", title).casefold()
    return bounded(" ".join(re.findall(r"\w+", folded)) or folded.strip())
