"""Keeps a few processes running: starts them, starts again what dies, stops them in order, and leaves nothing behind.

It knows nothing of Postlark and sleeps until something happens.
"""

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from worker.lib.parent import be_called, die_with_parent

STOP = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
STEADY = 60.0
LONGEST_PAUSE = 30.0


def pause_before_restart(deaths: int) -> float:
    """Seconds to wait after the `deaths`th death in a row: half a second first, then twice as long each time."""
    return min(0.5 * 2.0 ** min(deaths - 1, 10), LONGEST_PAUSE)


@dataclass
class Child:
    """One process to be kept running: a fork of this one that calls `main`. What is loaded before the fork stays shared memory.

    `patience`: how many seconds it gets to finish after SIGTERM.
    """

    name: str
    main: Callable[[], None]
    patience: float = 10.0
    pid: int | None = field(default=None, init=False)
    exit_code: int = field(default=0, init=False)
    started: float = field(default=0.0, init=False)
    deaths: int = field(default=0, init=False)
    restart_at: float | None = field(default=0.0, init=False)

    def start(self) -> None:
        self.started, self.restart_at = time.monotonic(), None
        self.pid = os.fork()
        if self.pid == 0:
            _become(self.name, self.main)

    def has_ended(self) -> bool:
        """Asked until it says so, once, for each process started."""
        if self.pid is not None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit_code = os.waitstatus_to_exitcode(status)
                self._end_session()
                return True
        return False

    def wait(self) -> int:
        """Sleep until it has ended by itself; its exit code."""
        while not self.has_ended():
            os.waitid(os.P_PID, self.pid or 0, os.WEXITED | os.WNOWAIT)
        return self.exit_code

    def note_death(self, now: float) -> str:
        """Decide when it is started again; the sentence that says so."""
        if now - self.started >= STEADY:
            self.deaths = 0
        self.deaths += 1
        pause = pause_before_restart(self.deaths)
        self.restart_at = now + pause
        return f"The {self.name} {_how(self.exit_code)}; it is started again in {pause:g} s."

    def ask_to_stop(self) -> None:
        if self.pid is not None:
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._end_session()

    def _end_session(self) -> None:
        """Whatever the process has left behind in its own session."""
        if self.pid is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self.pid = None


def program(command: list[str], folder: Path) -> Callable[[], None]:
    """A `main` that becomes another program, run in `folder`."""

    def become() -> None:
        os.chdir(folder)
        os.execv(command[0], command)

    return become


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
            while child.pid is not None and not child.has_ended() and not hurry and time.monotonic() < until:
                hurry = bool(STOP & wait(until - time.monotonic()))
            child.kill()


def _become(name: str, main: Callable[[], None]) -> NoReturn:
    """In the child, right after the fork. A session of its own: a Ctrl-C in the terminal reaches the supervisor only."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (*STOP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        die_with_parent()
        be_called(name)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        main()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        if isinstance(leaving.code, str):
            sys.stderr.write(f"{leaving.code}\n")
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


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
