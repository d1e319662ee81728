"""How fast a newsletter goes, and what it says while it waits for its relay."""

from datetime import timedelta

import pytest
from django.db import transaction

from tests import clocks
from tests.newsletter.people import live_blog, make_subscriber, planned
from worker import newsletter
from worker.models import Batch, Delivery, Recipient, Relay
from worker.newsletter import batches
from worker.newsletter.pace import pace

pytestmark = pytest.mark.django_db


def half_way(relay, **blog) -> Delivery:
    """Two hundred readers; the first hundred got it in the last ten seconds."""
    blog = live_blog(relay, **blog)
    for _ in range(200):
        make_subscriber(blog)
    delivery = planned(blog)
    first, now = delivery.batches.order_by("number")[0], clocks.now()
    Recipient.objects.filter(batch=first).update(state="sent", at=now - timedelta(seconds=10))
    Batch.objects.filter(pk=first.pk).update(state="done", sent=100, waiting=0, written_at=now)
    return delivery


def test_it_goes_as_in_the_last_minute(relay):
    assert 9 < pace(half_way(relay), clocks.now()) <= 10


def test_nothing_in_the_last_minute_is_no_pace(relay):
    assert pace(half_way(relay), clocks.now() + timedelta(minutes=2)) == 0


@pytest.mark.parametrize("later", [timedelta(0), timedelta(minutes=2)])
def test_the_relays_pace_is_the_limit(relay, later):
    assert pace(half_way(relay, options="?rate=1/s"), clocks.now() + later) == 1


def test_what_it_waits_for_at_the_relay_is_said(relay):
    delivery = half_way(relay, options="?rate=1/s")
    Relay.objects.create(name="default", next_slot_at=clocks.now() + timedelta(minutes=3))
    assert newsletter.due_batches() == []
    newsletter.sweep()
    delivery.refresh_from_db()
    assert delivery.reason.startswith("100 of 200 sent so far; 100 waiting until ")
    assert delivery.reason.endswith(": the mail relay takes 1/s.")


def claimed_at_one_a_second(relay, settings) -> tuple[list[int], batches.Claim]:
    """(the batches, the claim of the first of them): four seconds of the relay's pace, as long as copies may begin."""
    settings.LEASE = timedelta(seconds=10)
    delivery = half_way(relay, options="?rate=1/s&connections=4")
    Batch.objects.update(state="waiting")
    keys = list(delivery.batches.order_by("number").values_list("pk", flat=True))
    return keys, batches.claim(keys[0], "default", settings.RELAYS["default"], "here")


def goes_on(claim: batches.Claim, settings) -> batches.Claim | None:
    with transaction.atomic():
        return batches.claim_next(claim, 20, "default", settings.RELAYS["default"], "here", timedelta(seconds=3))


def test_whoever_has_the_pace_goes_on_where_it_ends_and_nobody_else_begins_before(relay, settings, clock):
    (_, second), first = claimed_at_one_a_second(relay, settings)
    assert (first.most, first.slots_until - clocks.now()) == (4, timedelta(seconds=4))
    assert batches.claim(second, "default", settings.RELAYS["default"], "elsewhere") is None
    following = goes_on(first, settings)
    assert (following.batches, following.most, following.slots_until - clocks.now()) == ((second,), 3, timedelta(seconds=7))


def test_whoever_lost_the_pace_to_another_newsletter_waits_for_it_like_everybody(relay, settings, clock):
    (_, second), first = claimed_at_one_a_second(relay, settings)
    Relay.objects.update(next_slot_at=first.slots_until + timedelta(seconds=1))
    assert goes_on(first, settings) is None
    clock.shift(timedelta(seconds=5))
    assert goes_on(first, settings).batches == (second,)
