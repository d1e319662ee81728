"""The periodic look for what is due and for claims whose holder died. What makes every doorbell harmless to lose."""

from random import Random
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from worker.channels import find
from worker.deliver import amended, handover, money, outcome
from worker.deliver.claim import Phase, State, WaitsFor, amends
from worker.deliver.retry import Again, next_try
from worker.lib import clock
from worker.lib.blogs import blogs
from worker.lib.clock import Now
from worker.lib.log import carry_on
from worker.models import Attempt, Connection, Delivery, Post
from worker.record.transition import transition

AT_ONCE = 500  # of deliveries, of each channel; more wait for the next sweep


def sweep() -> None:
    """Give back what dead holders left. `opened` may be repeated freely; `calling` is never repeated blindly."""
    for delivery in Delivery.objects.filter(state__in=[State.SENDING, State.PREPARING], lease_until__lt=Now()).select_related("blog")[
        :AT_ONCE
    ]:
        with carry_on("sweep", delivery_id=delivery.pk):
            (_holder_died_calling if delivery.phase == Phase.CALLING else _holder_died_before)(delivery)
    for_money = Delivery.objects.filter(waits_for=WaitsFor.PERSON, held_for=Delivery.HeldFor.MONEY)
    for delivery in for_money.select_related("blog").order_by("pk")[:AT_ONCE]:
        with carry_on("sweep", delivery_id=delivery.pk):
            _let_go_if_paid_for(delivery)


def posts_to_plan(blog: str | None = None) -> list[int]:
    """Of every blog that has a file, or of one."""
    slugs = [blog] if blog else list(blogs())
    return _ids(Post.objects.filter(planned_at=None, blog__slug__in=slugs).order_by("id"))


def deliveries_due(blog: str | None = None) -> list[int]:
    due = Delivery.objects.filter(state=State.PENDING, waits_for=WaitsFor.CLOCK, due_at__lte=Now())
    return _due_first(_of(due, blog))


def looks_due(blog: str | None = None) -> list[int]:
    due = Delivery.objects.filter(state=State.UNKNOWN, waits_for=WaitsFor.NETWORK, due_at__lte=Now())
    return _due_first(_of(due, blog))


def _of(deliveries: QuerySet[Delivery], blog: str | None) -> QuerySet[Delivery]:
    return deliveries.filter(blog__slug=blog) if blog else deliveries


def _due_first(deliveries: QuerySet[Delivery]) -> list[int]:
    """So many of each channel: those that wait for a slow network's turn keep no other channel's waiting."""
    found = [
        row
        for channel in deliveries.order_by().values_list("channel", flat=True).distinct()
        for row in deliveries.filter(channel=channel).order_by("due_at", "pk").values_list("due_at", "pk")[:AT_ONCE]
    ]
    return [pk for _, pk in sorted(found)]


def _ids(rows: QuerySet[Any]) -> list[int]:
    return list(rows.values_list("pk", flat=True)[:AT_ONCE])


def _abandoned(delivery: Delivery) -> Q:
    return Q(state=delivery.state, attempt=delivery.attempt, phase=delivery.phase, lease_until__lt=Now())


def _holder_died_before(delivery: Delivery) -> None:
    now = clock.now()
    decision = next_try(delivery.attempt, None, now, Random())
    refund = money.refund(delivery, posted=False)
    with transaction.atomic():
        if amends(delivery) or isinstance(decision, Again) or delivery.state == State.PREPARING:
            reason = "Postlark was stopped while getting this ready. " + (
                amended.goes_on(delivery) if amends(delivery) else "Nothing had gone out; it tries again now."
            )
            moved = transition(
                delivery,
                _abandoned(delivery),
                state=State.PENDING,
                waits_for=WaitsFor.CLOCK,
                reason=reason,
                due_at=now,
                phase="",
                lease_until=None,
                **refund.fields,
            )
        else:
            reason = f"Postlark was stopped {delivery.attempt} times while getting this ready, so it has given up. Nothing went out; resend it once the cause is found."
            given_up: dict[str, Any] = {"state": State.FAILED, "waits_for": WaitsFor.PERSON, "reason": reason}
            moved = transition(delivery, _abandoned(delivery), **given_up, phase="", lease_until=None, **refund.fields)
        if moved:
            refund.book(delivery)
            _close_attempt(delivery, Attempt.Outcome.TRANSIENT, "The process ended before it asked the network.")


def _holder_died_calling(delivery: Delivery) -> None:
    detail = f"The process ended after it may have asked {find(delivery.channel).name} and before it noted the answer."
    if amends(delivery):
        amended.answer_lost(delivery, detail, only_if=_abandoned(delivery))
    else:
        outcome.answer_lost(delivery, {"detail": detail}, only_if=_abandoned(delivery))


def _let_go_if_paid_for(delivery: Delivery) -> None:
    """A new month has begun, or the ceiling was raised."""
    file, now = blogs().get(delivery.blog.slug), clock.now()
    connection = Connection.objects.filter(blog=delivery.blog, channel=delivery.channel).first()
    if file is None or delivery.channel not in file.channels or connection is None:
        return
    if money.allows(connection, file, handover.price(delivery, file), now):
        transition(
            delivery,
            Q(state=State.HELD, held_for=Delivery.HeldFor.MONEY),
            state=State.PENDING,
            waits_for=WaitsFor.CLOCK,
            reason="The month's ceiling allows it again. Goes out now.",
            due_at=now,
            held_for="",
        )


def _close_attempt(delivery: Delivery, result: str, detail: str) -> None:
    delivery.attempts.filter(number=delivery.attempt, finished_at=None).update(finished_at=clock.now(), outcome=result, detail=detail)
