"""At most a hundred readers that are claimed, leased and counted together.

A batch is taken by one conditional UPDATE and given back, finished or swept; its counters change only together with
the rows they count. Time is the database's, so that no process's clock counts.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Min, Q
from django.db.models.functions import Now
from django.utils import timezone

from worker.channels.base import DeliveryError, Unauthorized
from worker.channels.email import RelaySettings
from worker.lib.backoff import delay
from worker.lib.blogs import blog_file, blogs
from worker.models import Attempt, Batch, Delivery, Recipient, Relay
from worker.newsletter.audience import BATCH
from worker.newsletter.mail import relay_name, relay_of
from worker.newsletter.outcome import Outcome, counted, write

State = Batch.State
_TRY = 5  # others may be taking the same ones


@dataclass(frozen=True)
class Claim:
    """A batch that is ours under this attempt's number.

    `most`: so many copies, by the relay's pace. `lines`: so many connections are ours. `slots_until`: the relay's pace is
    kept for us until then; None: it has no limit.
    """

    batch: int
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
        row, _ = Relay.objects.select_for_update().get_or_create(name=name, defaults={"next_slot_at": timezone.now()})
        lines = relay.connections - _lines_in_use(name)
        if lines <= 0:
            return None
        most, until = _reserve(row, relay.interval, time_to_begin(), None)
        return _take(batch_id, holder, lines, most, until) if most else None


def claim_next(last: Claim, name: str, relay: RelaySettings, holder: str, left: timedelta) -> Claim | None:
    """Inside a transaction: the next due batch of the same newsletter, on the lines that are held already.

    `left`: how long copies may still begin.
    """
    most, until = BATCH, None
    if relay.interval:
        most, until = _reserve(Relay.objects.select_for_update().get(name=name), relay.interval, left, last.slots_until)
    if not most:
        return None
    due = Batch.objects.filter(_due(), delivery=last.delivery, number__gt=last.place).order_by("number")
    for batch_id in due.values_list("pk", flat=True)[:_TRY]:
        if taken := _take(batch_id, holder, last.lines, most, until):
            return taken
    return None


def _take(batch_id: int, holder: str, lines: int, most: int, until: datetime | None) -> Claim | None:
    sending = Delivery.objects.filter(state=Delivery.State.SENDING).values("pk")
    mine = Batch.objects.filter(_due(), pk=batch_id, delivery__in=sending)
    if not mine.update(state=State.SENDING, lease_until=Now() + settings.LEASE, due_at=None, holder=holder, lines=lines):
        return None
    batch = Batch.objects.get(pk=batch_id)
    Delivery.objects.filter(pk=batch.delivery_id).update(attempt=F("attempt") + 1)
    number = Delivery.objects.values_list("attempt", flat=True).get(pk=batch.delivery_id)
    Batch.objects.filter(pk=batch_id).update(attempt=number)
    who = f"{socket.gethostname()} process {os.getpid()}"
    Attempt.objects.create(delivery_id=batch.delivery_id, number=number, started_at=timezone.now(), holder=who)
    return Claim(batch_id, batch.delivery_id, number, batch.number, most, lines, until)


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


def still_ours(claims: list[Claim]) -> bool:
    """The leases run under our numbers."""
    ours = Q(pk__in=())
    for one in claims:
        ours |= _held(one)
    return Batch.objects.filter(ours, lease_until__gt=Now()).count() == len(claims)


def record(claim: Claim, outcomes: Mapping[int, Outcome]) -> bool:
    """Rows and counters in one commit. False: the claim is no longer ours, and nothing was written."""
    changes = {state: F(state) + number for state, number in counted(outcomes).items()}
    moved = sum(counted(outcomes).values())
    with transaction.atomic():
        mine = Batch.objects.filter(_held(claim))
        if not mine.update(waiting=F("waiting") - moved, written_at=timezone.now(), **changes):
            return False
        write(outcomes)
    return True


@dataclass(frozen=True)
class Run:
    """What an attempt says of itself. `outcomes`: of the whole claim; `calling_at`: when its first body began."""

    outcomes: Mapping[int, Outcome]
    calling_at: datetime | None = None
    trouble: DeliveryError | None = None


def close(claim: Claim, last: Mapping[int, Outcome], run: Run) -> bool:
    """Inside a transaction: end a claim. `last`: the outcomes that are not recorded yet; who has none waits on.

    False: it is no longer ours, and nothing was written.
    """
    batch = Batch.objects.select_for_update().filter(_held(claim)).first()
    if batch is not None:
        give_back(batch, last, run)
    return batch is not None


def _held(claim: Claim) -> Q:
    return Q(pk=claim.batch, state=State.SENDING, attempt=claim.number)


def give_back(batch: Batch, last: Mapping[int, Outcome], run: Run) -> None:
    """Inside a transaction that holds the row: as `close`, whoever holds it."""
    write(last)
    for state, number in counted(last).items():
        setattr(batch, state, getattr(batch, state) + number)
        batch.waiting -= number
    batch.state = State.WAITING if batch.waiting else State.DONE
    batch.due_at = _next_due(batch) if batch.waiting and not run.trouble else None
    batch.lease_until, batch.holder, batch.lines, batch.written_at = None, "", 0, timezone.now()
    batch.save()
    detail, outcome = _told(batch, run)
    Attempt.objects.filter(delivery=batch.delivery_id, number=batch.attempt).update(
        finished_at=timezone.now(),
        calling_at=run.calling_at,
        outcome=outcome,
        detail=detail,
        status=run.trouble.status if run.trouble else "",
    )


def _next_due(batch: Batch) -> datetime | None:
    """None: at once. Whoever has been tried waits longer each time, but never in the way of those who have not."""
    tries = batch.recipients.filter(state=Recipient.State.WAITING).values_list("tries", flat=True)
    if not tries or 0 in tries:
        return None
    return timezone.now() + delay(max(tries), Random())


def _told(batch: Batch, run: Run) -> tuple[str, str]:
    """The run's own figures, then the relay's words; and how the attempt ended."""
    States, Outcomes = Recipient.State, Attempt.Outcome
    figures = counted(run.outcomes)
    words = (States.SENT, States.REFUSED, States.SKIPPED, States.UNKNOWN)
    detail = f"Batch {batch.number}: " + ", ".join(f"{figures[word]} {word}" for word in words) + f"; {batch.waiting} wait."
    if run.trouble:
        detail += f" {run.trouble.detail or run.trouble.sentence}"
    if isinstance(run.trouble, Unauthorized):
        return detail, Outcomes.UNAUTHORIZED
    if figures[States.UNKNOWN]:
        return detail, Outcomes.UNKNOWN
    if run.trouble or batch.waiting:
        return detail, Outcomes.TRANSIENT
    return detail, Outcomes.REJECTED if figures[States.REFUSED] and not figures[States.SENT] else Outcomes.OK


def failures_in_a_row(delivery: Delivery) -> int:
    """The latest tries that ended before any copy could leave."""
    latest = delivery.attempts.order_by("-number").values_list("outcome", "calling_at")[:20]
    fruitless = 0
    for outcome, calling_at in latest:
        if outcome != Attempt.Outcome.TRANSIENT or calling_at is not None:
            break
        fruitless += 1
    return fruitless
