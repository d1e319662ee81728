"""When to look at a feed again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import median

SOON = timedelta(seconds=5)
LONGEST_BACK_OFF = timedelta(hours=1)
LONGEST_WISH = timedelta(days=1)
LONGEST_PACE = timedelta(hours=1)
GONE = timedelta(days=1)
GONE_AT_FIRST = timedelta(hours=1)
SURE = 3
"""As often as this a web site must say that a feed is gone before it is looked at only once a day."""
SHARE = 20
"""Of the time between two posts, a look every twentieth part."""
NOTHING = timedelta(0)


@dataclass(frozen=True)
class Pace:
    """How often the feed itself wants to be looked at: `every` so long (Cache-Control, ttl), not in these hours and days.

    Hours are 0 to 23 and days 0 (Monday) to 6, in UTC: https://www.rssboard.org/rss-specification#optionalChannelElements
    """

    every: timedelta = NOTHING
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()

    def skips(self, moment: datetime) -> bool:
        here = moment.astimezone(UTC)
        by_hour = len(self.skip_hours) < 24 and here.hour in self.skip_hours
        return by_hour or (len(self.skip_days) < 7 and here.weekday() in self.skip_days)


def next_look(
    now: datetime,
    poll: timedelta,
    failures: int,
    rng: Random,
    *,
    never_read: bool = False,
    retry_after: timedelta | None = None,
    gone: bool = False,
    rhythm: timedelta | None = None,
    pace: Pace | None = None,
) -> datetime:
    """After `failures` looks in a row that brought nothing (0: the last one was good).

    The pace of the blog's file at the latest, up to a fifth earlier so that many blogs spread out; up to four times as often
    where the blog publishes several times a day. Doubled with every failure after the first up to an hour, unless the pace is
    slower anyway. The feed's own wish stretches it threefold at most, the web site's "come back later" up to a day. A feed
    that has never been read is somebody's setting-up: it is tried again soon.
    """
    pause = poll
    if gone:
        pause = max(poll, GONE if failures >= SURE else GONE_AT_FIRST)
    elif never_read and failures:
        pause = min(_doubled(SOON, failures), poll)
    elif failures and poll < LONGEST_BACK_OFF:
        pause = min(_doubled(poll, failures), LONGEST_BACK_OFF)
    elif not failures:
        pause = _as_asked(_in_rhythm(poll, rhythm), poll, pace or Pace(), now)
    pause *= rng.uniform(0.8, 1.0)
    return now + max(pause, min(retry_after or NOTHING, LONGEST_WISH))


def rhythm_of(published: Sequence[datetime]) -> timedelta | None:
    """Between two posts, by the middle of the last gaps. None: too few to tell."""
    newest = sorted(published, reverse=True)[:11]
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(newest)]
    return timedelta(seconds=median(gaps)) if len(gaps) >= 4 else None


def _in_rhythm(poll: timedelta, rhythm: timedelta | None) -> timedelta:
    """Never slower than `poll`, nor faster than a quarter of it or a minute."""
    if rhythm is None:
        return poll
    return min(poll, max(rhythm / SHARE, poll / 4, timedelta(minutes=1)))


def _as_asked(pause: timedelta, poll: timedelta, pace: Pace, now: datetime) -> timedelta:
    wished = LONGEST_PACE if pace.skips(now + pause) else pace.every
    return max(pause, min(wished, 3 * poll, LONGEST_PACE))


def _doubled(pause: timedelta, failures: int) -> timedelta:
    """With every failure after the first."""
    return pause * (1 << min(failures - 1, 16))
