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
"""

import base64
import re
import socketserver
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


class _Gone(Exception):
    """The line was dropped, by either side."""


class Relay:
    """`with Relay() as relay:` serves on `relay.port`. `taken`: copies per address; `messages`: the bytes of each."""

    def __init__(self, *, login: tuple[str, str] | None = None, slowness: float = 0.2, greeting: str = "220 relay.example ESMTP") -> None:
        self.login, self.slowness, self.greeting = login, slowness, greeting
        self.taken: Counter[str] = Counter()
        self.messages: dict[str, list[bytes]] = defaultdict(list)
        self.lines: list[str] = []
        self.connections = 0
        self.before_body: Callable[[str], None] = lambda address: None
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        relay = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                _Conversation(relay, self.rfile, self.wfile).run()

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


class _Conversation:
    def __init__(self, relay: Relay, read, write) -> None:
        self.relay, self.read, self.write = relay, read, write
        self.to = ""

    def run(self) -> None:
        self.relay.connections += 1
        try:
            self.say(self.relay.greeting)
            while self.relay.greeting.startswith("220"):
                self.answer(self.line())
        except (_Gone, OSError):
            pass

    def say(self, text: str) -> None:
        self.write.write(f"{text}\r\n".encode())

    def line(self) -> str:
        line = self.read.readline()
        if not line:
            raise _Gone
        self.relay.lines.append(line.decode().rstrip())
        return self.relay.lines[-1]

    @property
    def kind(self) -> str:
        return re.split(r"[.@]", self.to)[0]

    def answer(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        match verb.upper():
            case "EHLO":
                self.say("250-relay.example" if self.relay.login else "250 relay.example")
                if self.relay.login:
                    self.say("250 AUTH PLAIN")
            case "AUTH":
                given = tuple(base64.b64decode(rest.split()[-1]).decode().split("\0")[1:])
                self.say("235 2.7.0 Welcome" if given == self.relay.login else "535 5.7.8 Authentication failed")
            case "MAIL" | "RSET" | "NOOP":
                self.say("250 2.0.0 OK")
            case "RCPT":
                self.to = line[line.index("<") + 1 : line.rindex(">")]
                self.recipient()
            case "DATA":
                self.data()
            case "QUIT":
                self.say("221 2.0.0 Bye")
                raise _Gone
            case _:
                self.say("502 5.5.2 Not understood")

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
                raise _Gone
            case "closing" if self.relay.is_first(self.to, "closing"):
                self.say("421 4.3.2 Shutting down")
                raise _Gone
            case _:
                self.say("250 2.1.5 OK")

    def data(self) -> None:
        self.relay.before_body(self.to)
        self.say("354 Go on")
        body = self.body()
        match self.kind:
            case "lost":
                raise _Gone
            case "kept":
                self.relay.take(self.to, body)
                raise _Gone
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
                raise _Gone
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)
