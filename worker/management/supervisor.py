"""Keeps a few processes running: starts them, starts again what dies, stops them in order, and leaves nothing behind.

It knows nothing of Postlark and sleeps until something happens.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from worker.lib.parent import die_with_parent

STOP = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
STEADY = 60.0
LONGEST_PAUSE = 30.0


def pause_before_restart(deaths: int) -> float:
    """Seconds to wait after the `deaths`th death in a row: half a second first, then twice as long each time."""
    return min(0.5 * 2.0 ** min(deaths - 1, 10), LONGEST_PAUSE)


@dataclass
class Child:
    """One process to be kept running. `patience`: how many seconds it gets to finish after SIGTERM."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    patience: float = 10.0
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    started: float = field(default=0.0, init=False)
    deaths: int = field(default=0, init=False)
    restart_at: float | None = field(default=0.0, init=False)

    def start(self) -> None:
        # A session of its own: a Ctrl-C in the terminal reaches the supervisor only, which stops the others in order.
        self.process = subprocess.Popen(
            self.command, env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_in_child
        )
        self.started, self.restart_at = time.monotonic(), None

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def note_death(self, now: float) -> str:
        """Decide when it is started again; the sentence that says so."""
        returncode = self.kill()
        if now - self.started >= STEADY:
            self.deaths = 0
        self.deaths += 1
        pause = pause_before_restart(self.deaths)
        self.restart_at = now + pause
        return f"The {self.name} {_how(returncode)}; it is started again in {pause:g} s."

    def ask_to_stop(self) -> None:
        if self.process:
            self.process.terminate()

    def kill(self) -> int:
        """The process and whatever it has left in its session; its exit code."""
        process, self.process = self.process, None
        if process is None:
            return 0
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


class Supervisor:
    """`children` are started all at once, and stopped one after the other in the order they are given."""

    def __init__(self, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self._children = children
        self._say = say

    def run(self, is_ready: Callable[[], bool], on_ready: Callable[[], None]) -> None:
        """Until one of STOP arrives. `is_ready` is asked often until it says so once."""
        with _signals() as wait:
            try:
                ready = False
                while True:
                    self._start_due()
                    if not ready and is_ready():
                        ready = True
                        on_ready()
                    if STOP & wait(self._next_look(ready)):
                        break
                    self._note_deaths()
                self._say("Stopping ...")
            finally:
                self._stop(wait)

    def _start_due(self) -> None:
        for child in self._children:
            if child.restart_at is not None and child.restart_at <= time.monotonic():
                child.start()

    def _note_deaths(self) -> None:
        for child in self._children:
            if child.has_ended():
                self._say(child.note_death(time.monotonic()))

    def _next_look(self, ready: bool) -> float | None:
        """Seconds until there is something to do without a signal; None: only a signal brings work."""
        moments = [child.restart_at for child in self._children if child.restart_at is not None]
        waits = [max(0.0, min(moments) - time.monotonic())] if moments else []
        return min(waits if ready else [*waits, 0.1], default=None)

    def _stop(self, wait: Callable[[float | None], set[int]]) -> None:
        """One after the other; a second Ctrl-C ends the patience with all of them."""
        hurry = False
        for child in self._children:
            child.ask_to_stop()
            until = time.monotonic() + child.patience
            while child.process and not child.has_ended() and not hurry and time.monotonic() < until:
                hurry = bool(STOP & wait(until - time.monotonic()))
            child.kill()


def _in_child() -> None:
    """Between fork and exec. A background shell may have left SIGINT ignored, and that would be inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    die_with_parent()


@contextmanager
def _signals() -> Iterator[Callable[[float | None], set[int]]]:
    """Gives a function that sleeps until a signal arrives (or so many seconds have passed) and says which ones did."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    before = {number: signal.signal(number, lambda *_: None) for number in (*STOP, signal.SIGCHLD)}
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def wait(seconds: float | None) -> set[int]:
        select.select([reader], [], [], seconds)
        with suppress(BlockingIOError):
            return set(os.read(reader, 1024))
        return set()

    try:
        yield wait
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)


def _how(returncode: int) -> str:
    if returncode < 0:
        return f"was killed by {signal.Signals(-returncode).name}"
    return f"stopped (exit {returncode})"
