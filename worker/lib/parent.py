"""A process that ends together with the one that forked it, even when that one is killed."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_forked_by = os.getppid()


def _remember() -> None:
    global _forked_by
    _forked_by = os.getpid()


os.register_at_fork(before=_remember)


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends; ends it here if the parent is gone already. Linux only.

    Call it in the child, right after the fork.
    """
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != _forked_by:
        os.kill(os.getpid(), signal.SIGKILL)
