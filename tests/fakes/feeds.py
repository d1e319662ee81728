"""A web site with a feed, over real HTTP on loopback, that keeps its manners or loses them.

with FeedSite() as site:
    site.feed = rss(item("One"), item("Two"))
    ...
    site.reply = Reply(503, headers={"Retry-After": "120"})
    site.misbehave = MISBEHAVIOURS["closes in the middle"]
    assert site.asked[-1]["if-none-match"]
"""

import gzip
import hashlib
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import brotli

RSS = "application/rss+xml; charset=UTF-8"
NEWEST = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


Misbehaviour = Callable[[socket.socket], None]
"""Answers a request that was read, with whatever bytes it likes."""


@dataclass(frozen=True)
class Reply:
    """What the site answers with instead of its feed."""

    status: int = 200
    body: bytes = b""
    kind: str = RSS
    headers: Mapping[str, str] = field(default_factory=dict)


class FeedSite:
    """Serves `feed` at /feed/ with ETag and 304, `others` at their paths, or `reply` when one is set. `asked`: the headers of each request, small letters;
    `most_at_once`: how many were there together."""

    def __init__(self) -> None:
        self.feed: bytes = b""
        self.kind = RSS
        self.reply: Reply | None = None
        self.misbehave: Misbehaviour | None = None
        self.others: dict[str, Reply] = {}
        self.validators = True
        self.etag = ""
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
        if site.misbehave:
            self.close_connection = True
            with suppress(OSError):
                site.misbehave(self.connection)
            return
        reply = site.reply or site.others.get(self.path.partition("?")[0]) or self._feed()
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
        etag = site.etag or f'"{hashlib.sha256(site.feed).hexdigest()[:16]}"'
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


# Every way to misbehave ---------------------------------------------------------------------------------------------------


def _says(head: str, body: bytes = b"", *, length: int | None = None) -> Misbehaviour:
    """`head`: status line and headers. The length is the body's own unless another is claimed."""
    claimed = len(body) if length is None else length
    answer = f"HTTP/1.1 {head}\r\nContent-Length: {claimed}\r\n\r\n".encode("latin-1") + body
    return lambda line: line.sendall(answer)


def _raw(answer: bytes) -> Misbehaviour:
    return lambda line: line.sendall(answer)


def _drips(start: bytes, drop: bytes, pause: float = 0.01) -> Misbehaviour:
    """For ever, until the other side hangs up."""

    def drip(line: socket.socket) -> None:
        line.sendall(start)
        rest = threading.Event()
        while True:
            line.sendall(drop)
            rest.wait(pause)

    return drip


def _is_silent(line: socket.socket) -> None:
    line.settimeout(30)
    line.recv(1)  # until the other side hangs up


_FEED = rss(item("Alliance"), item("Coping skills", day=7))
_OK = "200 OK\r\nContent-Type: application/rss+xml"
_HEAD = f"HTTP/1.1 {_OK}\r\n".encode()
_ZEROS = b"\0" * 50_000_000

MISBEHAVIOURS: dict[str, Misbehaviour] = {
    "says nothing": _is_silent,
    "hangs up at once": lambda line: None,
    "breaks off in the first line": _raw(b"HTTP/1.1 20"),
    "breaks off among the headers": _raw(_HEAD + b"Content-Le"),
    "closes in the middle": _says(_OK, _FEED[: len(_FEED) // 2], length=len(_FEED)),
    "cuts the feed and claims it whole": _says(_OK, _FEED[:-60]),
    "ends without the last chunk": _raw(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n"),
    "counts its chunks wrongly": _raw(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n<rss>\r\n0\r\n\r\n"),
    "drips headers": _drips(_HEAD, b"X-Drip: drop\r\n"),
    "drips the body": _drips(_HEAD + b"Content-Length: 100000\r\n\r\n", b"<"),
    "continues for ever": _drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "sends without end": _drips(_HEAD + b"\r\n", b"<item/>" * 20_000, pause=0),
    "claims 50 MB": _drips(_HEAD + b"Content-Length: 50000000\r\n\r\n", b" " * 500_000, pause=0),
    "packs a bomb": _says(f"{_OK}\r\nContent-Encoding: gzip", gzip.compress(_ZEROS)),
    "packs a Brotli bomb": _says(f"{_OK}\r\nContent-Encoding: br", brotli.compress(_ZEROS, quality=5)),
    "packs a bomb in a bomb": _says(f"{_OK}\r\nContent-Encoding: gzip, gzip", gzip.compress(gzip.compress(_ZEROS))),
    "says it is packed and is not": _says(f"{_OK}\r\nContent-Encoding: gzip", _FEED),
    "packs half": _says(f"{_OK}\r\nContent-Encoding: gzip", gzip.compress(_FEED)[:-80]),
    "speaks another protocol": _raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "answers with noise": _raw(bytes(range(256)) * 40),
    "sends a header of a megabyte": _raw(_HEAD + b"X-Long: " + b"a" * 1_000_000 + b"\r\n\r\n"),
    "sends a thousand headers": _raw(_HEAD + b"".join(b"X-%d: a\r\n" % n for n in range(1000)) + b"\r\n"),
    "sends a page": _says("200 OK\r\nContent-Type: text/html", b"<html><head><title>Coming soon</title></head></html>"),
    "sends nothing and calls it fine": _says(_OK),
    "sends spaces": _says(_OK, b" \r\n" * 1000),
    "sends an error in JSON": _says("200 OK\r\nContent-Type: application/json", b'{"code":"rest_forbidden"}'),
    "has no content": _raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "sends a part": _says("206 Partial Content\r\nContent-Range: bytes 0-99/5000", _FEED[:100]),
    "wants a password": _says('401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"'),
    "forbids": _says("403 Forbidden", b"<html>Are you a robot?</html>"),
    "finds nothing": _says("404 Not Found"),
    "says gone": _says("410 Gone"),
    "limits us until a date": _says("429 Too Many Requests\r\nRetry-After: Sun, 22 Nov 2099 10:00:00 GMT"),
    "limits us with nonsense": _says("429 Too Many Requests\r\nRetry-After: ²\x00soon"),
    "breaks": _says("500 Internal Server Error", b"Error establishing a database connection"),
    "is under maintenance": _says("503 Service Unavailable\r\nRetry-After: 99999999999999999999"),
    "answers with a status nobody knows": _says("999 Request denied"),
    "redirects to itself": _says("301 Moved\r\nLocation: /feed/"),
    "redirects in a circle": lambda line: _says("302 Found\r\nLocation: /feed/?a=1")(line),
    "redirects to nowhere": _says("301 Moved\r\nLocation: http://127.0.0.1:1/feed/"),
    "redirects to a file": _says("302 Found\r\nLocation: file:///etc/passwd"),
    "redirects to no address": _says("302 Found\r\nLocation: http://["),
    "redirects with a NUL": _says("301 Moved\r\nLocation: /feed/\x00"),
    "redirects without saying where": _says("302 Found"),
}


def with_head(head: str, feed: bytes) -> Misbehaviour:
    """A whole feed under headers that lie or mean nothing."""
    return _says(f"200 OK\r\n{head}", feed)


LIES = {
    "a page's type": "Content-Type: text/html; charset=utf-8",
    "a picture's type": "Content-Type: image/png",
    "no type": "X-Powered-By: WordPress",
    "another charset": "Content-Type: application/rss+xml; charset=utf-7",
    "a charset of no kind": "Content-Type: application/rss+xml; charset=\x00\xff",
    "an ETag of a megabyte's fraction": f'ETag: "{"a" * 60_000}"',
    "an ETag with a NUL": 'ETag: "\x00"',
    "a Last-Modified in no language": "Last-Modified: gestern",
    "a Last-Modified in the future": "Last-Modified: Sun, 22 Nov 2099 10:00:00 GMT",
    "an Age of no kind": "Age: -1",
    "an endless max-age": "Cache-Control: public, max-age=999999999",
    "cookies": "Set-Cookie: a=b\r\nVary: *",
    "links of no kind": "Link: <<>>;;rel=hub,,<",
    "a header twice": "Content-Type: application/rss+xml\r\nContent-Type: text/html",
    "an unknown packing": "Content-Encoding: identity",
}
"""Headers beside which the feed is good all the same."""
