"""What stands at the feed's address when it is no feed, in one sentence; and the feed that a web page there names."""

import re
from html.parser import HTMLParser

from worker.ingest.entry import address
from worker.ingest.fetch import Document
from worker.lib.text import one_line, shortened

COMPARE = "compare `feed` in the blog's file with the blog"
FEEDS = ("application/rss+xml", "application/atom+xml", "application/feed+json")
_WEB_PAGE = re.compile(r"<!doctype\s+html|<html[\s>]|<body[\s>]", re.IGNORECASE)
_STARTS_A_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_FEED = re.compile(rb"<(?:\w{1,20}:)?(?:rss|feed|rdf|channel)[\s>]", re.IGNORECASE)
_COMMENTS = re.compile(r"comment", re.IGNORECASE)
_OTHERS = {
    "<urlset": "a sitemap, which is not a feed",
    "<sitemapindex": "a sitemap, which is not a feed",
    "<opml": "a list of feeds, not a feed",
}
_MOST = 200_000


def is_surely_a_page(body: bytes) -> bool:
    """Found out without parsing it: pages are long, and some never end."""
    return bool(_STARTS_A_PAGE.match(body[:1000].lstrip())) and not _FEED.search(body)


def what_it_is(document: Document) -> str:
    start = document.body[:_MOST].replace(b"\0", b"").decode(errors="replace")
    if not _WEB_PAGE.search(start[:4000]):
        what = next((name for mark, name in _OTHERS.items() if mark in start[:4000]), "something that is not a feed")
        return f"The feed's address answered with {what}; {COMPARE}."
    page = _Page()
    page.feed(start)
    called = f" (“{shortened(one_line(page.title), 80)}”)" if page.title.strip() else ""
    feed = address(page.feed_address, address(page.base, document.url) or document.url)
    hint = f"the page says its feed is at {feed}" if feed and feed != document.url else COMPARE
    return f"The feed's address answered with a web page{called} instead of a feed; {hint}."


class _Page(HTMLParser):
    """What a web page says of itself: its title, and where its feed is. WordPress names the feed of the comments beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.base = ""
        self.feed_address = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._in_title = tag == "title" and not self.title
        if tag == "base":
            self.base = self.base or values.get("href", "")
        is_feed = tag == "link" and values.get("type", "").strip().lower() in FEEDS and "alternate" in values.get("rel", "").lower().split()
        if is_feed and not _COMMENTS.search(values.get("title", "") + values.get("href", "")):
            self.feed_address = self.feed_address or values.get("href", "")

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
