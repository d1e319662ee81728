"""What has served its time is removed, once a day and by `postlark tidy`.

The record stays: posts, deliveries with their words and pictures, attempts, who had which newsletter, consents, every event.
Addresses that nobody confirmed and lists to which nobody said yes go sooner, with every round (newsletter/sign_up.py).
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from worker.models import Alert, Recipient, Rendition, Return
from worker.record.transition import POSTLARK, note

DAILY = timedelta(days=1)
PICTURES = timedelta(days=30)
"""Made for a preview, or for words that were written anew. Nobody looks at a page that long before they decide."""
REHEARSALS = timedelta(days=90)
"""They are looked at while a blog is being set up; each can be made once more."""
ALERTS = timedelta(days=90)
"""Told and over; that staff were told stands in the record."""
READERS = timedelta(days=180)
"""What a relay said of one reader explains a mail that did not come; nobody asks for it after half a year, and it holds addresses."""
BEGINNINGS = timedelta(days=1)
"""Of a journal: it is made within a moment, and one that a day later is not done was never used."""
AT_ONCE = 1000
MOST = 20_000
"""So many readers in one round; more wait for the next, so that the clock's round stays short."""


@dataclass(frozen=True)
class Removed:
    """How many of each."""

    pictures: int
    rehearsals: int
    journals: int
    sessions: int
    alerts: int
    readers: int
    returns: int

    @property
    def unfinished(self) -> bool:
        return self.readers >= MOST or self.returns >= MOST

    def __add__(self, other: "Removed") -> "Removed":
        more = asdict(other)
        return Removed(**{name: count + more[name] for name, count in asdict(self).items()})

    @property
    def lines(self) -> list[str]:
        said = {
            "pictures": f"pictures that no delivery names, older than {PICTURES.days} days",
            "rehearsals": f"rehearsed mails older than {REHEARSALS.days} days",
            "journals": "journals of senders that died before their first mail",
            "sessions": "sessions that have ended",
            "alerts": f"alerts that were over more than {ALERTS.days} days ago",
            "readers": f"a relay's own words about one reader, older than {READERS.days} days",
            "returns": f"the words with which a copy came back, older than {READERS.days} days",
        }
        return [f"{said[name]}: {count}" for name, count in asdict(self).items() if count]


def tidy_if_due(now: datetime) -> None:
    """Once a day on each machine, whose files are its own. The day is noted first: what fails does so once a day."""
    noted = Path(settings.POSTLARK_DATA / "tidied")
    with suppress(FileNotFoundError):
        if (now - DAILY).timestamp() < noted.stat().st_mtime <= now.timestamp():  # later: a clock was wrong
            return
    noted.touch()
    os.utime(noted, (now.timestamp(), now.timestamp()))
    if tidy(now).unfinished:
        noted.unlink(missing_ok=True)


def tidy(now: datetime, who: str = POSTLARK, *, really: bool = True) -> Removed:
    """One round. `really` False: only count, and then everything."""
    data = Path(settings.POSTLARK_DATA)
    removed = Removed(
        pictures=_remove(_unnamed(list(_older(data / "images", now - PICTURES))), really),
        rehearsals=_remove(_older(data / "rehearsal", now - REHEARSALS), really),
        journals=_remove(_beginnings(data / "journal", now - BEGINNINGS), really),
        sessions=_delete(Session.objects.filter(expire_date__lt=now), really),
        alerts=_delete(Alert.objects.filter(over_at__lt=now - ALERTS), really),
        readers=_silence(now - READERS, really),
        returns=_forget_words(now - READERS, really),
    )
    if really and removed.lines:
        note(f"Removed what had served its time: {'; '.join(removed.lines)}.", who=who, data=asdict(removed))
    return removed


def _older(folder: Path, before: datetime) -> Iterator[Path]:
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):
            if path.stat(follow_symlinks=False).st_mtime < before.timestamp():
                yield path


def _unnamed(pictures: list[Path]) -> list[Path]:
    if not pictures:
        return []
    named = set(Rendition.objects.exclude(picture="").values_list("picture", flat=True).iterator())
    return [path for path in pictures if path.name not in named]


def _beginnings(journals: Path, before: datetime) -> Iterator[Path]:
    """Hidden until they are locked: newsletter/journal.py."""
    return (path for path in _older(journals, before) if path.is_dir() and path.name.startswith("."))


def _remove(paths: Iterable[Path], really: bool) -> int:
    found = list(paths)
    for path in found if really else ():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(found)


def _delete(rows: QuerySet[Session] | QuerySet[Alert], really: bool) -> int:
    return rows.delete()[0] if really else rows.count()


def _silence(before: datetime, really: bool) -> int:
    """What a person still has to settle keeps its words."""
    rows = Recipient.objects.filter(at__lt=before).exclude(detail="").exclude(state=Recipient.State.UNKNOWN)
    if not really:
        return rows.count()
    found = list(rows.values_list("pk", flat=True)[:MOST])
    for start in range(0, len(found), AT_ONCE):
        Recipient.objects.filter(pk__in=found[start : start + AT_ONCE]).update(detail="")
    return len(found)


def _forget_words(before: datetime, really: bool) -> int:
    rows = Return.objects.filter(at__lt=before).exclude(words="")
    if not really:
        return rows.count()
    return Return.objects.filter(pk__in=list(rows.values_list("pk", flat=True)[:MOST])).update(words="")
