"""At most one supervisor on a data folder."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 2.0  # the forks of a supervisor that was killed just now need a moment to end


class Taken(Exception):
    """Somebody else holds the lock."""


@contextmanager
def only_one(file: Path) -> Iterator[None]:
    """Hold `file` locked until this process and all its forks have ended, however they end. Raises Taken."""
    descriptor = _locked(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        os.close(descriptor)


def _locked(file: Path) -> int:
    until = time.monotonic() + PATIENCE
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its last holder may have removed the file between our open and our lock; then another copy can lock a new one.
            if file.exists() and os.fstat(descriptor).st_ino == file.stat().st_ino:
                return descriptor
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(descriptor)
                raise Taken from None
            time.sleep(0.1)
        os.close(descriptor)
