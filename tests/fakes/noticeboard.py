"""Noticeboard: a small social network of our own, over real HTTP, that can misbehave in every way a real one has.

    python -m tests.fakes.noticeboard --port 8020 --state notices.jsonl

    with Noticeboard() as board:
        board.misbehave("lose-after", times=2)
        ...
        assert board.count(text) == 1

    POST   /notices    {"author", "text", "link", "image", "alt"} -> 201 {"id", "url"}
    GET    /notices    ?author=&since=&page=1 -> {"notices": [...], "next": 2 or null}, newest first
    DELETE /notices/5  -> 204
    POST   /pictures   {"address"} -> 201 {"id"}
    GET    /n/5        the notice as a page
    POST   /misbehave  {"fault", "times", "seconds", "on"} and/or {"lag", "refuses_duplicates", "chaos", "seed"}

A fault is used up by the requests it was ordered for, in order. What it does: `FAULTS`.
"""

import argparse
import json
import os
import random
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

FAULTS = {
    "none": "this one goes well",
    "lose-before": "the connection closes; nothing was posted",
    "lose-after": "posted; the connection closes without an answer",
    "500-before": "500; nothing was posted",
    "500-after": "posted; 500",
    "late": "posted; the answer comes `seconds` later",
    "commit-late": "the connection closes; it is posted `seconds` later",
    "drip": "posted; the answer comes byte by byte over `seconds`",
    "half": "posted; the connection closes half way through the answer",
    "garbage": "posted; the answer is no JSON",
    "401": "refused",
    "403": "refused",
    "404": "refused",
    "422": "refused",
    "429": "refused; Retry-After: `seconds`",
    "503": "refused; Retry-After: `seconds`",
    "echo": "refused; the answer repeats the request's Authorization",
    "ghost": "refused as a duplicate of a notice that does not exist",
}
CHAOS = ("lose-before", "lose-after", "500-before", "500-after", "late", "commit-late", "half", "garbage", "429", "422")
PAGE = 10
WORDS = {
    401: "no such token",
    403: "this account may not post",
    404: "no such board",
    422: "not like this",
    429: "slow down",
    503: "closed",
}


@dataclass(frozen=True)
class Notice:
    id: int
    author: str
    text: str
    link: str
    image: str
    alt: str
    at: str


@dataclass
class Fault:
    name: str
    times: int
    seconds: float


@dataclass
class Noticeboard:
    """The network itself: its notices, and how it misbehaves. Entered as a context it serves on a free port of loopback."""

    port: int = 0
    token: str = ""
    """Asked for on every request, unless empty."""
    state: Path | None = None
    """Every notice is added here, and read again at the next start."""
    refuses_duplicates: bool = False
    lag: float = 0.0
    """A new notice shows in listings only after so many seconds."""
    most: int = 500
    """Characters in a text."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """(method, path) of each, but for the control's."""

    def __post_init__(self) -> None:
        self.notices: list[Notice] = []
        self.pictures: list[str] = []
        self._deleted: set[int] = set()
        self._committed: dict[int, float] = {}
        self._faults: dict[str, deque[Fault]] = {"post": deque(), "list": deque(), "upload": deque()}
        self._chaos, self._random = 0.0, random.Random()
        self._lock = threading.RLock()
        self._stopped = threading.Event()
        if self.state and self.state.exists():
            self.notices = [Notice(**json.loads(line)) for line in self.state.read_text().splitlines()]

    # The control ------------------------------------------------------------------------------------------------------

    def misbehave(self, fault: str, *, times: int = 1, seconds: float = 1.0, on: str = "post") -> None:
        """Order a fault for the next `times` requests that post (`on="post"`), list (`"list"`) or upload a picture (`"upload"`)."""
        if fault not in FAULTS:
            raise ValueError(f"{fault!r} is no fault; allowed are {', '.join(FAULTS)}")
        with self._lock:
            self._faults[on].append(Fault(fault, times, seconds))

    def chaos(self, share: float, seed: int) -> None:
        """From now on a share of the requests that post meets a fault drawn from `CHAOS`."""
        with self._lock:
            self._chaos, self._random = share, random.Random(seed)

    def control(self, order: dict[str, Any]) -> None:
        if "fault" in order:
            self.misbehave(**{key: order[key] for key in ("fault", "times", "seconds", "on") if key in order})
        if "chaos" in order:
            self.chaos(order["chaos"], order["seed"])
        self.lag = order.get("lag", self.lag)
        self.refuses_duplicates = order.get("refuses_duplicates", self.refuses_duplicates)

    def next_fault(self, on: str) -> Fault | None:
        with self._lock:
            queue = self._faults[on]
            if queue:
                fault = queue[0]
                fault.times -= 1
                if fault.times <= 0:
                    queue.popleft()
                return fault
            if on == "post" and self._random.random() < self._chaos:
                return Fault(self._random.choice(CHAOS), 1, self._random.uniform(0.1, 3.0))
            return None

    # The notices ------------------------------------------------------------------------------------------------------

    def commit(self, author: str = "postlark", text: str = "", link: str = "", image: str = "", alt: str = "") -> Notice:
        with self._lock:
            notice = Notice(len(self.notices) + 1, author, text, link, image, alt, datetime.now(UTC).isoformat())
            self.notices.append(notice)
            self._committed[notice.id] = time.monotonic()
            if self.state:
                with self.state.open("a") as stream:
                    stream.write(json.dumps(asdict(notice)) + "\n")
                    stream.flush()
                    os.fsync(stream.fileno())
            return notice

    def commit_later(self, seconds: float, **notice: str) -> None:
        """As a request that was accepted and is carried out when its sender has long given up."""

        def carry_out() -> None:
            if not self.wait(seconds):
                self.commit(**notice)

        threading.Thread(target=carry_out, daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Pass the time; True when the server stopped meanwhile."""
        return self._stopped.wait(seconds)

    def twin_of(self, author: str, text: str, link: str) -> Notice | None:
        return next((n for n in self.standing() if (n.author, n.text, n.link) == (author, text, link)), None)

    def page(self, author: str, since: datetime, page: int) -> dict[str, Any]:
        now = time.monotonic()
        shown = [
            asdict(notice) | {"id": str(notice.id), "url": f"{self.url}/n/{notice.id}"}
            for notice in reversed(self.standing())
            if notice.author == author
            and datetime.fromisoformat(notice.at) >= since
            and now - self._committed.get(notice.id, 0) >= self.lag
        ]
        last = page * PAGE
        return {"notices": shown[last - PAGE : last], "next": page + 1 if len(shown) > last else None}

    def delete(self, number: int) -> bool:
        with self._lock:
            there = number in {notice.id for notice in self.standing()}
            self._deleted.add(number)
            return there

    def count(self, text: str) -> int:
        """How often this text was ever posted, deleted or not."""
        return sum(notice.text == text for notice in self.notices)

    def counts(self) -> Counter[str]:
        """How often each link was ever posted."""
        return Counter(notice.link for notice in self.notices)

    def standing(self) -> list[Notice]:
        with self._lock:
            return [notice for notice in self.notices if notice.id not in self._deleted]

    # Serving ----------------------------------------------------------------------------------------------------------

    def __enter__(self) -> "Noticeboard":
        self.server = _Server(("127.0.0.1", self.port), _Handler)
        self.server.board = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    board: Noticeboard

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed in mid-request is what this server is for; nothing to tell."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path.startswith("/n/"):
            return self._show(parts.path)
        if parts.path != "/notices":
            return self._answer(404, {"error": "no such page"})
        if not self._admitted():
            return None
        fault = self.server.board.next_fault("list")
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        since = datetime.fromisoformat(query.get("since") or "2000-01-01T00:00:00+00:00")
        listing = self.server.board.page(query.get("author", "postlark"), since, int(query.get("page", "1")))
        return self._with(fault, 200, listing)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        if self.path == "/misbehave":
            self.server.board.control(body)
            return self._answer(200, {})
        if not self._admitted():
            return None
        if self.path == "/pictures":
            return self._keep_picture(str(body.get("address", "")))
        if self.path == "/notices":
            return self._post({key: str(body.get(key, "")) for key in ("author", "text", "link", "image", "alt")})
        return self._answer(404, {"error": "no such page"})

    def do_DELETE(self) -> None:
        if self._admitted():
            number = self.path.rpartition("/")[2]
            there = number.isdigit() and self.server.board.delete(int(number))
            self._answer(204 if there else 404, {})

    def _admitted(self) -> bool:
        board = self.server.board
        board.requests.append((self.command, self.path))
        if board.token and self.headers.get("Authorization") != f"Bearer {board.token}":
            self._answer(401, {"error": WORDS[401]})
            return False
        return True

    def _keep_picture(self, address: str) -> None:
        fault = self.server.board.next_fault("upload")
        self.server.board.pictures.append(address)
        self._with(fault, 201, {"id": f"picture-{len(self.server.board.pictures)}"})

    def _post(self, notice: dict[str, str]) -> None:
        """A notice goes up; faults that strike before it does end here."""
        board = self.server.board
        fault = board.next_fault("post")
        name = fault.name if fault else ""
        if fault and name == "commit-late":
            board.commit_later(fault.seconds, **notice)
        if name == "ghost":
            return self._answer(409, {"error": "you have posted this already", "id": "999999"})
        if name in ("lose-before", "commit-late", "500-before") or name == "echo" or name.isdigit():
            return self._with(fault, 0, {})
        if not notice["text"].strip() or len(notice["text"]) > board.most:
            return self._answer(422, {"error": f"a text has 1 to {board.most} characters"})
        twin = board.twin_of(notice["author"], notice["text"], notice["link"]) if board.refuses_duplicates else None
        if twin:
            return self._answer(409, {"error": "you have posted this already", "id": str(twin.id)})
        posted = board.commit(**notice)
        return self._with(fault, 201, {"id": str(posted.id), "url": f"{board.url}/n/{posted.id}"})

    def _with(self, fault: Fault | None, status: int, document: dict[str, Any]) -> None:
        """Answer as the fault says; without one, as is due."""
        name = fault.name if fault else ""
        if fault and name == "late":
            self.server.board.wait(fault.seconds)
            name = ""
        if name.startswith(("lose", "commit-late")):
            self.close_connection = True
        elif name in ("500-before", "500-after"):
            self._answer(500, {"error": "something broke"})
        elif name == "half":
            self._send(status, json.dumps(document).encode(), share=0.5)
        elif fault and name == "drip":
            self._send(status, json.dumps(document).encode(), over=fault.seconds)
        elif name == "echo":
            self._answer(422, {"error": f"not with {self.headers['Authorization']}"})
        elif name == "garbage":
            self._send(status, b'<html>{"id": ')
        elif fault and name.isdigit():
            retry = {"Retry-After": f"{fault.seconds:.0f}"} if name in ("429", "503") else {}
            self._answer(int(name), {"error": WORDS[int(name)]}, retry)
        else:
            self._answer(status, document)

    def _show(self, path: str) -> None:
        notice = next((n for n in self.server.board.standing() if path == f"/n/{n.id}"), None)
        if notice is None:
            return self._answer(404, {"error": "no such notice"})
        picture = f'<p><img src="{escape(notice.image)}" alt="{escape(notice.alt)}"></p>' if notice.image else ""
        page = f"<!doctype html><title>{notice.author}</title><p>{escape(notice.text)}</p><p>{escape(notice.link)}</p>{picture}"
        return self._send(200, page.encode(), {"Content-Type": "text/html; charset=utf-8"})

    def _answer(self, status: int, document: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(document).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None, *, share: float = 1.0, over: float = 0.0) -> None:
        """An answer, of which only a share is sent before the line closes, or which takes its time."""
        self.close_connection = True
        with suppress(ConnectionError):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if status == 204:
                return
            for byte in body if over else ():
                self.wfile.write(bytes([byte]))
                self.server.board.wait(over / len(body))
            if not over:
                self.wfile.write(body[: int(len(body) * share)])

    def log_message(self, format: str, *args: object) -> None:
        """A fake is quiet."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8020)
    parser.add_argument("--state", type=Path, help="a file that keeps every notice over restarts")
    parser.add_argument("--token", default="", help="ask for this token")
    arguments = parser.parse_args()
    with Noticeboard(port=arguments.port, state=arguments.state, token=arguments.token), suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    main()
