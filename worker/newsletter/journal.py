"""What a sender notes beside the database: each body before it begins, each answer when it has come.

    POSTLARK_DATA/journal/RUN/lock                held (flock) as long as the sender lives
    POSTLARK_DATA/journal/RUN/DELIVERY-ATTEMPT    one line a note: `> RECIPIENT`, `= RECIPIENT DETAIL`, or the outcome as JSON

Rows are written a batch at a time. When a sender is killed in between, its notes tell on the same machine what became of
each reader: no note, nothing left; a body without an answer, unknown; an answer, that. The kernel keeps what a killed process
has written, so nothing is forced to the disk; a machine that was started anew counts as another one, whose notes are not
believed (docs/adr/0011-the-journal-survives-a-process.md).
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from mmap import mmap
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from django.conf import settings

from worker.lib import clock
from worker.models import Recipient
from worker.newsletter.outcome import Outcome, outcome

_INTENT, _TAKEN = "> ", "= "
_BLANK = "\0"  # what room is that holds no note yet


class Notes(NamedTuple):
    """What stood in the notes of one claim."""

    intents: set[int]
    outcomes: dict[int, Outcome]


class Journal:
    """One sender's, from its start to its end; use it as a context. `holder`: what a batch's row says of who has it."""

    def __init__(self) -> None:
        run = uuid4().hex
        self.holder = f"{_here()} {run}"
        self._folder = _journals() / run
        making = self._folder.with_name(f".{run}")  # nobody sees it before it is locked
        making.mkdir(parents=True)
        self._lock = os.open(making / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        os.write(self._lock, _here().encode())
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        making.rename(self._folder)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Whatever stops a sender on its way leaves its notes behind, for the next sweep to read."""
        if error is None:
            shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)

    def page(self, delivery: int, attempt: int) -> "Page":
        return Page(self._folder / f"{delivery}-{attempt}")


_ROOM = 1 << 16  # bytes, twice as many each time they are full


class Page:
    """The notes of one claim. A note for which there is no room (a full disk) raises: nothing may leave without it.

    The file is memory that the process shares with the kernel: a note costs no call, and outlives the process all the same.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        self._end = self._room = 0
        self._make_room(_ROOM)

    def intend(self, key: int) -> None:
        self._note(b"> %d\n" % key)

    def answered(self, key: int, came: Outcome) -> None:
        if came.state == Recipient.State.SENT:  # nearly all of them, and short
            self._note(f"{_TAKEN}{key} {came.detail}\n".encode())
        else:
            self._note(json.dumps([key, *came[:3], came.at.isoformat(), *came[4:]]).encode() + b"\n")

    def _note(self, line: bytes) -> None:
        end = self._end + len(line)
        if end > self._room:
            self._make_room(max(end, 2 * self._room))
        self._memory[self._end : end] = line
        self._end = end

    def _make_room(self, room: int) -> None:
        os.posix_fallocate(self._file, 0, room)  # without it, a full disk would show as a signal in the middle of a note
        self._memory, self._room = mmap(self._file, room), room

    def close(self) -> None:
        """Everything in it stands in the rows now."""
        self._memory.close()
        os.close(self._file)
        with suppress(FileNotFoundError):
            self._path.unlink()


def dead() -> Iterator[str]:
    """The holders on this machine whose process is gone and who left notes; each is cleared away once the caller has gone on.

    Where several machines share the folder, the notes of another are left for it to read, as long as they would be believed.
    """
    for folder in list(_journals().glob("[!.]*")) if _journals().exists() else []:
        try:
            lock = os.open(folder / "lock", os.O_RDWR)
        except FileNotFoundError:  # its sender came to its end in this moment
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            if os.read(lock, 1000).decode() == _here():
                yield f"{_here()} {folder.name}"
                shutil.rmtree(folder, ignore_errors=True)
            elif time.time() - os.fstat(lock).st_mtime > believed_for().total_seconds():
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def believed_for() -> timedelta:
    """From a sender's start: it lives for less than one lease, the last lease it took ends, and one more is given to come back."""
    return 4 * settings.LEASE


def read(holder: str, delivery: int, attempt: int) -> Notes | None:
    """None: the holder was on another machine, or on this one before it was started anew, or somebody has cleared its notes away."""
    here, _, run = holder.partition(" ")
    if here != _here() or not (_journals() / run).exists():
        return None
    notes, now = Notes(set(), {}), clock.now()
    with suppress(FileNotFoundError):
        written = (_journals() / run / f"{delivery}-{attempt}").read_text(errors="replace").rstrip(_BLANK)
        for line in written.split("\n")[:-1]:
            if _BLANK not in line:  # or it was not written to its end
                _read_line(line, notes, now)
    return notes


def _read_line(line: str, notes: Notes, now: datetime) -> None:
    if line.startswith(_INTENT):
        notes.intents.add(int(line.removeprefix(_INTENT)))
        return
    if line.startswith(_TAKEN):
        key, _, detail = line.removeprefix(_TAKEN).partition(" ")
        notes.outcomes[int(key)] = outcome(None, 1, now, detail)
        return
    key, state, reason, tries, at, *rest = json.loads(line)
    notes.outcomes[key] = Outcome(state, reason, tries, datetime.fromisoformat(at), *rest)


def _journals() -> Path:
    folder: Path = settings.POSTLARK_DATA / "journal"
    return folder


def _here() -> str:
    """This data folder on this machine since it was started: notes are believed only here."""
    return f"{_folder_id()}:{_boot_id()}"


def _folder_id() -> str:
    path = _journals() / ".id"
    try:
        return path.read_text()
    except FileNotFoundError:
        path.parent.mkdir(exist_ok=True, parents=True)
        own = path.with_name(f".id-{uuid4().hex}")
        own.write_text(uuid4().hex)
        with suppress(FileExistsError):
            os.link(own, path)
        own.unlink()
        return path.read_text()


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:  # not Linux: the moment of the start, to the minute
        return str(round((time.time() - time.monotonic()) / 60))
