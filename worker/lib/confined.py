"""Work on what strangers wrote, in a child process that can cost little time and little memory and has nothing to lose.

The kernel ends the child, also inside a regular expression or a library in C: https://man7.org/linux/man-pages/man2/setitimer.2.html
and https://man7.org/linux/man-pages/man2/getrlimit.2.html. It is a fork, so that nothing is started or imported anew: a few
milliseconds. Its limit of memory holds on Linux only; elsewhere there is the one of time.
"""

import gc
import os
import resource
import selectors
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn

from worker.lib.parent import die_with_parent

_PIECE = 1 << 16
_one_fork_at_a_time = threading.Lock()
"""Else a child of another thread would hold this one's pipe open."""


@dataclass(frozen=True)
class Limits:
    """`cpu` seconds; `memory` and `answer` in bytes, memory on top of what this process has; `patience`: seconds by the clock."""

    cpu: float
    memory: int
    answer: int
    patience: float


class Stopped(Exception):
    """The work went over one of its limits, or died of what it was given."""


def confined(work: Callable[[], Iterable[bytes]], limits: Limits) -> bytes:
    """What `work` yields, put together. Raises Stopped; what is wrong with the work itself is told on stderr.

    `work` runs in a copy of this process: it changes nothing here, and may not use the database.
    """
    with _one_fork_at_a_time:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _live(work, limits, writing)
        os.close(writing)
    try:
        answer = _gather(reading, limits)
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)  # over by now, or to be; until the next line its number is nobody else's
        status = os.waitpid(child, 0)[1]
    if answer is None or status != 0:
        raise Stopped
    return answer


def _live(work: Callable[[], Iterable[bytes]], limits: Limits, writing: int) -> NoReturn:
    """The child's whole life. It ends without any of the parent's farewells: no handlers, no flushing, no closing."""
    status = 1
    try:
        _bind(limits)
        for piece in work():
            _write(writing, piece)
        status = 0
    except MemoryError:
        pass  # as meant
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _bind(limits: Limits) -> None:
    die_with_parent()
    gc.disable()  # it would touch, and so copy, every object of the parent
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, limits.cpu)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        most = _size() + limits.memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _size() -> int:
    with open("/proc/self/statm", "rb") as sizes:
        return int(sizes.read().split()[0]) * resource.getpagesize()


def _write(writing: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(writing, rest) :]


def _gather(reading: int, limits: Limits) -> bytes | None:
    """All that the child writes until it closes the pipe; None when that is too much or too late."""
    ends = time.monotonic() + limits.patience
    pieces = bytearray()
    with selectors.DefaultSelector() as waiting:
        waiting.register(reading, selectors.EVENT_READ)
        while len(pieces) <= limits.answer and waiting.select(max(ends - time.monotonic(), 0)):
            piece = os.read(reading, _PIECE)
            if not piece:
                return bytes(pieces)
            pieces += piece
    return None
