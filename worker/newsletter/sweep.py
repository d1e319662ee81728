"""What dead holders left, and newsletters whose end nobody has told yet."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from worker.lib import clock
from worker.lib.clock import Now
from worker.models import Batch, Delivery, Recipient
from worker.newsletter import batches, journal
from worker.newsletter.conclusion import finish, restate_stopped
from worker.newsletter.outcome import IN_DOUBT, Outcome
from worker.record.transition import FINAL

State = Batch.State
RECENTLY = timedelta(hours=1)


def sweep() -> None:
    """Give back the batches of dead holders; what was on its way is unknown. Then each delivery is told where nobody waits any more, and what it waits for elsewhere."""
    take_back()
    call_off()
    sending = Delivery.objects.filter(channel="email", state=Delivery.State.SENDING).exclude(occasion=Delivery.Occasion.TEST)
    for delivery in sending.select_related("blog"):
        finish(delivery)
    stopped = Delivery.objects.filter(channel="email", state=Delivery.State.CANCELLED, finished_at__gte=clock.now() - RECENTLY)
    for delivery in stopped.exclude(withdrawn_by=""):
        restate_stopped(delivery)


def take_back() -> None:
    """Who died on this machine is known at once, by the lock that went with the process; elsewhere once the lease has ended.

    A holder on another machine is given one lease more: should that machine come back, its journal knows better.
    """
    for holder in journal.dead():
        _take_back(Q(holder=holder))
    _take_back(Q(lease_until__lt=Now()))


def _take_back(which: Q) -> None:
    """Claim by claim: all batches under one attempt of a newsletter."""
    stale = Batch.objects.filter(which, state=State.SENDING)
    for delivery, attempt in stale.values_list("delivery", "attempt").distinct().order_by():
        with transaction.atomic():
            held = list(
                Batch.objects.select_for_update().filter(which, delivery=delivery, attempt=attempt, state=State.SENDING).order_by("pk")
            )
            if held and (left := _left_behind(held)) is not None:
                batches.give_back(held, left.outcomes, left)


def _left_behind(held: list[Batch]) -> batches.Run | None:
    """What became of those who still stand as waiting, and whether any body had begun. None: too early to tell."""
    first, now = held[0], clock.now()
    notes = journal.read(first.holder, first.delivery_id, first.attempt)
    is_late = Batch.objects.filter(pk=first.pk, lease_until__lt=Now() - settings.LEASE).exists()
    if notes is None and not is_late:  # on another machine, which may come back
        return None
    outcomes: dict[int, dict[int, Outcome]] = {}
    for batch in held:
        waiting = dict(batch.recipients.filter(state=Recipient.State.WAITING).values_list("pk", "tries"))
        in_doubt = set(waiting) if notes is None else notes.intents & waiting.keys() - notes.outcomes.keys()
        known = {} if notes is None else {key: came for key, came in notes.outcomes.items() if key in waiting}
        unknown = {key: Outcome(Recipient.State.UNKNOWN, IN_DOUBT, waiting[key] + 1, now) for key in in_doubt}
        outcomes[batch.pk] = known | unknown
    return batches.Run(outcomes, now if notes is None or notes.intents else None)


def call_off(delivery_id: int | None = None) -> None:
    """Who still waits in a newsletter that has ended (cancelled in mid-run) is skipped: in this one, or in all."""
    ended = Batch.objects.filter(state=State.WAITING, delivery__state__in=FINAL)
    for pk in (ended if delivery_id is None else ended.filter(delivery=delivery_id)).values_list("pk", flat=True):
        with transaction.atomic():
            batch = Batch.objects.select_for_update(of=("self",)).filter(pk=pk, state=State.WAITING).select_related("delivery").first()
            if batch is not None and batch.delivery.state in FINAL:
                _skip_the_rest(batch)


def _skip_the_rest(batch: Batch) -> None:
    """The delivery ended before these were written to."""
    reason = f"Not sent: the newsletter was {batch.delivery.get_state_display().lower()} before their turn."
    Recipient.objects.filter(batch=batch, state=Recipient.State.WAITING).update(
        state=Recipient.State.SKIPPED, reason=reason, at=clock.now()
    )
    batch.skipped += batch.waiting
    batch.waiting = 0
    batch.state = State.DONE
    batch.save()
