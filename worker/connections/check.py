"""Each connection is read back once a day, by a request that changes nothing: whose it is, what it may do, when it ends.

The reading also renews what ends soon, and keeps alive what dies of idleness.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from worker.channels.base import Account, DeliveryError, Rejected, Transient, Unauthorized
from worker.connections import keep, warn
from worker.connections.poster import poster_for
from worker.connections.renew import ends_at
from worker.lib import clock
from worker.lib.blogs import BlogFile, blog_file
from worker.lib.clock import Now
from worker.models import Connection
from worker.record.transition import note

DAILY = timedelta(days=1)
SOON = timedelta(minutes=30)
LEASE = timedelta(minutes=5)  # a reading that died is due again
AT_ONCE = 500
CERTAIN = 2  # refusals in a row: a network in trouble may refuse everybody for an hour


@dataclass(frozen=True)
class Verdict:
    """What a reading that failed means for the connection."""

    sentence: str
    refusals: int
    broken: bool
    again_in: timedelta


def after_failure(error: DeliveryError, *, final: bool, refusals: int) -> Verdict:
    """`refusals`: those in a row before this one. `final`: the network was not in doubt, or was not even asked.

    One refusal alone is no proof: X has refused everybody for hours. https://docs.x.com/incidents
    """
    if not isinstance(error, Unauthorized):
        return Verdict(error.sentence, refusals, False, DAILY if isinstance(error, Rejected) else SOON)
    refusals += 1
    broken = final or refusals >= CERTAIN
    return Verdict(error.sentence, refusals, broken, DAILY if broken else SOON)


def due(blog: str | None = None) -> list[int]:
    """Connections whose blog still has the channel in its file; or those of one blog."""
    rows = Connection.objects.filter(Q(next_check_at=None) | Q(next_check_at__lte=Now())).exclude(credentials="")
    found = (
        (rows.filter(blog__slug=blog) if blog else rows)
        .order_by(F("next_check_at").asc(nulls_first=True), "pk")
        .values_list("pk", "blog__slug", "channel")
    )
    return [pk for pk, slug, channel in found.iterator() if _wanted(blog_file(slug), channel)][:AT_ONCE]


def _wanted(file: BlogFile | None, channel: str) -> bool:
    return file is not None and channel in file.channels and file.channels[channel].mode != "off"


def check(pk: int) -> bool:
    """One reading, if it is due and nobody else does it. True when it mended what an earlier one had found broken."""
    taken = Connection.objects.filter(Q(next_check_at=None) | Q(next_check_at__lte=Now()), pk=pk).exclude(credentials="")
    if not taken.update(next_check_at=Now() + LEASE):
        return False
    row = Connection.objects.select_related("blog").get(pk=pk)
    was_broken = bool(row.broken) and row.refusals > 0
    return read_back(row) is None and was_broken


def read_back(row: Connection, *, by_person: bool = False) -> DeliveryError | None:
    """Ask now, and write down what came of it. None: all is well. `by_person`: whoever asks sees the answer; no second is waited for."""
    file = blog_file(row.blog.slug)
    assert file is not None, "only connections with a file are read back"
    asked = False
    try:
        poster = poster_for(file, row.channel)
        asked = True
        account = poster.check()
    except (Unauthorized, Transient, Rejected) as error:
        _failed(row, error, final=by_person or not asked)
        return error
    went_well(row, account)
    return None


def went_well(row: Connection, account: Account) -> None:
    """Write down what the network told, and give the warning that is due."""
    now = clock.now()
    changed: dict[str, Any] = _told(account) | {"last_checked_at": now, "check_failure": "", "next_check_at": _tomorrow(now)}
    changed["expires_at"] = account.expires_at or _end_of(row)
    if row.refusals:
        changed |= {"refusals": 0, "broken": ""}
    Connection.objects.filter(pk=row.pk).update(**changed)
    warn.warn(Connection.objects.select_related("blog").get(pk=row.pk), now)


def _told(account: Account) -> dict[str, Any]:
    """What the network said of itself; it may say nothing."""
    return {"account_id": account.id, "account": account.name, "scopes": list(account.scopes), "notes": list(account.notes)}


def _end_of(row: Connection) -> datetime | None:
    """By the credentials alone: access that cannot be renewed ends for good."""
    closed = Connection.objects.values_list("credentials", flat=True).get(pk=row.pk)
    credentials = keep.opened(closed)
    return None if any("refresh_token" in key for key in credentials) else ends_at(credentials)


def _failed(row: Connection, error: DeliveryError, *, final: bool) -> None:
    now = clock.now()
    verdict = after_failure(error, final=final, refusals=row.refusals)
    changed: dict[str, Any] = {"last_checked_at": now, "check_failure": verdict.sentence, "refusals": verdict.refusals}
    changed["next_check_at"] = now + verdict.again_in
    with transaction.atomic():
        if verdict.broken:
            changed["broken"] = verdict.sentence
            if row.broken != verdict.sentence:
                note(verdict.sentence, blog=row.blog, data={"channel": row.channel})
        Connection.objects.filter(pk=row.pk).update(**changed)


def _tomorrow(now: datetime) -> datetime:
    """Spread over the day, so that many connections are not read in one minute."""
    return now + DAILY - timedelta(minutes=Random().uniform(0, 120))
