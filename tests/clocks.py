"""The clock that decides; every clock stopped; or a process's beside the database's."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import time_machine

from worker.lib import clock
from worker.lib.clock import Now


def now() -> datetime:
    """The database's, as the code asks it: this process's own may be later within one millisecond, where SQLite has no more digits."""
    return clock.now()


@contextmanager
def stopped(moment: datetime) -> Generator[time_machine.Traveller, None, None]:
    """The process's and the database's, which stand together and move together."""
    with (
        time_machine.travel(moment, tick=False) as traveller,
        mock.patch.object(clock, "now", _of_this_process),
        mock.patch.object(Now, "as_sqlite", _now_of_python),
        mock.patch.object(Now, "as_postgresql", _now_of_python),
    ):
        yield traveller


@contextmanager
def this_process_off_by(difference: timedelta) -> Generator[None, None, None]:
    """The database's clock stays right."""
    with time_machine.travel(datetime.now(UTC) + difference):
        yield


def _of_this_process() -> datetime:
    return datetime.now(UTC)


def _now_of_python(self: Now, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:
    return ("CAST(%s AS timestamptz)" if connection.vendor == "postgresql" else "%s"), [
        connection.ops.adapt_datetimefield_value(_of_this_process())
    ]
