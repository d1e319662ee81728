"""A mail relay that misbehaves towards chosen addresses, and counts what each person really got.

What an address gets is told by its local part, up to the first dot: `gone.12@...` is refused with 550.

| local part | the relay |
|---|---|
| `grey` | asks to be tried later, twice, then takes it |
| `busy` | always asks to be tried later |
| `gone` | says at RCPT that the mailbox does not exist |
| `full` | says at RCPT that the mailbox is full |
| `spam` | refuses the message after its body |
| `later` | after the body, asks once to be tried later |
| `lost` | drops the line after DATA, without having taken anything |
| `kept` | takes the message, then drops the line without saying so |
| `hangup` | drops the line at RCPT, once |
| `closing` | answers 421 at RCPT, once, and drops the line |
| `slow` | takes its time with the answer to the body |
| `deaf` | says nothing more once it has been asked for them |
| `full-of-it` | stops reading in the middle of the body |

`features`: what it offers beside the login, as EHLO tells it: PIPELINING, SIZE 1000, SMTPUTF8, STARTTLS, AUTH LOGIN XOAUTH2.
Without PIPELINING it drops the line of whoever does not wait for its answers.
"""

import base64
import io
import re
import socket
import socketserver
import ssl
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


class Gone(Exception):
    """The line was dropped, by either side."""


class Relay:
    """`with Relay() as relay:` serves on `relay.port`. `taken`: copies per address; `messages`: the bytes of each."""

    def __init__(
        self,
        *,
        login: tuple[str, str] | None = None,
        slowness: float = 0.2,
        greeting: str = "220 relay.example ESMTP",
        features: tuple[str, ...] = (),
        tls: ssl.SSLContext | None = None,
        asks_for_body_anyway: bool = False,
        conversation: "type[Conversation] | None" = None,
    ) -> None:
        """`tls`: encrypted from the start, or from STARTTLS on where that is offered. `asks_for_body_anyway`: also for a reader that it refused.

        `conversation`: how it speaks on each line, where that is stranger than all this.
        """
        self.login, self.slowness, self.greeting = login, slowness, greeting
        self.features, self.tls, self.asks_for_body_anyway = features, tls, asks_for_body_anyway
        self.taken: Counter[str] = Counter()
        self.messages: dict[str, list[bytes]] = defaultdict(list)
        self.lines: list[str] = []
        self.connections = 0
        self.before_body: Callable[[str], None] = lambda address: None
        self.over = threading.Event()
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        relay = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                (conversation or Conversation)(relay, self.request).run()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> "Relay":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def mail_to(self, address: str) -> EmailMessage:
        """The one copy that an address got."""
        (raw,) = self.messages[address]
        return message_from_bytes(raw, policy=default)

    def is_first(self, address: str, what: str, times: int = 1) -> bool:
        """True the first `times` times that this is asked."""
        with self._lock:
            self._seen[f"{what} {address}"] += 1
            return self._seen[f"{what} {address}"] <= times

    def take(self, address: str, body: bytes) -> None:
        with self._lock:
            self.taken[address] += 1
            self.messages[address].append(body)


class Conversation:
    def __init__(self, relay: Relay, sock: socket.socket) -> None:
        self.relay = relay
        self.to = ""
        self.is_begun = self.is_accepted = False
        if relay.tls and "STARTTLS" not in relay.features:
            sock = relay.tls.wrap_socket(sock, server_side=True)
        self.listen_to(sock)

    def listen_to(self, sock: socket.socket) -> None:
        self.sock = sock
        self.read: io.BufferedReader = sock.makefile("rb")

    def run(self) -> None:
        self.relay.connections += 1
        try:
            self.say(self.relay.greeting)
            while self.relay.greeting.startswith("220"):
                self.answer(self.line())
        except (Gone, OSError):
            pass
        finally:
            self.read.close()
            self.sock.close()

    def say(self, text: str) -> None:
        if "PIPELINING" not in self.relay.features and not isinstance(self.sock, ssl.SSLSocket):
            self.sock.setblocking(False)
            try:
                if self.read.peek():
                    raise Gone  # it did not wait
            finally:
                self.sock.setblocking(True)
        self.send(f"{text}\r\n".encode())

    def send(self, words: bytes) -> None:
        self.sock.sendall(words)

    def line(self) -> str:
        line = self.read.readline()
        if not line:
            raise Gone
        self.relay.lines.append(line.decode(errors="replace").rstrip())
        return self.relay.lines[-1]

    @property
    def kind(self) -> str:
        return re.split(r"[.@]", self.to)[0]

    def answer(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        match verb.upper():
            case "EHLO":
                self.hello()
            case "STARTTLS" if self.relay.tls:
                self.say("220 2.0.0 Go ahead")
                self.listen_to(self.relay.tls.wrap_socket(self.sock, server_side=True))
            case "AUTH":
                self.sign_in(*rest.split())
            case "MAIL" if self.is_begun:
                self.say("503 5.5.1 Nested MAIL command")
            case "MAIL":
                self.is_begun, self.is_accepted = True, False
                self.say("250 2.0.0 OK")
            case "RSET" | "NOOP":
                self.is_begun = self.is_accepted = False
                self.say("250 2.0.0 OK")
            case "RCPT" if not self.is_begun:
                self.say("503 5.5.1 Need MAIL command")
            case "RCPT":
                self.to = line[line.index("<") + 1 : line.rindex(">")]
                self.recipient()
            case "DATA" if not self.is_accepted and not self.relay.asks_for_body_anyway:
                self.say("554 5.5.1 No valid recipients")
            case "DATA":
                self.data()
                self.is_begun = self.is_accepted = False
            case "QUIT":
                self.say("221 2.0.0 Bye")
                raise Gone
            case _:
                self.say("502 5.5.2 Not understood")

    def hello(self) -> None:
        features = [word for word in self.relay.features if word != "STARTTLS" or not isinstance(self.sock, ssl.SSLSocket)]
        if self.relay.login and not any(word.startswith("AUTH") for word in features):
            features.append("AUTH PLAIN")
        *first, last = ["relay.example", *features]
        for words in first:
            self.send(f"250-{words}\r\n".encode())
        self.say(f"250 {last}")

    def sign_in(self, way: str, first: str = "") -> None:
        match way.upper():
            case "PLAIN":
                given = tuple(_decoded(first).split("\0")[1:])
            case "LOGIN":
                given = (_decoded(first) if first else self.asked("Username:"), self.asked("Password:"))
            case "XOAUTH2":
                user, token, *_ = _decoded(first).split("\x01")
                given = (user.removeprefix("user="), token.removeprefix("auth=Bearer "))
                if given != self.relay.login:
                    self.asked('{"status": "401"}')
        self.say("235 2.7.0 Welcome" if given == self.relay.login else "535 5.7.8 Authentication failed")

    def asked(self, challenge: str) -> str:
        self.say(f"334 {base64.b64encode(challenge.encode()).decode()}")
        return _decoded(self.line())

    def recipient(self) -> None:
        match self.kind:
            case "grey" if self.relay.is_first(self.to, "grey", 2):
                self.say("451 4.7.1 Greylisted, come back later")
            case "busy":
                self.say("450 4.2.1 Mailbox busy")
            case "gone":
                self.say("550 5.1.1 No such user here")
            case "full":
                self.say("552 5.2.2 Mailbox full")
            case "hangup" if self.relay.is_first(self.to, "hangup"):
                raise Gone
            case "closing" if self.relay.is_first(self.to, "closing"):
                self.say("421 4.3.2 Shutting down")
                raise Gone
            case "deaf":
                self.relay.over.wait()
            case _:
                self.is_accepted = True
                self.say("250 2.1.5 OK")

    def data(self) -> None:
        self.relay.before_body(self.to)
        self.say("354 Go on")
        if self.kind == "full-of-it":
            self.relay.over.wait()
        body = self.body()
        if not self.is_accepted:
            self.say("554 5.5.1 No valid recipients")
            return
        match self.kind:
            case "lost":
                raise Gone
            case "kept":
                self.relay.take(self.to, body)
                raise Gone
            case "spam":
                self.say("554 5.7.1 This looks like spam")
                return
            case "later" if self.relay.is_first(self.to, "later"):
                self.say("451 4.3.0 Out of disk")
                return
            case "slow":
                threading.Event().wait(self.relay.slowness)
        self.relay.take(self.to, body)
        self.say("250 2.0.0 Queued")

    def body(self) -> bytes:
        lines = []
        while (line := self.read.readline()) != b".\r\n":
            if not line:
                raise Gone
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
