"""How fast a newsletter goes, and what it says while it waits for its relay."""

from datetime import timedelta

import pytest

from tests import clocks
from tests.newsletter.people import live_blog, make_subscriber, planned
from worker import newsletter
from worker.models import Batch, Delivery, Recipient, Relay
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
