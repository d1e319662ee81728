"""How long to wait before trying again, whatever failed."""

from datetime import timedelta
from random import Random

FIRST = timedelta(seconds=30)
LONGEST = timedelta(hours=1)


def delay(tries: int, rng: Random) -> timedelta:
    """After the `tries`-th try (from 1): 30 s, doubled each time, an hour at most, give or take a fifth.

    The jitter keeps many that failed together from coming back together.
    """
    doubled = FIRST * 2 ** min(tries - 1, 16)
    return timedelta(seconds=min(doubled, LONGEST).total_seconds() * rng.uniform(0.8, 1.2))
