"""Named places in the code where a test kills or stops the process, to see what is left behind.

    POSTLARK_CRASH=calling:kill     kill -9 at the place named "calling", the first time it is reached
    POSTLARK_CRASH=calling:stop     SIGSTOP there; whoever watches sends SIGCONT

Several are joined by commas. Each fires once for a data folder: a file `crash-<name>` in POSTLARK_DATA says that it has.
Off (the variable unset), a place costs one look at an empty dictionary.
"""

import os
import signal
from pathlib import Path

_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
_armed = dict(pair.split(":") for pair in os.environ.get("POSTLARK_CRASH", "").split(",") if pair)


def point(name: str) -> None:
    if _armed and name in _armed:
        _fire(name)


def _fire(name: str) -> None:
    marker = Path(os.environ.get("POSTLARK_DATA", "var")) / f"crash-{name}"
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), _SIGNALS[_armed[name]])
