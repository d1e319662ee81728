"""What every stand-in for a network has in common: a server on loopback, what was posted, and every way to misbehave.

    with Pinterest() as network:
        network.misbehave("lose-after", times=2)
        network.misbehave("500-before", on="list")
        ...
        assert network.count(text) == 1

    python -m tests.fakes.pinterest --port 8020 --state pins.jsonl

A network is a subclass of `Network`: `kind` says what a request is for, `answer` does what it asks and answers it, strictly,
`refusal` gives the network's own words for a refusal. Beside the network's own addresses each has

    GET  /           what was posted, as a page
    POST /misbehave  {"fault", "times", "seconds", "on"} and/or {"lag", "refuses_duplicates", "chaos", "seed"}

A fault is used up by the requests it was ordered for, in order. What it does: `FAULTS`, and the network's own `refusals`.
"""

import argparse
import hashlib
import json
import os
import random
import socket
import struct
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from html import escape
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, urlsplit

FAULTS = {
    "none": "this one goes well",
    "lose-before": "the connection closes; nothing was done",
    "lose-after": "done; the connection closes without an answer",
    "reset": "done; the connection is reset",
    "500-before": "500; nothing was done",
    "500-after": "done; 500",
    "late": "done; the answer comes `seconds` later",
    "commit-late": "the connection closes; it is done `seconds` later",
    "drip": "done; the answer comes byte by byte over `seconds`",
    "half": "done; the connection closes half way through the answer",
    "garbage": "done; the answer breaks off where it should be JSON",
    "html": "done; the answer is a web page",
}
REFUSALS = {
    "401": "refused",
    "403": "refused",
    "404": "refused",
    "422": "refused",
    "429": "refused; says how long to wait: `seconds`",
    "429-bare": "refused; does not say how long to wait",
    "503": "refused",
    "echo": "refused; the answer repeats the request's Authorization",
}
CHAOS = ("lose-before", "lose-after", "reset", "500-before", "500-after", "late", "commit-late", "half", "garbage", "html", "429", "422")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    """Without the query."""
    query: dict[str, str]
    headers: Mapping[str, str]
    """Found in any case of letters."""
    body: bytes

    def json(self) -> dict[str, Any]:
        """ValueError when it is not one object."""
        document = json.loads(self.body or b"{}")
        if not isinstance(document, dict):
            raise ValueError("not an object")
        return document

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, document: Any, **headers: str) -> "Reply":
        """`document` as JSON; in a header's name _ stands for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, json.dumps(document).encode(), {"Content-Type": "application/json", **named})

    @classmethod
    def page(cls, title: str, body: str, status: int = 200) -> "Reply":
        text = f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><h1>{escape(title)}</h1>{body}"
        return cls(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})

    def bytes(self) -> tuple[bytes, bytes]:
        """Head and body as they go over the wire; the network's own headers come last."""
        lines = [f"HTTP/1.1 {self.status} {responses.get(self.status, '')}", "Connection: close"]
        if self.status != 204:
            lines.append(f"Content-Length: {len(self.body)}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1"), b"" if self.status == 204 else self.body


@dataclass(frozen=True)
class Post:
    """One thing that was posted: what all networks have, and `body`, the network's own."""

    id: str
    text: str
    link: str
    at: str
    body: dict[str, Any]

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)


@dataclass
class Fault:
    name: str
    times: int
    seconds: float


@dataclass
class Network(ABC):
    """Entered as a context it serves, on a free port of loopback unless told otherwise."""

    port: int = 0
    token: str = ""
    """Asked for on every request, unless empty."""
    state: Path | None = None
    """Every post is added here, and read again at the next start."""
    refuses_duplicates: bool = False
    lag: float = 0.0
    """A new post shows in listings only after so many seconds."""
    requests: list[Request] = field(default_factory=list)
    """All of them, but for the control's."""

    refusals: ClassVar[Mapping[str, str]] = REFUSALS
    """The faults by which this network refuses, and does nothing."""
    chaotic: ClassVar[tuple[str, ...]] = CHAOS

    def __post_init__(self) -> None:
        self.posts: list[Post] = []
        self.pictures: dict[str, bytes] = {}
        self._gone: set[str] = set()
        self._committed: dict[str, float] = {}
        self._faults: dict[str, deque[Fault]] = {}
        self._chaos, self._random = 0.0, random.Random()
        self.lock = threading.RLock()
        self._stopped = threading.Event()
        if self.state and self.state.exists():
            self.posts = [Post(**json.loads(line)) for line in self.state.read_text().splitlines()]

    # What a network says of itself ------------------------------------------------------------------------------------

    @abstractmethod
    def kind(self, request: Request) -> str:
        """What a request is for: "post", "list", "upload", "read", "delete", "edit", "token". Faults are ordered by it."""

    @abstractmethod
    def answer(self, request: Request) -> Reply:
        """Do what is asked, or refuse what the real network would."""

    @abstractmethod
    def refusal(self, name: str, seconds: float, request: Request) -> Reply:
        """The network's own words for one of `refusals`, and for "500"."""

    # The control ------------------------------------------------------------------------------------------------------

    def misbehave(self, fault: str, *, times: int = 1, seconds: float = 1.0, on: str = "post") -> None:
        """Order a fault for the next `times` requests of one kind."""
        if fault not in FAULTS and fault not in self.refusals:
            raise ValueError(f"{fault!r} is no fault; allowed are {', '.join([*FAULTS, *self.refusals])}")
        with self.lock:
            self._faults.setdefault(on, deque()).append(Fault(fault, times, seconds))

    def misbehaves_no_more(self) -> None:
        """What was ordered and not used up is forgotten."""
        with self.lock:
            self._faults.clear()

    def chaos(self, share: float, seed: int) -> None:
        """From now on a share of the requests that post meets a fault drawn from `chaotic`."""
        with self.lock:
            self._chaos, self._random = share, random.Random(seed)

    def control(self, order: dict[str, Any]) -> None:
        if "fault" in order:
            self.misbehave(**{key: order[key] for key in ("fault", "times", "seconds", "on") if key in order})
        if "chaos" in order:
            self.chaos(order["chaos"], order["seed"])
        self.lag = order.get("lag", self.lag)
        self.refuses_duplicates = order.get("refuses_duplicates", self.refuses_duplicates)

    def next_fault(self, kind: str) -> Fault:
        with self.lock:
            queue = self._faults.get(kind)
            if queue:
                fault = queue[0]
                fault.times -= 1
                if fault.times <= 0:
                    queue.popleft()
                return fault
            if kind == "post" and self._random.random() < self._chaos:
                return Fault(self._random.choice(self.chaotic), 1, self._random.uniform(0.1, 3.0))
            return Fault("none", 1, 0.0)

    # What was posted --------------------------------------------------------------------------------------------------

    def commit(self, id: str, text: str, link: str, body: dict[str, Any]) -> Post:
        with self.lock:
            post = Post(id, text, link, datetime.now(UTC).isoformat(), body)
            self.posts.append(post)
            self._committed[post.id] = time.monotonic()
            if self.state:
                with self.state.open("a") as stream:
                    stream.write(json.dumps(asdict(post)) + "\n")
                    stream.flush()
                    os.fsync(stream.fileno())
            return post

    def replace(self, post: Post, text: str, body: dict[str, Any]) -> None:
        """A post was edited."""
        with self.lock:
            self.posts[self.posts.index(post)] = Post(post.id, text, post.link, post.at, body)

    def remove(self, id: str) -> bool:
        """False: it was not there."""
        with self.lock:
            there = self.standing(id) is not None
            self._gone.add(id)
            return there

    def standing(self, id: str) -> Post | None:
        with self.lock:
            return next((post for post in self.posts if post.id == id and post.id not in self._gone), None)

    def all_standing(self) -> list[Post]:
        with self.lock:
            return [post for post in self.posts if post.id not in self._gone]

    def shown(self) -> list[Post]:
        """What listings show, newest first."""
        now = time.monotonic()
        return [post for post in reversed(self.all_standing()) if now - self._committed.get(post.id, 0) >= self.lag]

    def count(self, text: str) -> int:
        """How often this text was ever posted, deleted or not."""
        return sum(post.text == text for post in self.posts)

    def counts(self) -> Counter[str]:
        """How often each link was ever posted."""
        return Counter(post.link for post in self.posts)

    def keep_picture(self, data: bytes) -> str:
        """Its address on this server."""
        name = hashlib.sha256(data).hexdigest()[:16]
        self.pictures[name] = data
        return f"{self.url}/kept/{name}"

    def front(self) -> Reply:
        """What was posted, for people who watch."""
        return Reply.page(f"{type(self).__name__}, a stand-in", "".join(map(self._shown_to_people, reversed(self.all_standing()))))

    def as_read(self, text: str) -> str:
        """What readers see of the text on the wire."""
        return text

    def _shown_to_people(self, post: Post) -> str:
        words = "".join(f"<p>{escape(line)}</p>" for line in self.as_read(post.text).splitlines() if line)
        address = escape(post.link, quote=True)
        picture = f'<p><img src="{escape(post.body["picture"])}" alt="" width="300"></p>' if post.body.get("picture") else ""
        return f'<article>{picture}{words}<p><a href="{address}">{address}</a></p><p><small>{escape(post.id)} {post.at[:16]}</small></p></article><hr>'

    # Serving ----------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.network = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait(self, seconds: float) -> bool:
        """Pass the time; True when the server stopped meanwhile."""
        return self._stopped.wait(seconds)

    def later(self, seconds: float, request: Request) -> None:
        """As a request that was accepted and is carried out when its sender has long given up."""

        def carry_out() -> None:
            if not self.wait(seconds):
                self.answer(request)

        threading.Thread(target=carry_out, daemon=True).start()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    network: Network

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed in mid-request is what this server is for; nothing to tell."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _handle(self) -> None:
        network = self.server.network
        request = self._read()
        if request is None:
            return
        if (request.method, request.path) == ("POST", "/misbehave"):
            network.control(request.json())
            self._send(Reply.of(200, {}))
        elif (request.method, request.path) == ("GET", "/"):
            self._send(network.front())
        elif request.method == "GET" and request.path.startswith("/kept/"):
            picture = network.pictures.get(request.path.removeprefix("/kept/"))
            self._send(Reply(200, picture, {"Content-Type": "image/jpeg"}) if picture else Reply(404))
        else:
            network.requests.append(request)
            self._meet(network.next_fault(network.kind(request)), request)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def _read(self) -> Request | None:
        """None: its sender died before the end."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        parts = urlsplit(self.path)
        self.close_connection = True
        if len(body) < length:
            return None
        return Request(self.command, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), self.headers, body)

    def _meet(self, fault: Fault, request: Request) -> None:
        """What strikes before the request is carried out; then it is, and what strikes after."""
        network = self.server.network
        if fault.name in network.refusals:
            self._send(network.refusal(fault.name, fault.seconds, request))
        elif fault.name == "500-before":
            self._send(network.refusal("500", fault.seconds, request))
        elif fault.name == "commit-late":
            network.later(fault.seconds, request)
        elif fault.name != "lose-before":
            self._answer_badly(fault, network.answer(request), request)

    def _answer_badly(self, fault: Fault, reply: Reply, request: Request) -> None:
        network = self.server.network
        match fault.name:
            case "lose-after":
                pass
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            case "500-after":
                self._send(network.refusal("500", fault.seconds, request))
            case "late":
                network.wait(fault.seconds)
                self._send(reply)
            case "drip":
                self._send(reply, over=fault.seconds)
            case "half":
                self._send(reply, half=True)
            case "garbage":
                self._send(Reply(reply.status, b'<html>{"id": '))
            case "html":
                self._send(Reply.page("One moment, please", "<p>We will be back soon.</p>"))
            case _:
                self._send(reply)

    def _send(self, reply: Reply, *, half: bool = False, over: float = 0.0) -> None:
        """An answer; only half of it before the line closes, or byte by byte."""
        head, body = reply.bytes()
        whole = head + body
        with suppress(ConnectionError):
            if half:  # of an answer without a body the last header breaks off
                self.wfile.write(whole[: len(head) + len(body) // 2] if body else head[:-10])
            elif over:
                for byte in whole:
                    self.wfile.write(bytes([byte]))
                    self.server.network.wait(over / len(whole))
            else:
                self.wfile.write(whole)

    def log_message(self, format: str, *args: object) -> None:
        """A stand-in is quiet."""


def serve(network: type[Network], port: int) -> None:
    """The stand-in's own command."""
    parser = argparse.ArgumentParser(description=f"{network.__name__}, a stand-in for tests and for watching.")
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--state", type=Path, help="a file that keeps every post over restarts")
    parser.add_argument("--token", default="", help="ask for this token")
    arguments = parser.parse_args()
    with network(port=arguments.port, state=arguments.state, token=arguments.token), suppress(KeyboardInterrupt):
        threading.Event().wait()
