"""When to look at a feed again."""

from datetime import datetime, timedelta
from random import Random

LONGEST_BACK_OFF = timedelta(hours=1)
LONGEST_WISH = timedelta(days=1)
GONE = timedelta(days=1)


def next_look(
    now: datetime, poll: timedelta, failures: int, rng: Random, *, retry_after: timedelta | None = None, gone: bool = False
) -> datetime:
    """After `failures` looks in a row that brought nothing (0: the last one was good).

    The pace of the blog's file, give or take a tenth so that many blogs spread out; doubled with every failure after the
    first up to an hour, unless the pace is slower anyway; not before the web site's own wish, up to a day.
    """
    pause = poll
    if gone:
        pause = max(poll, GONE)
    elif failures > 1:
        pause = max(poll, min(poll * 2 ** min(failures - 1, 16), LONGEST_BACK_OFF))
    pause *= rng.uniform(0.9, 1.1)
    return now + max(pause, min(retry_after or timedelta(0), LONGEST_WISH))
