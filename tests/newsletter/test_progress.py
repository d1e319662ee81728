"""How far it is, how fast it goes, and what a stop would mean."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.newsletter.people import live_blog, make_subscriber, planned, send_what_is_due
from worker import newsletter
from worker.models import Batch, Delivery, Recipient, Relay
from worker.newsletter.progress import progress, time_left

pytestmark = pytest.mark.django_db


def half_way(relay, **blog) -> Delivery:
    """Two hundred readers; the first hundred got it in the last ten seconds."""
    blog = live_blog(relay, **blog)
    for _ in range(200):
        make_subscriber(blog)
    delivery = planned(blog)
    first, now = delivery.batches.order_by("number")[0], timezone.now()
    Recipient.objects.filter(batch=first).update(state="sent", at=now - timedelta(seconds=10))
    Batch.objects.filter(pk=first.pk).update(state="done", sent=100, waiting=0, written_at=now)
    return delivery


def test_the_rate_and_the_time_left(relay, settings):
    far = progress(half_way(relay), timezone.now())
    assert (far.sum.sent, far.sum.waiting) == (100, 100)
    assert 9 < far.rate <= 10
    assert timedelta(seconds=9) < far.left < timedelta(seconds=12)
    assert far.sentence == "100 have it, 100 will not."


def test_nothing_in_the_last_minute_is_no_rate(relay, settings):
    far = progress(half_way(relay), timezone.now() + timedelta(minutes=2))
    assert (far.rate, far.left) == (0, None)


def test_the_relays_pace_is_the_limit_and_what_it_waits_for_is_said(relay, settings):
    delivery = half_way(relay, options="?rate=1/s")
    slot = timezone.now() + timedelta(minutes=3)
    Relay.objects.create(name="default", next_slot_at=slot)
    far = progress(delivery, timezone.now())
    assert (far.rate, far.left, far.waits_until, far.pace) == (1, timedelta(seconds=100), slot, "1/s")
    assert newsletter.due_batches() == []
    newsletter.sweep()
    delivery.refresh_from_db()
    assert delivery.reason.startswith("100 of 200 sent so far; 100 wait until ")
    assert delivery.reason.endswith(": the mail relay takes 1/s.")


@pytest.mark.parametrize(("waiting", "rate", "left"), [(0, 0, 0), (0, 5, 0), (10, 0, None), (10, 5, 2)])
def test_time_left(waiting, rate, left):
    assert time_left(waiting, rate) == (None if left is None else timedelta(seconds=left))


def test_once_it_is_out_nobody_is_left(relay, settings):
    blog = live_blog(relay)
    make_subscriber(blog)
    delivery = planned(blog)
    send_what_is_due(delivery)
    assert progress(delivery, timezone.now()).sentence == "1 has it."
