"""Taking a delivery, and the second commit immediately before the request that posts.

Both are one conditional UPDATE: one row changed means it is ours. Time is the database's, so that no process's clock counts.
"""

import os
import socket
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from worker.lib import clock
from worker.lib.clock import Now
from worker.models import Attempt, Connection, Delivery
from worker.record.transition import transition

State, Phase, WaitsFor, Kind = Delivery.State, Delivery.Phase, Delivery.WaitsFor, Attempt.Kind
_WITH_WHAT_IT_BRINGS = Delivery.objects.select_related("blog", "post", "issue")


def kind_of(delivery: Delivery) -> Attempt.Kind:
    """What the next attempt asks of the network."""
    if delivery.withdrawn_by:
        return Kind.DELETE
    return Kind.EDIT if delivery.occasion == Delivery.Occasion.CORRECTION else Kind.CREATE


def amends(delivery: Delivery) -> bool:
    """It changes or takes down what is out already. That may be asked for twice: the second time changes nothing."""
    return kind_of(delivery) != Kind.CREATE


def time_to_live() -> timedelta:
    """How long a holder lives after its claim. Shorter than the lease, so that it is dead before the claim is given away."""
    return timedelta(seconds=settings.LEASE.total_seconds() * 0.75)


def claim(delivery: Delivery, reason: str, *, preparing: bool = False, in_turn: bool = False) -> bool:
    """`pending` and due -> `sending` (e-mail: `preparing`) under the next attempt number, with a lease.

    `in_turn`: only while nobody talks to this network. IntegrityError when another delivery of this post to this channel is under way.
    """
    due = Q(state=State.PENDING, waits_for=WaitsFor.CLOCK, due_at__lte=Now(), attempt=delivery.attempt)
    if in_turn:
        due &= its_turn(delivery)
    with transaction.atomic():
        ours = transition(
            delivery,
            due,
            state=State.PREPARING if preparing else State.SENDING,
            waits_for=WaitsFor.NOTHING if preparing else WaitsFor.NETWORK,
            reason=reason,
            attempt=delivery.attempt + 1,
            phase=Phase.OPENED,
            lease_until=Now() + settings.LEASE,
            call_by=None,
            absences=0,
            held_for="",
        )
        if ours:
            delivery.refresh_from_db(from_queryset=_WITH_WHAT_IT_BRINGS)  # as it is now that nobody else may change it
        if ours and not preparing:  # a newsletter's tries are its batches'
            Attempt.objects.create(
                delivery=delivery, number=delivery.attempt, kind=kind_of(delivery), started_at=clock.now(), holder=holder()
            )
    return ours


def never_called() -> Q:
    """Its words have never been on their way."""
    return ~Q(Exists(Attempt.objects.filter(delivery=OuterRef("pk"), calling_at__isnull=False)))


def its_turn(delivery: Delivery) -> Q:
    """Nobody talks to this network just now. One at a time, so that a dead one holds up one worker, and the others serve the others."""
    in_hand = Delivery.objects.filter(channel=delivery.channel, lease_until__gt=Now())
    return ~Q(Exists(in_hand.exclude(post=delivery.post_id)))  # of the same post, the schema allows one, and says so


def next_in_line(channel: str) -> list[int]:
    """Who waits to talk to a network with which somebody has just ended."""
    due = Delivery.objects.filter(channel=channel, state=State.PENDING, waits_for=WaitsFor.CLOCK, due_at__lte=Now())
    return list(due.order_by("due_at", "pk").values_list("pk", flat=True)[:1])


def commit_calling(delivery: Delivery, reason: str) -> bool:
    """The point of no return: False when the claim is no longer ours, and then nothing may be sent."""
    assert delivery.lease_until is not None, "only a claimed delivery is called"
    with transaction.atomic():
        ours = transition(
            delivery,
            still_ours(delivery) & Q(phase=Phase.OPENED, lease_until__gt=Now()),
            state=State.SENDING,
            waits_for=WaitsFor.NETWORK,
            reason=reason,
            phase=Phase.CALLING,
            call_by=delivery.lease_until - (settings.LEASE - time_to_live()),
        )
        if ours:
            now = clock.now()
            Attempt.objects.filter(delivery=delivery, number=delivery.attempt).update(calling_at=now)
            Connection.objects.filter(blog=delivery.blog_id, channel=delivery.channel).update(called_at=now)
    return ours


def still_ours(delivery: Delivery) -> Q:
    """The row as the holder of this attempt left it. An outcome is written only where this holds."""
    return Q(state__in=[State.SENDING, State.PREPARING], attempt=delivery.attempt)


def holder() -> str:
    return f"{socket.gethostname()} process {os.getpid()}"
