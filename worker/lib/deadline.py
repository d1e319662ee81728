"""A deadline that kills.

A process that outlived its claim must not go on: another may hold the claim by now. So the kernel ends it, by an alarm
whose default action is death, even when the process was stopped in between and only then woken (the alarm counts real
time and is delivered before the process runs on). https://man7.org/linux/man-pages/man2/setitimer.2.html
"""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta


@contextmanager
def deadly(length: timedelta) -> Generator[None, None, None]:
    """The process is dead `length` from now unless the block has ended. Not to be nested, not for threads of a web server."""
    signal.setitimer(signal.ITIMER_REAL, length.total_seconds())
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
