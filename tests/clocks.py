"""Every clock stopped, or a process's beside the database's."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import time_machine
from django.db.models.functions import Now
from django.utils import timezone

from worker.lib import clock


@contextmanager
def stopped(moment: datetime) -> Generator[time_machine.Traveller, None, None]:
    """The process's and the database's, which stand together and move together."""
    with (
        time_machine.travel(moment, tick=False) as traveller,
        mock.patch.object(clock, "now", timezone.now),
        mock.patch.object(Now, "as_sqlite", _now_of_python),
        mock.patch.object(Now, "as_postgresql", _now_of_python),
    ):
        yield traveller


@contextmanager
def this_process_off_by(difference: timedelta) -> Generator[None, None, None]:
    """The database's clock stays right."""
    with time_machine.travel(datetime.now(UTC) + difference):
        yield


def _now_of_python(self: Now, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:
    return ("CAST(%s AS timestamptz)" if connection.vendor == "postgresql" else "%s"), [
        connection.ops.adapt_datetimefield_value(timezone.now())
    ]
