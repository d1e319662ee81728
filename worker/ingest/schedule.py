"""When to look at a feed again."""

from datetime import datetime, timedelta
from random import Random

SOON = timedelta(seconds=5)
LONGEST_BACK_OFF = timedelta(hours=1)
LONGEST_WISH = timedelta(days=1)
GONE = timedelta(days=1)


def next_look(
    now: datetime,
    poll: timedelta,
    failures: int,
    rng: Random,
    *,
    never_read: bool = False,
    retry_after: timedelta | None = None,
    gone: bool = False,
) -> datetime:
    """After `failures` looks in a row that brought nothing (0: the last one was good).

    The pace of the blog's file, give or take a tenth so that many blogs spread out; doubled with every failure after the
    first up to an hour, unless the pace is slower anyway; not before the web site's own wish, up to a day. A feed that has
    never been read is somebody's setting-up: it is tried again soon.
    """
    pause = poll
    if gone:
        pause = max(poll, GONE)
    elif never_read and failures:
        pause = min(_doubled(SOON, failures), poll)
    elif failures and poll < LONGEST_BACK_OFF:
        pause = min(_doubled(poll, failures), LONGEST_BACK_OFF)
    pause *= rng.uniform(0.9, 1.1)
    return now + max(pause, min(retry_after or timedelta(0), LONGEST_WISH))


def _doubled(pause: timedelta, failures: int) -> timedelta:
    """With every failure after the first."""
    return pause * (1 << min(failures - 1, 16))
