"""What a process can ask of the kernel about itself. Linux only; elsewhere nothing happens."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)
_PR_SET_NAME = 15
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_forked_by = os.getppid()


def _remember() -> None:
    global _forked_by
    _forked_by = os.getpid()


os.register_at_fork(before=_remember)


def die_with_parent() -> None:
    """Be killed when the process that forked this one ends, even when that one is killed; at once, if it has ended already.

    Call it in the child, right after the fork.
    """
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != _forked_by:
        os.kill(os.getpid(), signal.SIGKILL)


def be_called(name: str) -> None:
    """How `ps` and `top` name this process: 15 characters."""
    if _libc is not None:
        _libc.prctl(_PR_SET_NAME, name.encode()[:15])
