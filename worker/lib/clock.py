"""The one clock that decides, and times as a sentence says them."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import functions

_ASKED = {"sqlite": "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", "postgresql": "SELECT statement_timestamp()"}  # as Now() in a query


class Now(functions.Now):
    """`now()` in a query: a moment that was written by either is never later than the next one that is asked for."""

    # SQLite compares texts. Django writes six digits and its own Now() three, which makes .123000 later than .123:
    # what is due at once would not be due for the rest of its millisecond.
    # https://sqlite.org/lang_datefunc.html
    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template="STRFTIME('%%%%Y-%%%%m-%%%%d %%%%H:%%%%M:%%%%f000', 'NOW')", **context)


def now() -> datetime:
    """By the database's clock, which is the same for every process on every machine.

    What is due, leased, late or kept for a while is written and compared by it alone, here or with Now(): two clocks that
    differ would make a pause that is over on one and not on the other, and a row that is put off and taken up for ever.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ASKED[connection.vendor])
        (told,) = cursor.fetchone()
    return (told if isinstance(told, datetime) else datetime.fromisoformat(told)).astimezone(UTC)


def spoken(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """`14:05` on the same local day, else `Mon 23 Nov 14:05`: what stands after "at" or "until"."""
    local = moment.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"{local:%H:%M}"
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def iso(value: object) -> str:
    """For JSON: a moment in UTC, as 2026-11-27T14:03:00Z; anything else as it prints."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)
