"""When a mailbox that takes nothing for now counts as dead: a decision of values and the clock."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

AT_LEAST = 5
OVER = timedelta(days=14)
MAY_COME_BACK = timedelta(days=5)
"""So long a mail server may try before it reports back (RFC 5321, 4.5.4.1)."""


class Copy(NamedTuple):
    """One copy to a reader: `taken` by the relay or refused, and the kinds of what came back. `ended`: writing ended with it once."""

    at: datetime
    taken: bool
    kinds: Collection[str]
    ended: bool = False


def softs_in_a_row(copies: Iterable[Copy], now: datetime) -> list[datetime]:
    """Newest first: those that came back softly since the last one that stayed, or since somebody let the address in again.

    A copy of which nothing is known yet neither counts nor ends the row.
    """
    softs = []
    for copy in copies:
        if copy.ended or "delivered" in copy.kinds:
            break
        if "soft" in copy.kinds:
            softs.append(copy.at)
        elif copy.taken and not copy.kinds and now - copy.at > MAY_COME_BACK:
            break
    return softs


def has_given_out(softs: Sequence[datetime]) -> bool:
    return len(softs) >= AT_LEAST and max(softs) - min(softs) >= OVER
