"""What is said on one open line, and which reply belongs to what.

Where the relay takes pipelining (https://www.rfc-editor.org/rfc/rfc2920), the next reader's MAIL, RCPT and DATA ride behind the
body of the last one, so that a copy costs one round trip; elsewhere each command waits for its reply.
"""

import ssl
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from worker.channels.base import DeliveryError, Rejected
from worker.channels.email.opening import Opened
from worker.channels.email.replies import GO_ON, Reply, said

MAIL, RCPT, DATA, MESSAGE, NOTHING, RSET = "MAIL", "RCPT", "DATA", "message", "nothing", "RSET"
END = b".\r\n"
_BEFORE = (MAIL, RCPT)
_RIDE = (MAIL, RCPT, DATA)
_CODES = {b"%d" % code: code for code in (*range(200, 300), GO_ON, *range(400, 600))}
_LONGEST_REPLY = 1_000_000  # bytes; what goes on for longer is no relay
RIDES_WITHIN = 20.0
"""Seconds in which commands that ride behind others are answered. Some relays drop what comes too early, although they offer pipelining
(forbidden by https://www.rfc-editor.org/rfc/rfc2920#section-3.2)."""


@dataclass(eq=False, slots=True)
class Copy:
    """One reader's copy on its way, with the line that ends it. `refused`: what the relay said against it, and `unnamed` before
    it knew whom it is for; `heard`: it has said anything of it at all."""

    key: int
    address: str
    wire: bytes
    refused: DeliveryError | None = None
    unnamed: bool = False
    heard: bool = False


class Answer(NamedTuple):
    """A reply, and what it replies to."""

    stage: str
    copy: Copy | None
    reply: Reply


class Line:
    """An open connection. `pull` raises ConnectionError once it is lost; then `awaited` tells what has no answer."""

    def __init__(self, opened: Opened, sender: str, patience: float) -> None:
        self.sock = opened.sock
        self.sock.setblocking(False)
        self.pipelining, self.size, self.utf8 = opened.pipelining, opened.size, opened.utf8
        self.awaited: deque[tuple[str, Copy | None]] = deque()
        self.begun = 0
        self._mail = f"MAIL FROM:<{sender}>"
        self._patience = patience
        self._waiting: deque[tuple[str, Copy | None, bytes]] = deque()
        self._unsent = b""
        self._said: list[bytes] = []
        self._left = 0  # of what was said, so many bytes are not in the kernel's hands yet
        self._behind = 0  # so many of them come after the end of the last body
        self._heard = b""
        self._words: list[bytes] = []
        self._length = 0  # of the reply that is not at its end yet
        self._alive()

    @property
    def deadline(self) -> float:
        """When this line is given up."""
        return self._alive_at + (min(self._patience, RIDES_WITHIN) if self.rides else self._patience)

    @property
    def rides(self) -> bool:
        """What is awaited next was said before the relay had answered what came before, and no body is in doubt."""
        return self.pipelining and bool(self.awaited) and self.awaited[0][0] in _RIDE

    @property
    def is_idle(self) -> bool:
        return not self.awaited and not self._waiting

    @property
    def is_writing(self) -> bool:
        return self._left > 0

    @property
    def body_is_out(self) -> bool:
        """False: the end of the last body never left this process, so the relay cannot have taken that copy."""
        return self._left <= self._behind

    def cannot_take(self, copy: Copy) -> DeliveryError | None:
        """By what the relay said of itself when the line was opened."""
        if self.size and len(copy.wire) - len(END) > self.size:
            return Rejected(f"The message is larger than the mail relay takes: it stops at {self.size:,} bytes.")
        if not copy.address.isascii() and not self.utf8:
            return Rejected("Their address has accents before the @, which the mail relay cannot write to.")
        return None

    def begin(self, copy: Copy) -> None:
        """Ask whether the relay takes this reader."""
        self._alive()
        self.begun += 1
        mail = f"{self._mail} SIZE={len(copy.wire) - len(END)}" if self.size else self._mail
        if not copy.address.isascii():
            mail += " SMTPUTF8"
        if self.pipelining:
            self._say(f"{mail}\r\nRCPT TO:<{copy.address}>\r\nDATA\r\n".encode())
            self.awaited += ((MAIL, copy), (RCPT, copy), (DATA, copy))
        else:
            later = [(MAIL, f"{mail}\r\n"), (RCPT, f"RCPT TO:<{copy.address}>\r\n"), (DATA, "DATA\r\n")]
            self._waiting += [(stage, copy, words.encode()) for stage, words in later]
            self.go_on()

    def send_body(self, copy: Copy) -> None:
        self._say(copy.wire)
        self._behind = 0
        self.awaited.append((MESSAGE, copy))

    def send_nothing(self) -> None:
        """The relay waits for a body although it has refused the reader (RFC 2920, 3.1): an empty one, which it must refuse."""
        self._say(END)
        self.awaited.append((NOTHING, None))

    def reset(self) -> None:
        """Drop the half-made message, so that the next one begins afresh."""
        self._waiting.clear()
        self._say(b"RSET\r\n")
        self.awaited.append((RSET, None))

    def go_on(self) -> None:
        """Without pipelining: the next command, once the last one has its reply."""
        if self._waiting and not self.awaited:
            stage, copy, words = self._waiting.popleft()
            self._say(words)
            self.awaited.append((stage, copy))

    def push(self) -> None:
        """Write what can be written. Of a line that is lost, `pull` tells: what the relay said last is still to be read."""
        while self._left:
            try:
                self._left -= self._send()
            except OSError:  # TLS says by one of its own, too, that there is no room for now
                return
            self._alive()

    def _send(self) -> int:
        """What was said may lie in pieces; a plain line takes them as they are, without a copy of the whole body."""
        if self._unsent or isinstance(self.sock, ssl.SSLSocket):
            self._unsent += b"".join(self._said)
            self._said.clear()
            sent = self.sock.send(self._unsent)
            self._unsent = self._unsent[sent:]
        elif (sent := self.sock.sendmsg(self._said)) < self._left:
            self._unsent = b"".join(self._said)[sent:]
            self._said.clear()
        else:
            self._said.clear()
        return sent

    def pull(self) -> list[Answer]:
        """Read what can be read."""
        ended = self._read()
        answers = self._answers()
        if ended and not answers:
            raise ConnectionError("The relay closed the line.")
        return answers

    def leave(self) -> None:
        """Say goodbye and close, without waiting for the answer."""
        with suppress(OSError):
            self.sock.send(b"QUIT\r\n")
        self.drop()

    def drop(self) -> None:
        self.sock.close()

    def _read(self) -> bool:
        """True when the relay will say no more."""
        while True:
            try:
                piece = self.sock.recv(65536)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return False
            except OSError as error:
                raise ConnectionError(str(error)) from None
            if not piece:
                return True
            self._heard += piece
            if not isinstance(self.sock, ssl.SSLSocket):  # TLS may keep some back, of which `select` knows nothing
                return False

    def _answers(self) -> list[Answer]:
        answers: list[Answer] = []
        awaited = len(self.awaited)
        *lines, self._heard = self._heard.split(b"\n")
        for line in lines:
            if line[3:4] == b"-":
                self._words.append(line[4:].rstrip())
                self._length += len(line)
                continue
            code = _CODES.get(line[:3])
            if code is None or not self._is_in_turn(code):
                if answers:
                    self._heard = b"\n".join((line, self._heard))  # first what came before
                    break
                raise ConnectionError(f"The relay said {said(line)[:200]}")
            stage, copy = self.awaited.popleft()
            if copy is not None:
                copy.heard = True
            if code >= 300 or stage not in _BEFORE:  # else as expected: nothing to tell; 251 is a yes, too
                answers.append(Answer(stage, copy, Reply(code, b" ".join([*self._words, line[4:].rstrip()]))))
            self._words.clear()
            self._length = 0
        if len(self.awaited) < awaited:
            self._alive()
        if self._length + len(self._heard) > _LONGEST_REPLY:
            raise ConnectionError("The relay's reply has no end.")
        return answers

    def _is_in_turn(self, code: int) -> bool:
        """Something waits for such an answer. Else the relay and we are out of step, and no answer can be told whose it is."""
        return bool(self.awaited) and (code >= 400 or (code == GO_ON) == (self.awaited[0][0] == DATA))

    def _say(self, words: bytes) -> None:
        self._said.append(words)
        self._left += len(words)
        self._behind += len(words)

    def _alive(self) -> None:
        self._alive_at = time.monotonic()
