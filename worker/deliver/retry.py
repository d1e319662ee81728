"""What follows a try that certainly did not post: try again, and when; or leave it to a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from worker.lib.backoff import delay

MOST_TRIES = 12  # with the back-off's hour at most, this spans about six hours


@dataclass(frozen=True)
class Again:
    at: datetime


@dataclass(frozen=True)
class GiveUp:
    pass


def next_try(tries: int, retry_after: timedelta | None, now: datetime, rng: Random) -> Again | GiveUp:
    """After the `tries`-th try. The network's own delay counts where it is longer than ours, up to a day."""
    if tries >= MOST_TRIES:
        return GiveUp()
    wait = delay(tries, rng)
    if retry_after is not None:
        wait = max(wait, min(retry_after, timedelta(days=1)))
    return Again(now + wait)
