"""What the relay's answer means for one reader, and how such answers become rows: many in one statement."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from worker.channels.base import Bounce, DeliveryError, Rejected, Transient
from worker.models import Recipient

TRIES = 7  # about half an hour; after that a "later" counts as a "no"
IN_DOUBT = "Postlark was stopped while this copy was on its way; it may or may not have arrived."


class Outcome(NamedTuple):
    """How a reader stands from now on, since when (to the second). `detail`: the relay's own words; `bounce`: of a refusal, what it says of their mailbox."""

    state: str
    reason: str
    tries: int
    at: datetime
    detail: str = ""
    bounce: str = ""


def outcome(error: DeliveryError | None, tries: int, at: datetime, detail: str = "") -> Outcome:
    """`tries`: this one included."""
    States = Recipient.State
    at = at.replace(microsecond=0)
    match error:
        case None:
            return Outcome(States.SENT, "The mail relay took it.", tries, at, detail)
        case Transient() if tries < TRIES:
            return Outcome(States.WAITING, error.sentence, tries, at, error.detail)
        case Transient():
            return Outcome(States.REFUSED, f"{error.sentence} Given up after {tries} tries.", tries, at, error.detail, Bounce.SOFT)
        case Rejected():
            return Outcome(States.REFUSED, error.sentence, tries, at, error.detail, error.bounce)
    return Outcome(States.UNKNOWN, f"{error.sentence} It may or may not have arrived.", tries, at, error.detail)


def write(outcomes: Mapping[int, Outcome]) -> None:
    """Recipient -> outcome, inside the transaction that changes the batch's counters."""
    if not outcomes:
        return
    rows = [(str(each.state), each.reason, each.tries, _moment(each.at), each.detail, key) for key, each in outcomes.items()]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_UPDATE_ALL, [json.dumps(rows, default=datetime.isoformat)])
        else:
            cursor.executemany(_UPDATE_ONE, rows)


@lru_cache(maxsize=64)
def _moment(at: datetime) -> Any:
    """As the database takes it. Thousands share a second, and Django takes longer over one than the rest of its row takes."""
    return connection.ops.adapt_datetimefield_value(at)


_TABLE = Recipient._meta.db_table
_UPDATE_ONE = f"UPDATE {_TABLE} SET state = %s, reason = %s, tries = %s, at = %s, detail = %s WHERE id = %s"
_UPDATE_ALL = f"""
UPDATE {_TABLE} SET state = each ->> 0, reason = each ->> 1, tries = (each ->> 2)::smallint, at = (each ->> 3)::timestamptz, detail = each ->> 4
FROM jsonb_array_elements(%s::jsonb) AS each WHERE {_TABLE}.id = (each ->> 5)::bigint"""
"""PostgreSQL reads and plans each statement anew: one for each row takes it three times as long. SQLite, which is not asked over a wire, is faster so."""


def counted(outcomes: Mapping[int, Outcome]) -> Counter[str]:
    """How many came to which end; whoever still waits is not counted."""
    states = Counter(each.state for each in outcomes.values())
    del states[Recipient.State.WAITING]
    return states
