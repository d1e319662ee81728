"""At most a hundred readers that are claimed, leased and counted together.

A batch is taken by one conditional UPDATE and given back, finished or swept; its counters change only together with
the rows they count. Time is the database's, so that no process's clock counts.
"""

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from worker.channels.base import DeliveryError, Unauthorized
from worker.channels.email import RelaySettings
from worker.lib.backoff import delay
from worker.lib.blogs import blogs
from worker.models import Attempt, Batch, Connection, Delivery, Recipient, Relay
from worker.newsletter.mail import relay_name
from worker.record.transition import FINAL

State = Batch.State
IN_DOUBT = "Postlark was stopped while this copy was on its way; it may or may not have arrived."


@dataclass(frozen=True)
class Claim:
    """A batch that is ours under this attempt's number. `most`: so many copies, by the relay's pace."""

    batch: int
    delivery: int
    number: int
    most: int


def due_batches(delivery_id: int | None = None) -> list[int]:
    """Batches that can be handed over now, of one delivery or of all."""
    due = Batch.objects.filter(_due(), delivery__state=Delivery.State.SENDING)
    if delivery_id is not None:
        due = due.filter(delivery=delivery_id)
    return list(due.order_by("pk").values_list("pk", flat=True)[:1000])


def time_to_begin() -> timedelta:
    """How long after its claim a holder may begin another copy; well before `time_to_live`, so that the relay has time to answer."""
    return timedelta(seconds=settings.LEASE.total_seconds() * 0.4)


def time_to_live() -> timedelta:
    """How long a holder lives after its claim: it is dead before the lease ends."""
    return timedelta(seconds=settings.LEASE.total_seconds() * 0.9)


def claim(batch_id: int, name: str, relay: RelaySettings) -> Claim | None:
    """Take a due batch of a delivery that is being sent, on one of the relay's lines and in one of its slots.

    None: somebody else has it, or the relay's lines are all in use, or its pace says later (the batch is then due later).
    """
    with transaction.atomic():
        row, _ = Relay.objects.select_for_update().get_or_create(name=name, defaults={"next_slot_at": timezone.now()})
        if _lines_in_use(name) >= relay.connections:
            return None
        sending = Delivery.objects.filter(state=Delivery.State.SENDING).values("pk")
        mine = Batch.objects.filter(_due(), pk=batch_id, delivery__in=sending)
        if not mine.update(state=State.SENDING, lease_until=Now() + settings.LEASE, due_at=None):
            return None
        batch = Batch.objects.get(pk=batch_id)
        most = _reserve(row, relay.interval, batch.waiting)
        if not most:
            Batch.objects.filter(pk=batch_id).update(state=State.WAITING, lease_until=None, due_at=row.next_slot_at)
            return None
        Delivery.objects.filter(pk=batch.delivery_id).update(attempt=F("attempt") + 1)
        number = Delivery.objects.values_list("attempt", flat=True).get(pk=batch.delivery_id)
        Batch.objects.filter(pk=batch_id).update(attempt=number)
        holder = f"{socket.gethostname()} process {os.getpid()}"
        Attempt.objects.create(delivery_id=batch.delivery_id, number=number, started_at=timezone.now(), holder=holder)
    return Claim(batch_id, batch.delivery_id, number, most)


def still_ours(claim: Claim) -> bool:
    """Inside a transaction: the lease runs under our number, the delivery is being sent, and nobody has paused it.

    Locks the row, so that the sweep waits for this transaction.
    """
    paused = Connection.objects.filter(blog=OuterRef("delivery__blog"), channel="email").exclude(paused_by="")
    mine = Batch.objects.filter(_held(claim), lease_until__gt=Now(), delivery__state=Delivery.State.SENDING, delivery__blog__paused_by="")
    return mine.exclude(Exists(paused)).select_for_update(of=("self",)).first() is not None


def count(claim: Claim, state: str) -> bool:
    """Move one of the batch's readers from waiting to `state` in its counters. False: the claim is no longer ours."""
    mine = Batch.objects.filter(_held(claim))
    if state == Recipient.State.WAITING:
        return mine.select_for_update().first() is not None
    return bool(mine.update(**{"waiting": F("waiting") - 1, state: F(state) + 1}))


def close(claim: Claim, trouble: DeliveryError | None) -> None:
    """End a run: what is left waits on, the attempt gets its outcome. Changes nothing where the claim is no longer ours."""
    with transaction.atomic():
        batch = Batch.objects.select_for_update().filter(_held(claim)).first()
        if batch is not None:
            _give_back(batch, _next_due(batch, trouble), trouble)


def take_back() -> None:
    """Batches whose holder died: a copy that was on its way is unknown, the others wait on."""
    for pk in Batch.objects.filter(state=State.SENDING, lease_until__lt=Now()).values_list("pk", flat=True):
        with transaction.atomic():
            batch = Batch.objects.select_for_update().filter(pk=pk, state=State.SENDING, lease_until__lt=Now()).first()
            if batch is not None:
                _give_back(batch, None, None)


def call_off(delivery_id: int | None = None) -> None:
    """Who still waits in a newsletter that has ended (cancelled in mid-run) is skipped: in this one, or in all."""
    ended = Batch.objects.filter(state=State.WAITING, delivery__state__in=FINAL)
    for pk in (ended if delivery_id is None else ended.filter(delivery=delivery_id)).values_list("pk", flat=True):
        with transaction.atomic():
            batch = Batch.objects.select_for_update(of=("self",)).filter(pk=pk, state=State.WAITING).select_related("delivery").first()
            if batch is not None and batch.delivery.state in FINAL:
                _skip_the_rest(batch)


def failures_in_a_row(delivery: Delivery) -> int:
    """The latest tries that ended before any copy could leave."""
    latest = delivery.attempts.order_by("-number").values_list("outcome", "calling_at")[:20]
    fruitless = 0
    for outcome, calling_at in latest:
        if outcome != Attempt.Outcome.TRANSIENT or calling_at is not None:
            break
        fruitless += 1
    return fruitless


def _due() -> Q:
    return Q(state=State.WAITING) & (Q(due_at=None) | Q(due_at__lte=Now()))


def _held(claim: Claim) -> Q:
    return Q(pk=claim.batch, state=State.SENDING, attempt=claim.number)


def _lines_in_use(name: str) -> int:
    slugs = [file.slug for file in blogs().values() if relay_name(file) == name]
    return Batch.objects.filter(state=State.SENDING, lease_until__gt=Now(), delivery__blog__slug__in=slugs).count()


def _reserve(row: Relay, interval: timedelta, waiting: int) -> int:
    """How many copies may leave from now on; the relay's next slot is after them. Zero: another holder has the slot."""
    if not interval:
        return waiting
    most = min(waiting, max(1, int(time_to_begin() / interval)))
    free = Relay.objects.filter(pk=row.pk, next_slot_at__lte=Now())
    return most if free.update(next_slot_at=Now() + most * interval) else 0


def _next_due(batch: Batch, trouble: DeliveryError | None) -> datetime | None:
    """None: at once. Whoever has been tried waits longer each time, but never in the way of those who have not."""
    tries = batch.recipients.filter(state=Recipient.State.WAITING).values_list("tries", flat=True)
    if trouble or not tries or 0 in tries:
        return None
    return timezone.now() + delay(max(tries), Random())


def _give_back(batch: Batch, due_at: datetime | None, trouble: DeliveryError | None) -> None:
    """Inside a transaction that holds the row. Whoever stands as `sending` has no answer: unknown."""
    now = timezone.now()
    on_their_way = Recipient.objects.filter(batch=batch, state=Recipient.State.SENDING)
    lost = on_their_way.update(state=Recipient.State.UNKNOWN, reason=IN_DOUBT, at=now)
    batch.waiting -= lost
    batch.unknown += lost
    batch.state = State.WAITING if batch.waiting else State.DONE
    batch.due_at = due_at if batch.waiting else None
    batch.lease_until = None
    batch.save()
    attempt = Attempt.objects.get(delivery=batch.delivery_id, number=batch.attempt)
    attempt.finished_at = now
    attempt.outcome, attempt.detail = _outcome(batch, lost, trouble, attempt.started_at)
    attempt.status = trouble.status if trouble else ""
    attempt.save()


def _outcome(batch: Batch, lost: int, trouble: DeliveryError | None, since: datetime) -> tuple[str, str]:
    """What an attempt says of itself: the run's own figures, then the relay's words."""
    States, Outcome = Recipient.State, Attempt.Outcome
    this_run = list(batch.recipients.filter(at__gte=since).values_list("state", flat=True))
    figures = {word: this_run.count(word) for word in (States.SENT, States.REFUSED, States.SKIPPED, States.UNKNOWN)}
    detail = f"Batch {batch.number}: " + ", ".join(f"{number} {word}" for word, number in figures.items()) + f"; {batch.waiting} wait."
    if trouble:
        detail += f" {trouble.detail or trouble.sentence}"
    if isinstance(trouble, Unauthorized):
        return Outcome.UNAUTHORIZED, detail
    if lost or figures[States.UNKNOWN]:
        return Outcome.UNKNOWN, detail
    if trouble or batch.waiting:
        return Outcome.TRANSIENT, detail
    return (Outcome.REJECTED if figures[States.REFUSED] and not figures[States.SENT] else Outcome.OK), detail


def _skip_the_rest(batch: Batch) -> None:
    """The delivery ended before these were written to."""
    reason = f"Not sent: the newsletter was {batch.delivery.get_state_display().lower()} before their turn."
    Recipient.objects.filter(batch=batch, state=Recipient.State.WAITING).update(
        state=Recipient.State.SKIPPED, reason=reason, at=timezone.now()
    )
    batch.skipped += batch.waiting
    batch.waiting = 0
    batch.state = State.DONE
    batch.save()
