"""A web site with a feed, over real HTTP on loopback, that keeps its manners or loses them.

with FeedSite() as site:
    site.feed = rss(item("One"), item("Two"))
    ...
    site.answer = Reply(503, headers={"Retry-After": "120"})
    assert site.asked[-1]["if-none-match"]
"""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

RSS = "application/rss+xml; charset=UTF-8"
NEWEST = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Reply:
    """What the site answers with instead of its feed."""

    status: int = 200
    body: bytes = b""
    kind: str = RSS
    headers: Mapping[str, str] = field(default_factory=dict)


class FeedSite:
    """Serves `feed` at /feed/ with ETag and 304, or `reply` when one is set. `asked`: the headers of each request, small letters;
    `most_at_once`: how many were there together."""

    def __init__(self) -> None:
        self.feed: bytes = b""
        self.kind = RSS
        self.reply: Reply | None = None
        self.validators = True
        self.asked: list[dict[str, str]] = []
        self.most_at_once = 0
        self.inside = 0
        self.lock = threading.Lock()
        self.asking = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def __enter__(self) -> "FeedSite":
        handler = type("Handler", (_Handler,), {"site": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/feed/"

    def wait_inside(self) -> None:
        """Hold every answer back until `go_on` is set; `asking` is set once somebody waits."""
        self.asking.clear()
        self.go_on.clear()


class _Handler(BaseHTTPRequestHandler):
    site: FeedSite

    def do_GET(self) -> None:
        site = self.site
        with site.lock:
            site.inside += 1
            site.most_at_once = max(site.most_at_once, site.inside)
        try:
            self._answer(site)
        finally:
            with site.lock:
                site.inside -= 1

    def _answer(self, site: FeedSite) -> None:
        site.asked.append({name.lower(): value for name, value in self.headers.items()})
        site.asking.set()
        site.go_on.wait(30)
        reply = site.reply or self._feed()
        self.send_response(reply.status)
        if reply.status != 304:
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if reply.status != 304:
            self.wfile.write(reply.body)

    def _feed(self) -> Reply:
        site = self.site
        etag = f'"{hashlib.sha256(site.feed).hexdigest()[:16]}"'
        headers = {"ETag": etag} if site.validators else {}
        if site.validators and self.headers.get("If-None-Match") == etag:
            return Reply(304, headers=headers)
        return Reply(200, site.feed, site.kind, headers)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def item(title: str, **values: Any) -> dict[str, Any]:
    """An item of a feed as WordPress would make it. `day`: how many days before NEWEST. None leaves a part out."""
    slug = title.lower().replace(" ", "-")
    day = values.pop("day", 0)
    defaults = {
        "title": title,
        "link": f"https://blog.example/{slug}/",
        "guid": f"https://blog.example/?p={slug}",
        "date": format_datetime(NEWEST - timedelta(days=day)),
        "text": f"<p>Some words about {escape(title.lower())}, and then some more that only this post has.</p>",
    }
    return {**defaults, **values}


def rss(*items: dict[str, Any]) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Example</title><link>https://blog.example/</link>'
        + "".join(map(_item, items))
        + "</channel></rss>"
    ).encode()


def _item(values: dict[str, Any]) -> str:
    parts = {
        "title": values["title"],
        "link": values["link"],
        "guid": values["guid"],
        "pubDate": values["date"],
        "description": values["text"],
    }
    return "<item>" + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parts.items() if value is not None) + "</item>"
