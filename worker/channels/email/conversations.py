"""Several lines to one relay at once, each with a copy in flight.

One loop serves them all: it opens lines as there are readers for them, keeps the relay's pace, and tells of each copy what
came of it. What befalls one line befalls only the copy that was on it.
"""

import re
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import idna

from worker.channels.base import DeliveryError, OutcomeUnknown, Rejected, Transient, Unauthorized
from worker.channels.carrier import Envelope, Handed, Intent
from worker.channels.email.line import DATA, END, MAIL, MESSAGE, Answer, Copy, Line
from worker.channels.email.opening import Opened, Opening
from worker.channels.email.relay import SmtpSettings
from worker.channels.email.replies import CLOSING, GO_ON, NEEDS_LOGIN, Reply, login_refused, refusal, refuses_us

Steps = Generator[Intent | Handed, bool | None, None]

REPLY_WITHIN = 60.0  # seconds; RFC 5321 4.5.3.2 would wait up to ten minutes, longer than a claim lives
OPEN_WITHIN = 30.0
_LOST_IN_A_ROW = 5
"""So many lines lost without one message taken: the relay is ill, and each more would put one more reader in doubt."""
_UNNAMED_IN_A_ROW = 5
"""So many copies refused before the relay knew whom they are for, and none taken in between: it is about us, or about the relay itself."""
_AHEAD = 2
"""Copies for each line that are made in one go: cheaper than one at a time, and no line waits for long meanwhile."""
_REST = 30e-6
"""Seconds for each busy line between two times that the loop listens. Answers then come in bunches, which takes a quarter less processor
time than one at a time; meanwhile the relay has the other lines' copies to see to."""
_BELL = object()
"""Rung when a line is open, or could not be opened."""
_CATCH_UP = 0.05  # seconds by which the pace may be behind and make good
_SENDABLE = re.compile(r"[^\s<>@\x00-\x20\x7f]{1,64}@[^\s<>@\x00-\x20\x7f]{1,255}")


class Conversations:
    """`lines`: so many at once at most. `until`: on time.monotonic(), when the last answer is in or given up."""

    def __init__(self, relay: SmtpSettings, hello: str, lines: int, until: float) -> None:
        self._relay, self._hello, self._most, self._until = relay, hello, lines, until
        self._watched: dict[Line, int] = {}
        self._idle: set[Line] = set()
        self._opening: dict[Future[Opened], Opening] = {}
        self._open_by = float("inf")
        self._ready: deque[Copy] = deque()
        self._came: list[Handed] = []
        self._trouble: DeliveryError | None = None
        self._lost = 0
        self._has_answered = False
        self._pipelines = True
        self._unnamed: list[Handed] = []
        self._next_at = 0.0
        self._check_at = self._listened_at = 0.0
        self._selector = selectors.DefaultSelector()
        self._bell, self._ring = socket.socketpair()
        self._selector.register(self._bell, selectors.EVENT_READ, _BELL)
        self._threads = ThreadPoolExecutor(max_workers=lines, thread_name_prefix="relay")

    def send(self, sender: str, envelopes: Iterator[Envelope], write: Callable[[Envelope, bytes], bytes]) -> Steps:
        """As `Carrier.send`; `write` makes the bytes of one copy, with these behind it."""
        self._sender, self._envelopes, self._write = sender, envelopes, write
        self._is_more = True
        try:
            while self._has_work():
                for line in self._wait():
                    yield from self._serve(line)
                if time.monotonic() >= self._check_at:
                    self._give_up_the_overdue()
                yield from self._tell()
            if self._lost and not self._has_answered and not self._trouble:
                self._trouble = Transient(f"The mail relay {self._relay.host} gave no answer.")
            if self._trouble:
                raise self._trouble
            yield from self._unnamed
        finally:
            self._close()

    # Who is next ----------------------------------------------------------------------------------------------------------

    def _has_work(self) -> bool:
        """Begin what can begin; False when nothing is left to do or to wait for."""
        self._fill()
        while self._idle and self._begin(line := next(iter(self._idle))):
            self._push(line)
        unserved = len(self._ready) - len(self._idle) - len(self._opening)
        for _ in range(min(unserved, self._most - len(self._watched) - len(self._opening))):
            self._open()
        return bool(self._ready or self._opening or self._came or len(self._watched) > len(self._idle))

    def _fill(self) -> None:
        """Have a copy at hand for every line there may be."""
        if self._is_over():
            self._ready.clear()
        elif self._relay.interval:
            self._make_ready(1)
        elif len(self._ready) < self._most:
            self._make_ready(_AHEAD * self._most)

    def _make_ready(self, number: int) -> None:
        while self._is_more and len(self._ready) < number:
            envelope = next(self._envelopes, None)
            if envelope is None:
                self._is_more = False
            elif address := _sendable(envelope.address):
                self._ready.append(Copy(envelope.key, address, self._write(envelope, END)))
            else:
                self._came.append(Handed(envelope.key, Rejected("Their address holds signs that no mail relay can be given.")))

    def _is_over(self) -> bool:
        return self._trouble is not None or time.monotonic() >= self._until

    def _begin(self, line: Line) -> bool:
        """The next reader's turn on this line. False: there is none, or the relay's pace says not yet, or the line has had its share."""
        if line.begun >= self._relay.messages:
            if line.is_idle:
                self._forget(line)
                line.leave()
            return False
        while self._ready and (why := line.cannot_take(self._ready[0])):
            self._came.append(Handed(self._ready.popleft().key, why))
        if not self._ready or not self._is_time():
            return False
        line.begin(self._ready.popleft())
        self._idle.discard(line)
        return True

    def _is_time(self) -> bool:
        interval = self._relay.interval.total_seconds()
        if interval:
            now = time.monotonic()
            if now < self._next_at:
                return False
            self._next_at = max(self._next_at, now - _CATCH_UP) + interval
        return True

    # What happens ---------------------------------------------------------------------------------------------------------

    def _wait(self) -> list[Line]:
        """The lines on which something happened. Lines that have been opened meanwhile join."""
        until = self._check_at
        if self._ready and self._relay.interval:
            until = min(until, self._next_at)
        self._rest()
        happened = [key.data for key, _ in self._selector.select(max(0.0, until - time.monotonic()))]
        self._listened_at = time.monotonic()
        if _BELL in happened:
            happened.remove(_BELL)
            self._bell.recv(4096)
            self._welcome()
        return happened

    def _rest(self) -> None:
        busy = len(self._watched) - len(self._idle)
        left = self._listened_at + _REST * busy - time.monotonic()
        if busy > 1 and left > 0:
            time.sleep(left)

    def _serve(self, line: Line) -> Steps:
        """What came of a copy is told before another body begins: killed in between, only that one is in doubt."""
        try:
            for answer in line.pull():
                stage, copy, reply = answer
                if stage is DATA and reply.code == GO_ON and copy is not None and not copy.refused:
                    yield from self._tell()
                    is_yes = yield Intent(copy.key)
                    self._body(line, copy, is_yes is not False)
                else:
                    self._heard(line, answer)
                if line not in self._watched:
                    break
            else:
                line.go_on()
                self._push(line)
        except ConnectionError as error:
            self._lose(line, str(error))
        yield from self._tell()

    def _tell(self) -> Steps:
        if self._came:
            yield from self._came
            self._came.clear()

    def _body(self, line: Line, copy: Copy, is_yes: bool) -> None:
        """The relay waits for the body. Nothing lies between the yes to the intent and its first byte."""
        self._has_answered = True
        if not is_yes:  # the relay still waits for the body that is left out
            self._drop(line)
            return
        line.send_body(copy)
        if line.pipelining:
            self._begin(line)

    def _heard(self, line: Line, answer: Answer) -> None:
        stage, copy, reply = answer
        if copy is not None and reply.code in NEEDS_LOGIN:
            self._trouble = login_refused(self._relay, reply)
            self._drop(line)
            return
        if copy is not None:
            self._has_answered = True
            if reply.code == CLOSING and stage is MAIL and line.begun > 1:
                self._is_next(line, copy)
            elif stage is MESSAGE:
                self._ended(copy, reply)
            else:
                self._refused(line, copy, answer)
        if reply.code == CLOSING and line in self._watched:
            self._lose(line, str(reply))

    def _is_next(self, line: Line, copy: Copy) -> None:
        """The relay ends the line after so many messages: whose turn it would have been is the first on another."""
        copy.heard = False
        if not line.pipelining:  # there its other commands are awaited still
            self._ready.appendleft(copy)

    def _ended(self, copy: Copy, reply: Reply) -> None:
        if reply.is_taken:
            self._lost = 0
            self._came_of(copy, Handed(copy.key, None, str(reply)))
        else:
            self._came_of(copy, Handed(copy.key, refusal(MESSAGE, reply)))

    def _refused(self, line: Line, copy: Copy, answer: Answer) -> None:
        """No body follows. Where DATA was said already, its answer is waited for; where that is "go on", an empty one is sent."""
        stage, _, reply = answer
        if copy.refused is None:
            copy.refused, copy.unnamed = refusal(stage, reply), stage is MAIL
        if stage is not DATA and line.pipelining:
            return
        self._came_of(copy, Handed(copy.key, copy.refused))
        if reply.code == GO_ON:
            line.send_nothing()
        elif reply.code != CLOSING:
            line.reset()
            self._begin(line)

    def _came_of(self, copy: Copy, handed: Handed) -> None:
        """Refused before the relay knew whom it is for: told only once it is clear that it is not about everybody."""
        if not copy.unnamed:
            self._came += [*self._unnamed, handed]
        else:
            self._unnamed.append(handed)
            if len(self._unnamed) < _UNNAMED_IN_A_ROW or self._trouble:
                return
            assert copy.refused is not None, "that is why it comes here"
            self._trouble = refuses_us(self._relay, self._sender, copy.refused)
        self._unnamed.clear()

    def _lose(self, line: Line, why: str, *, waits_for_each: bool = False) -> None:
        """Whose body had left is in doubt; who waited behind it, or had no word from the relay, has another turn.

        `waits_for_each`: the relay may have dropped what it had not asked for, so from now on each command waits for its answer.
        """
        self._pipelines = self._pipelines and not waits_for_each
        self._drop(line)
        unanswered = {copy: stage for stage, copy in reversed(line.awaited) if copy is not None}
        is_ill = any(copy.heard for copy in unanswered) or len(unanswered) == line.begun  # or it ends each line after some messages
        self._lost += bool(unanswered) and is_ill and not waits_for_each
        for copy, stage in reversed(unanswered.items()):
            if stage is MESSAGE and line.body_is_out:
                sentence = "The line broke after the message had left and before the mail relay said that it took it."
                self._came.append(Handed(copy.key, OutcomeUnknown(sentence, detail=why)))
            elif copy.refused or (copy.heard and not self._trouble and not waits_for_each):
                error = copy.refused or Transient("The mail relay dropped the line before it took this message.", detail=why)
                self._came_of(copy, Handed(copy.key, error))
            else:
                self._ready.appendleft(copy)
        if self._lost >= _LOST_IN_A_ROW and not self._trouble:
            self._trouble = Transient(f"The mail relay {self._relay.host} dropped the line {self._lost} times in a row.")

    def _give_up_the_overdue(self) -> None:
        now = time.monotonic()
        for line in [line for line in self._watched if line not in self._idle and now >= min(line.deadline, self._until)]:
            self._lose(line, "No answer in time.", waits_for_each=line.rides and now < self._until)
        if now >= min(self._open_by, self._until):
            for opening in self._opening.values():
                opening.cut()
        self._check_at = min(now + 1, self._until) if now < self._until else now + 0.05

    # Lines ----------------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        opening = Opening(self._relay, self._hello, max(0.05, min(OPEN_WITHIN, self._until - time.monotonic())))
        self._open_by = time.monotonic() + OPEN_WITHIN
        future = self._threads.submit(opening.run)
        self._opening[future] = opening
        future.add_done_callback(self._knock)

    def _knock(self, _: Future[Opened]) -> None:
        """From the thread that opened a line."""
        with suppress(OSError):
            self._ring.send(b"!")

    def _welcome(self) -> None:
        for future in [future for future in self._opening if future.done()]:
            del self._opening[future]
            try:
                opened = future.result()
            except (Transient, Unauthorized) as error:
                self._not_opened(error)
                continue
            line = Line(replace(opened, pipelining=opened.pipelining and self._pipelines), self._sender, REPLY_WITHIN)
            self._watched[line] = selectors.EVENT_READ
            self._idle.add(line)
            self._selector.register(line.sock, selectors.EVENT_READ, line)

    def _not_opened(self, error: DeliveryError) -> None:
        """One line fewer than hoped for will do, as long as there is one."""
        if isinstance(error, Unauthorized) or not (self._watched or self._opening):
            self._trouble = error
        else:
            self._most = max(1, len(self._watched) + len(self._opening))

    def _push(self, line: Line) -> None:
        line.push()
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if line.is_writing else 0)
        if self._watched[line] != wanted:
            self._selector.modify(line.sock, wanted, line)
            self._watched[line] = wanted
        if line.is_idle:
            self._idle.add(line)

    def _drop(self, line: Line) -> None:
        self._forget(line)
        line.drop()

    def _forget(self, line: Line) -> None:
        del self._watched[line]
        self._idle.discard(line)
        self._selector.unregister(line.sock)

    def _close(self) -> None:
        for future, opening in self._opening.items():
            opening.cut()
            future.add_done_callback(_let_go)
        for line in self._watched:
            if line in self._idle:
                line.leave()
            else:
                line.drop()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._selector.close()
        self._bell.close()
        self._ring.close()


def _let_go(late: Future[Opened]) -> None:
    if not late.cancelled() and late.exception() is None:
        late.result().sock.close()


def _sendable(address: str) -> str:
    """With the domain as relays know it; empty where something in it could end the command, or it is longer than any can be."""
    local, _, domain = address.rpartition("@")
    if not domain.isascii() and len(domain) <= 255:
        try:
            address = f"{local}@{idna.encode(domain, uts46=True).decode()}"
        except idna.IDNAError:
            return ""
    return address if _SENDABLE.fullmatch(address) else ""
