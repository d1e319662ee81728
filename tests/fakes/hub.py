"""A WebSub hub over real HTTP on loopback: takes wishes, asks back, and rings with a signature. https://www.w3.org/TR/websub/

with Hub() as hub:
    ...                       # somebody subscribes
    hub.asked[-1]["hub.topic"]
    hub.verify()              # asks back as hubs do
    hub.distribute(body)      # rings
"""

import hmac
import secrets
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qsl, urlencode


class Hub:
    """Answers every wish with `status`. `asked`: the wishes, as their forms said them."""

    def __init__(self, status: int = 202) -> None:
        self.status = status
        self.asked: list[dict[str, str]] = []

    def __enter__(self) -> "Hub":
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hub"

    def question(self, lease: int = 864000, **changes: str) -> tuple[str, str]:
        """(where and what it asks back, the challenge that must come back) for the last wish."""
        challenge = secrets.token_hex(8)
        wish = self.asked[-1]
        words = {"hub.mode": "subscribe", "hub.topic": wish["hub.topic"], "hub.challenge": challenge, "hub.lease_seconds": str(lease)}
        return (
            f"{wish['hub.callback']}?{urlencode(words | {name.replace('_', '.', 1): value for name, value in changes.items()})}",
            challenge,
        )

    def verify(self, lease: int = 864000) -> bool:
        """Ask back over HTTP. True: the subscriber has confirmed."""
        address, challenge = self.question(lease)
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return bool(answer.read().decode() == challenge)
        except urllib.error.HTTPError:
            return False

    def signed(self, body: bytes, method: str = "sha256") -> dict[str, str]:
        return {"X-Hub-Signature": f"{method}={hmac.new(self.asked[-1]['hub.secret'].encode(), body, method).hexdigest()}"}

    def distribute(self, body: bytes, method: str = "sha256") -> int:
        """Ring over HTTP; the status that came back."""
        request = urllib.request.Request(
            self.asked[-1]["hub.callback"], body, self.signed(body, method) | {"Content-Type": "application/rss+xml"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.hub.asked.append(dict(parse_qsl(form)))
        self.send_response(self.hub.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
