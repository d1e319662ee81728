"""After a backup was restored: what may have gone out since it was made waits for a person, so that the copy sends nothing by itself."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from worker.deliver.claim import Kind, Phase, State, WaitsFor, amends, kind_of
from worker.lib import clock
from worker.models import Attempt, Batch, Blog, Confirmation, Connection, Delivery
from worker.newsletter import call_in_doubt
from worker.record.transition import note, transition

_ASKED_FOR = {Kind.DELETE: "taken down", Kind.EDIT: "corrected"}


def make_safe(made_at: datetime, who: str) -> int:
    """Within the restoring transaction. `made_at`: when the backup was made. Returns how many deliveries wait for a person now."""
    Blog.objects.update(restored_from=made_at, look_until=None, look_by="")
    Confirmation.objects.update(mail_due_at=None)  # it may have left since; who waits for it asks again
    when = f"{made_at:%Y-%m-%d %H:%M} UTC"
    for blog in Blog.objects.filter(subscribers__isnull=False).distinct():
        _pause_mail(blog, when, who)
    under_way = Q(state__in=[State.PENDING, State.PREPARING, State.SENDING, State.UNKNOWN])
    half_way = Q(state=State.HELD, pk__in=Batch.objects.exclude(state=Batch.State.DONE).values("delivery"))
    rows = Delivery.objects.filter(under_way | half_way).select_related("blog", "post")
    return sum(_stop(delivery, when, who) for delivery in rows)


def _pause_mail(blog: Blog, when: str, who: str) -> None:
    """Who left after the backup was made is on its list: no newsletter goes to them before a person has seen to it."""
    row, _ = Connection.objects.get_or_create(blog=blog, channel="email")
    Connection.objects.filter(pk=row.pk, paused_by="").update(paused_by=f"{who}, since the backup of {when} was restored")
    note(f"Whoever left after {when} is on the list again. Take them off, then resume e-mail.", who=who, blog=blog)


def _stop(delivery: Delivery, when: str, who: str) -> bool:
    here = Q(state=delivery.state, waits_for=delivery.waits_for)
    if delivery.state == State.SENDING and delivery.channel == "email" and delivery.batches.exists():
        call_in_doubt(delivery, f"The backup of {when} was made before their turn came; they may have got it since.")
        return True
    if delivery.state == State.HELD:
        reason = f"It was held half-way when the backup of {when} was made, and may have gone on since. Release it only if you know that the others have not got it; else cancel it."
        return _move(delivery, here, who, State.HELD, reason)
    if amends(delivery):
        reason = f"It was to be {_ASKED_FOR[kind_of(delivery)]} when the backup of {when} was made. Release it to have that done: done twice, it changes nothing."
        return _move(delivery, here, who, State.HELD, reason)
    if delivery.state == State.UNKNOWN or delivery.phase == Phase.CALLING:
        reason = f"When the backup of {when} was made, it was not known yet whether this was out. Look there: is it?"
        return _move(delivery, here, who, State.UNKNOWN, reason)
    reason = f"It had not gone out when the backup of {when} was made; it may have since. Look there: release it to send it, or cancel it."
    return _move(delivery, here, who, State.HELD, reason)


def _move(delivery: Delivery, only_if: Q, who: str, state: str, reason: str) -> bool:
    free: dict[str, Any] = {"due_at": None, "phase": "", "lease_until": None}
    delivery.attempts.filter(finished_at=None).update(finished_at=clock.now(), outcome=Attempt.Outcome.UNKNOWN, detail=reason)
    return transition(delivery, only_if, who=who, state=state, waits_for=WaitsFor.PERSON, reason=reason, **free)
