"""Credentials that end soon are renewed by one process at a time, and stored before anybody uses them.

A network that rotates its refresh tokens takes each of them once: two processes that renew at the same moment, or one that
dies with the new token in its hands, lose the connection. So whoever renews holds a lease on the row, in the row: no
transaction is open while the network is asked. The others wait for the lease's end and read what it left.

When the holder dies in mid-call, its lease runs out and nobody can know whether the network took the old token. One more
try with it finds out; what a network that counts it as stolen says then, a person must mend.
"""

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from random import uniform

from django.db import transaction
from django.db.models import F, Q

from worker.channels.base import Credentials, Poster, Transient, Unauthorized
from worker.channels.grant import moment
from worker.connections import keep
from worker.lib import clock
from worker.lib.clock import Now
from worker.lib.crash import point
from worker.models import Connection

LEASE = timedelta(seconds=60)  # an adapter's call is over after half of it
PATIENCE = 20.0  # seconds to wait for somebody else's lease; a delivery lives for at least 90
Make = Callable[[Connection], Poster]


def renewed(row: Connection, make: Make) -> Poster:
    """The adapter with credentials that hold for now. Raises Unauthorized, or Transient when it must be tried again."""
    poster = make(row)
    if not _renewable(poster.credentials):
        return poster
    holder = _turn(row)
    row.refresh_from_db()
    poster, now = make(row), clock.now()
    try:
        fresh = poster.refresh(now)
    except Unauthorized as error:
        _give_back(row, holder)
        if row.renewals_begun > 1:
            raise _lost(poster, error) from None
        raise
    except Transient:
        # It may have reached the network: `renewals_begun` stays.
        Connection.objects.filter(_held(row, holder)).update(renewing_until=None, renewing_by="")
        if _holds(poster.credentials, now):
            return poster
        raise
    point("renewed")
    if fresh is None:
        _give_back(row, holder)
    else:
        _store(row, holder, fresh)
        row.refresh_from_db()
        poster = make(row)
    return poster


def _turn(row: Connection) -> str:
    """The lease under our name, once nobody else's runs any more; Transient where that takes too long."""
    began = time.monotonic()
    while (holder := _take(row)) is None:
        if time.monotonic() - began > PATIENCE:
            raise Transient("Another process is renewing the connection and has not finished.")
        time.sleep(uniform(0.05, 0.25))
    return holder


def _take(row: Connection) -> str | None:
    """None: somebody else's runs."""
    holder = uuid.uuid4().hex
    free = Q(renewing_until=None) | Q(renewing_until__lte=Now())
    with transaction.atomic(durable=True):
        ours = Connection.objects.filter(free, pk=row.pk).update(
            renewing_until=Now() + LEASE, renewing_by=holder, renewals_begun=F("renewals_begun") + 1
        )
    return holder if ours else None


def _held(row: Connection, holder: str) -> Q:
    """By name, not by time: who wakes up late and finds that nobody took over still holds the only good token."""
    return Q(pk=row.pk, renewing_by=holder)


def _store(row: Connection, holder: str, fresh: Credentials) -> None:
    """New credentials and the end of the lease in one commit. Where a person connected anew meanwhile, theirs stay."""
    with transaction.atomic(durable=True):
        Connection.objects.filter(_held(row, holder)).update(
            credentials=keep.close(fresh), renewed_at=clock.now(), renewing_until=None, renewing_by="", renewals_begun=0
        )


def _give_back(row: Connection, holder: str) -> None:
    Connection.objects.filter(_held(row, holder)).update(renewing_until=None, renewing_by="", renewals_begun=0)


def _lost(poster: Poster, error: Unauthorized) -> Unauthorized:
    return Unauthorized(
        f"An earlier renewal of the connection to {poster.name} was cut off before its answer was stored, and the old key is no longer accepted. Connect it again.",
        status=error.status,
        detail=error.detail,
    )


def _renewable(credentials: Credentials) -> bool:
    return any("refresh_token" in key for key in credentials)


def _holds(credentials: Credentials, now: datetime) -> bool:
    end = ends_at(credentials)
    return end is not None and end > now + timedelta(minutes=1)


def ends_at(credentials: Credentials) -> datetime | None:
    """When the access itself ends, renewed or not. None: it is not known to."""
    return moment(credentials.get("expires_at", ""))
