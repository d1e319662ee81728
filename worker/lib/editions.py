"""When each edition of a newsletter goes out: every post by itself, or what came in a week or a month. Pure functions of the rule and the clock."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

INSTANT = "instant"
ALLOWED = "'instant', 'weekly mon 09:00' and 'monthly 1 09:00'"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_RULE = re.compile(rf"(?:(weekly) ({'|'.join(_DAYS)})|(monthly) (\d{{1,2}})) (\d\d):(\d\d)")


class Digest(NamedTuple):
    """A weekly or monthly edition. `day`: from 0 for Monday, or of the month; a month that is too short has it on its last day."""

    name: str
    day: int
    at: time


class Due(NamedTuple):
    """`day`: where the blog is; `moment`: the same in UTC."""

    day: date
    moment: datetime


def parse_edition(rule: str) -> Digest | None:
    """None for `instant`. ValueError with a sentence that goes on after the key's name."""
    if rule == INSTANT:
        return None
    match = _RULE.fullmatch(rule)
    try:
        at = time(int(match[5]), int(match[6])) if match else None
    except ValueError:
        at = None
    if match is None or at is None or (match[3] and not 1 <= int(match[4]) <= 31):
        raise ValueError(f"has {rule!r}; allowed are {ALLOWED}: a day, or a day of the month, and a time.")
    return Digest("weekly", _DAYS.index(match[2]), at) if match[1] else Digest("monthly", int(match[4]), at)


def next_due(digest: Digest, zone: ZoneInfo, after: datetime) -> Due:
    """The first time of the edition that is later than `after`.

    A time that the change of the clocks leaves out is as much later; one that it brings twice counts the first time.
    """
    day = after.astimezone(zone).date()
    while True:
        moment = datetime.combine(day, digest.at, tzinfo=zone).astimezone(UTC)
        if _falls_on(digest, day) and moment > after:
            return Due(day, moment)
        day += timedelta(days=1)


def _falls_on(digest: Digest, day: date) -> bool:
    if digest.name == "weekly":
        return day.weekday() == digest.day
    return day.day == min(digest.day, monthrange(day.year, day.month)[1])
