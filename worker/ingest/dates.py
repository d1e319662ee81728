"""When a post was published, out of what feeds write: most of it RFC 822 or ISO 8601, some of it only meant for people.

Read from at most a hundred characters, with expressions that are linear in them.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from itertools import pairwise

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
"""A clock may be wrong by a time zone; what is dated later than this is dated wrongly."""
_LONGEST = 100
# By their first letters, in English and French: `mar` is also Tuesday (mardi), so the last month named counts.
_MONTHS = ("jan", "fev feb", "mar", "avr apr", "mai may", "juin jun", "juil jul", "aou aug", "sep", "oct", "nov", "dec")
_MONTH_OF = {start: number for number, starts in enumerate(_MONTHS, 1) for start in starts.split()}
_WEEKDAYS = frozenset(("mardi", "mercredi", "monday", "mon"))
_ZONES = {"z": 0, "ut": 0, "utc": 0, "gmt": 0, "est": -5, "hne": -5, "edt": -4, "hae": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6}
_ZONES |= {"pst": -8, "pdt": -7, "cet": 1, "cest": 2}
_HALVES = frozenset(("am", "pm", "m"))
_WORD_OR_NUMBER = re.compile(r"[a-z]+|\d+")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_TIME = re.compile(r"\b(\d{1,2})\s?(?::|h)\s?(\d\d)?(?::(\d\d))?(?:\.\d{1,6})?\s?([ap])?\.?m?\b")
_OFFSET = re.compile(r"(?<=[\d\s])([+-])(\d\d):?(\d\d)\b")
_UNIX = re.compile(r"(\d{10})(?:\d{3}|\.\d+)?")
_FIGURES = re.compile(r"\b(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})\b")


HALF_DAYS = re.compile(r"\d\s?[ap]\.?m\b", re.IGNORECASE)
"""Hours that other readers of dates take for those of a whole day."""


def believable(moments: Iterable[datetime | None], now: datetime) -> datetime | None:
    """The first that can be true: a bare Unix time is read by feedparser as the year 1762."""
    return next((moment for moment in moments if moment and EARLIEST <= moment <= now + AHEAD), None)


def date_of(stated: str) -> datetime | None:
    """None for what is no date, or could be two (11/03/2026). Without a zone it is taken for UTC."""
    text = stated.strip()[:_LONGEST]
    for reading in (_unix, datetime.fromisoformat, _in_words, parsedate_to_datetime):
        try:
            moment = reading(text)
            return moment and moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, OSError):
            continue
    return None


def _unix(text: str) -> datetime:
    found = _UNIX.fullmatch(text)
    if not found:
        raise ValueError
    return datetime.fromtimestamp(int(found[1]), UTC)


def _in_words(text: str) -> datetime:
    """`ven., 20 nov. 2026 14:00:00 -0500`, `Friday, November 20, 2026 2:00 PM`, `1er décembre 2026 à 9 h 30`, `20/11/2026`."""
    folded = "".join(each for each in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(each))
    year, month, day = _named_day(folded) or _figures(folded)
    offset = _OFFSET.search(folded)
    return datetime(year, month, day, tzinfo=_zone(folded, offset)) + _time(folded[: offset.start()] if offset else folded)


def _named_day(text: str) -> tuple[int, int, int] | None:
    year = _YEAR.search(text)
    parts = _WORD_OR_NUMBER.findall(text)
    months = [(place, number) for place, part in enumerate(parts) if (number := _month(part))]
    if not year or not months:
        return None
    place, month = months[-1]
    beside = [parts[place - 1]] if place else []
    if place > 1 and not beside[0].isdecimal():
        beside.append(parts[place - 2])  # 1er décembre, 20 de noviembre
    beside += parts[place + 1 : place + 2]
    day = next((int(part) for part in beside if part.isdecimal() and len(part) <= 2), 0)
    return int(year[0]), month, day


def _month(part: str) -> int | None:
    if part in _WEEKDAYS or not part.isalpha():
        return None
    return _MONTH_OF.get(part[:3]) or _MONTH_OF.get(part[:4])


def _figures(text: str) -> tuple[int, int, int]:
    """The year is where four figures are; the day where more than twelve are."""
    found = _FIGURES.search(text)
    if not found:
        raise ValueError
    one, two, three = (int(each) for each in found.groups())
    if len(found[1]) == 4:
        return one, two, three
    if len(found[3]) != 4 or (one != two and max(one, two) <= 12):
        raise ValueError
    return (three, two, one) if one > 12 else (three, one, two)


def _time(text: str) -> timedelta:
    """Midnight where no time is stated."""
    found = _TIME.search(text)
    if not found:
        return timedelta(0)
    hours, minutes, seconds = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if found[4]:
        hours = hours % 12 + (12 if found[4] == "p" else 0)
    whole = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if minutes > 59 or seconds > 60 or whole > timedelta(days=1):
        raise ValueError
    return whole


def _zone(text: str, offset: re.Match[str] | None) -> timezone:
    if offset:
        distance = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-distance if offset[1] == "-" else distance)
    named = next(
        (
            after
            for before, after in pairwise(_WORD_OR_NUMBER.findall(text))
            if (before.isdecimal() or before in _HALVES) and after in _ZONES
        ),
        "",
    )
    return timezone(timedelta(hours=_ZONES.get(named, 0)))
