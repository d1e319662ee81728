"""At most a hundred readers that are claimed, leased and counted together.

A batch is taken by one conditional UPDATE and given back, finished or swept; its counters change only together with
the rows they count. Time is the database's, so that no process's clock counts.
"""

import os
import socket
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from random import Random

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Max, Min, Q, QuerySet

from worker.channels.base import DeliveryError, Unauthorized
from worker.channels.email import RelaySettings
from worker.lib import clock
from worker.lib.backoff import delay
from worker.lib.blogs import blog_file, blogs
from worker.lib.clock import Now
from worker.models import Attempt, Batch, Delivery, Recipient, Relay
from worker.newsletter.audience import BATCH
from worker.newsletter.mail import relay_name, relay_of
from worker.newsletter.outcome import Outcome, counted, write
from worker.newsletter.returns.record import record_refusals

State = Batch.State


AT_ONCE = 20
"""Batches under one claim at most. Fewer commits make a fast relay faster; when a machine is gone, all it had claimed is in doubt."""


@dataclass(frozen=True)
class Claim:
    """Batches of one newsletter that are ours under this attempt's number.

    `most`: so many copies, by the relay's pace. `lines`: so many connections are ours. `slots_until`: the relay's pace is
    kept for us until then; None: it has no limit. `place`: the number of the last of them.
    """

    batches: tuple[int, ...]
    delivery: int
    number: int
    place: int
    most: int
    lines: int
    slots_until: datetime | None = None


def time_to_begin() -> timedelta:
    """How long after its first claim a holder may begin another copy; well before `time_to_live`, so that the relay has time to answer."""
    return timedelta(seconds=settings.LEASE.total_seconds() * 0.4)


def time_to_live() -> timedelta:
    """How long a holder lives after its first claim: it is dead before the first of its leases ends."""
    return timedelta(seconds=settings.LEASE.total_seconds() * 0.9)


# What is due --------------------------------------------------------------------------------------------------------------


def due_batches(delivery_id: int | None = None) -> list[int]:
    """For each newsletter that can go on, the batch to begin with: whoever takes it goes on to the others.

    None for a relay whose lines are all in use or whose next slot is still to come. New newsletters come before those that
    have been at it for longer.
    """
    due = Batch.objects.filter(_due(), delivery__state=Delivery.State.SENDING)
    if delivery_id is not None:
        due = due.filter(delivery=delivery_id)
    firsts = due.values("delivery").annotate(first=Min("pk")).order_by("delivery__attempt", "first")
    chosen = firsts.values_list("first", "delivery__blog__slug")
    has_room = {slug: _has_room(slug) for slug in {slug for _, slug in chosen}}
    return [first for first, slug in chosen if has_room[slug]]


def _has_room(slug: str) -> bool:
    file = blog_file(slug)
    relay = relay_of(file) if file else None
    if file is None or relay is None:
        return True  # the hand-over says what is in the way
    name = relay_name(file)
    late = Relay.objects.filter(name=name, next_slot_at__gt=Now()).exists() if relay.interval else False
    return not late and _lines_in_use(name) < relay.connections


def next_slot(blog: str | None = None) -> datetime | None:
    """When its relay's pace lets the first of the batches that are due go on, of every blog or of one. None: none waits for that."""
    due = Batch.objects.filter(_due(), delivery__state=Delivery.State.SENDING)
    slugs = set(due.values_list("delivery__blog__slug", flat=True).distinct().order_by())
    names = {relay_name(file) for slug in slugs & ({blog} if blog else slugs) if (file := blog_file(slug)) is not None}
    late = Relay.objects.filter(name__in=names, next_slot_at__gt=Now()).order_by("next_slot_at")
    return late.values_list("next_slot_at", flat=True).first()


def _due() -> Q:
    return Q(state=State.WAITING) & (Q(due_at=None) | Q(due_at__lte=Now()))


def _lines_in_use(name: str) -> int:
    """A holder of two batches has its lines once."""
    slugs = [file.slug for file in blogs().values() if relay_name(file) == name]
    held = Batch.objects.filter(state=State.SENDING, lease_until__gt=Now(), delivery__blog__slug__in=slugs)
    return sum(held.values("holder").annotate(most=Max("lines")).order_by().values_list("most", flat=True))


# Claim --------------------------------------------------------------------------------------------------------------------


def claim(batch_id: int, name: str, relay: RelaySettings, holder: str) -> Claim | None:
    """Take a due batch of a delivery that is being sent, with the relay's lines that are free and a slot in its pace.

    None: somebody else has it, or the relay's lines are all in use, or its pace says later.
    """
    with transaction.atomic():
        row, _ = Relay.objects.select_for_update().get_or_create(name=name, defaults={"next_slot_at": clock.now()})
        free = relay.connections - _lines_in_use(name)
        if free <= 0:
            return None
        most, until = _reserve(row, relay.interval, time_to_begin(), None)
        return _take(Batch.objects.filter(pk=batch_id), holder, relay.lines(free), most, until) if most else None


def claim_next(last: Claim, at_once: int, name: str, relay: RelaySettings, holder: str, left: timedelta) -> Claim | None:
    """Inside a transaction: the next due batches of the same newsletter, on the lines that are held already.

    `at_once`: so many at most. `left`: how long copies may still begin.
    """
    most, until = at_once * BATCH, None
    if relay.interval:
        at_once = 1
        most, until = _reserve(Relay.objects.select_for_update().get(name=name), relay.interval, left, last.slots_until)
    if not most:
        return None
    following = Batch.objects.filter(delivery=last.delivery, number__gt=last.place).order_by("number")
    return _take(following, holder, last.lines, most, until, at_once)


def _take(wanted: QuerySet[Batch], holder: str, lines: int, most: int, until: datetime | None, at_once: int = 1) -> Claim | None:
    """Those of them that are due. The delivery's row is changed first: whoever else claims of the same newsletter waits for us."""
    delivery = wanted.filter(_due()).values_list("delivery", flat=True).first()
    if not delivery or not Delivery.objects.filter(pk=delivery, state=Delivery.State.SENDING).update(attempt=F("attempt") + 1):
        return None
    due = wanted.select_for_update(of=("self",)).filter(_due()).order_by("number")
    ours = list(due.values_list("pk", "number", "delivery__attempt")[:at_once])
    if not ours:
        return None
    keys, number = tuple(pk for pk, _, _ in ours), ours[0][2]
    Batch.objects.filter(pk__in=keys).update(
        state=State.SENDING, lease_until=Now() + settings.LEASE, due_at=None, holder=holder, lines=lines, attempt=number
    )
    who = f"{socket.gethostname()} process {os.getpid()}"
    Attempt.objects.create(delivery_id=delivery, number=number, started_at=clock.now(), holder=who)
    return Claim(keys, delivery, number, ours[-1][1], most, lines, until)


def left_out(batch_ids: Iterable[int]) -> dict[int, frozenset[int]]:
    """By batch, the posts of a digest that its copies are without; a batch whose copies are whole is not among them."""
    found = defaultdict[int, set[int]](set)
    for batch, post in Batch.objects.filter(pk__in=batch_ids, leaves_out__isnull=False).values_list("pk", "leaves_out"):
        found[batch].add(post)
    return {batch: frozenset(posts) for batch, posts in found.items()}


def _reserve(row: Relay, interval: timedelta, left: timedelta, ours_until: datetime | None) -> tuple[int, datetime | None]:
    """How many copies may leave from now on, and until when the pace is ours. Zero: somebody else has the slot.

    `ours_until`: where our last slots end; if nobody came in between, ours go on there.
    """
    if not interval:
        return BATCH, None
    most = min(BATCH, max(1, int(left / interval)))
    mine = Relay.objects.filter(pk=row.pk)
    taken = mine.filter(next_slot_at__lte=Now()).update(next_slot_at=Now() + most * interval) or (
        ours_until and mine.filter(next_slot_at=ours_until).update(next_slot_at=ours_until + most * interval)
    )
    return (most, mine.values_list("next_slot_at", flat=True).get()) if taken else (0, None)


# What came of it ------------------------------------------------------------------------------------------------------------


def still_ours(claims: Iterable[Claim]) -> bool:
    """The leases run under our numbers."""
    numbers = {batch: claim.number for claim in claims for batch in claim.batches}
    held = Batch.objects.filter(pk__in=numbers, state=State.SENDING, lease_until__gt=Now()).values_list("pk", "attempt")
    return dict(held) == numbers


ByBatch = Mapping[int, Mapping[int, Outcome]]
"""Batch -> recipient -> outcome."""


@dataclass(frozen=True)
class Run:
    """What an attempt says of itself. `outcomes`: of the whole claim; `calling_at`: when its first body began."""

    outcomes: ByBatch
    calling_at: datetime | None = None
    trouble: DeliveryError | None = None


def record(claim: Claim, outcomes: ByBatch) -> bool:
    """Rows and counters in one commit. False: the claim is no longer ours, and nothing was written."""
    with transaction.atomic():
        held = _held(claim)
        if held:
            _count(held, outcomes)
            _save(held)
    return bool(held)


def close(claim: Claim, last: ByBatch, run: Run) -> bool:
    """Inside a transaction: end a claim. `last`: the outcomes that are not recorded yet; who has none waits on.

    False: it is no longer ours, and nothing was written.
    """
    held = _held(claim)
    if held:
        give_back(held, last, run)
    return bool(held)


def give_back(held: list[Batch], last: ByBatch, run: Run) -> None:
    """Inside a transaction that holds the rows of one claim: as `close`, whoever holds it."""
    _count(held, last)
    for batch in held:
        batch.lease_until, batch.holder, batch.lines = None, "", 0
        batch.state = State.WAITING if batch.waiting else State.DONE
        batch.due_at = _next_due(batch) if batch.waiting and not run.trouble else None
    _save(held)
    detail, outcome = _told(held, run)
    Attempt.objects.filter(delivery=held[0].delivery_id, number=held[0].attempt).update(
        finished_at=clock.now(),
        calling_at=run.calling_at,
        outcome=outcome,
        detail=detail,
        status=run.trouble.status if run.trouble else "",
    )


def _held(claim: Claim) -> list[Batch]:
    """Locked. All of them, or none: a claim is swept as a whole."""
    mine = Batch.objects.select_for_update().filter(pk__in=claim.batches, state=State.SENDING, attempt=claim.number)
    return list(mine.order_by("pk"))


def _count(held: list[Batch], outcomes: ByBatch) -> None:
    came = {key: each for batch in held for key, each in outcomes.get(batch.pk, {}).items()}
    write(came)
    record_refusals(came)
    now = clock.now()
    for batch in held:
        for state, number in counted(outcomes.get(batch.pk, {})).items():
            setattr(batch, state, getattr(batch, state) + number)
            batch.waiting -= number
            if state == Recipient.State.UNKNOWN:
                batch.looks, batch.look_at = 0, None
        batch.written_at = now


def _save(held: list[Batch]) -> None:
    """In one statement: the ORM's own bulk_update costs more than the mails."""
    rows = [[field.get_db_prep_save(getattr(batch, field.attname), connection) for field in _CHANGED] + [batch.pk] for batch in held]
    with connection.cursor() as cursor:
        cursor.executemany(_UPDATE, rows)


_CHANGED = [
    field
    for field in Batch._meta.concrete_fields
    if field.name
    in (
        "state",
        "waiting",
        "sent",
        "refused",
        "skipped",
        "unknown",
        "due_at",
        "lease_until",
        "holder",
        "lines",
        "written_at",
        "looks",
        "look_at",
    )
]
_UPDATE = f"UPDATE {Batch._meta.db_table} SET {', '.join(f'{field.column} = %s' for field in _CHANGED)} WHERE id = %s"


def _next_due(batch: Batch) -> datetime | None:
    """None: at once. Whoever has been tried waits longer each time, but never in the way of those who have not."""
    tries = batch.recipients.filter(state=Recipient.State.WAITING).values_list("tries", flat=True)
    if not tries or 0 in tries:
        return None
    return clock.now() + delay(max(tries), Random())


def _told(held: list[Batch], run: Run) -> tuple[str, str]:
    """The run's own figures, then the relay's words; and how the attempt ended."""
    States, Outcomes = Recipient.State, Attempt.Outcome
    figures = sum((counted(each) for each in run.outcomes.values()), Counter[str]())
    waiting = sum(batch.waiting for batch in held)
    words = (States.SENT, States.REFUSED, States.SKIPPED, States.UNKNOWN)
    numbers = f"Batch {held[0].number}" if len(held) == 1 else f"Batches {held[0].number} to {held[-1].number}"
    detail = f"{numbers}: " + ", ".join(f"{figures[word]} {word}" for word in words) + f"; {waiting} wait."
    if run.trouble:
        detail += f" {run.trouble.detail or run.trouble.sentence}"
    if isinstance(run.trouble, Unauthorized):
        return detail, Outcomes.UNAUTHORIZED
    if figures[States.UNKNOWN]:
        return detail, Outcomes.UNKNOWN
    if run.trouble or waiting:
        return detail, Outcomes.TRANSIENT
    return detail, Outcomes.REJECTED if figures[States.REFUSED] and not figures[States.SENT] else Outcomes.OK


def is_unfinished(delivery: Delivery) -> bool:
    """Somebody's turn is still to come."""
    return Batch.objects.filter(delivery=delivery).exclude(state=State.DONE).exists()


_LOOKED_AT = 20  # latest tries, and batches
_IN_VAIN = (Attempt.Outcome.TRANSIENT, Attempt.Outcome.UNKNOWN)


def in_vain(delivery: Delivery) -> list[str]:
    """How the latest tries ended, as far back as nobody's copy was taken; the latest first."""
    recent = list(delivery.batches.exclude(written_at=None).order_by("-written_at").values_list("pk", flat=True)[:_LOOKED_AT])
    taken = Recipient.objects.filter(batch__in=recent, state=Recipient.State.SENT).aggregate(last=Max("at"))["last"]
    latest = delivery.attempts.order_by("-number").values_list("outcome", "started_at")[:_LOOKED_AT]
    since = takewhile(lambda each: each[0] in _IN_VAIN and (taken is None or each[1] > taken), latest)
    return [outcome for outcome, _ in since]
