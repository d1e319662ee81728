"""postlark once: everything that the clock of a running Postlark would bring, in one go."""

from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import pytest
from django.core.management import call_command

from tests import clocks
from tests.connections.given import connected
from tests.factories import make_delivery, make_post
from tests.fakes.noticeboard import Noticeboard
from tests.fakes.relay import Relay
from tests.newsletter.people import live_blog, make_subscriber
from worker import newsletter
from worker.deliver.plan import plan
from worker.models import Batch, Delivery
from worker.models import Relay as RelayRow


@pytest.mark.django_db
def test_a_connection_that_works_again_is_found_and_what_waited_for_it_goes_out(settings, capsys):
    settings.BLOGS = {}
    with Noticeboard() as board:
        row = connected(board, broken="Noticeboard does not accept the connection.", refusals=1)
        waits = make_delivery(make_post(row.blog), "noticeboard", waits_for="person", due_at=None)
        call_command("once")
    waits.refresh_from_db()
    assert waits.state == "sent", waits.reason
    assert "Posted on Noticeboard" in capsys.readouterr().out


@pytest.fixture
def relay(settings):
    settings.BLOGS, settings.RELAYS = {}, {}
    with Relay() as relay:
        yield relay


def a_newsletter(relay: Relay, readers: int, options: str = "") -> Delivery:
    blog = live_blog(relay, options=f"?connections=1{options}")
    for _ in range(readers):
        make_subscriber(blog)
    post = make_post(blog)
    plan(post.pk)
    delivery = Delivery.objects.get(post=post, channel="email")
    Delivery.objects.filter(pk=delivery.pk).update(due_at=delivery.created_at, first_due_at=delivery.created_at)
    return delivery


@pytest.mark.django_db
def test_a_list_that_takes_several_turns_to_be_written_down_goes_out_in_one_run(relay, monkeypatch):
    delivery = a_newsletter(relay, 350)
    monkeypatch.setattr("worker.newsletter.audience.SLICE", 100)
    quarters = count(0, 35)  # seconds; of a lease of 120, writing down may take 72 in one turn
    monkeypatch.setattr("worker.newsletter.audience.time", SimpleNamespace(monotonic=lambda: next(quarters)))
    call_command("once")
    delivery.refresh_from_db()
    assert delivery.reason == "350 of 350 sent."


@pytest.mark.django_db
def test_a_relay_with_a_pace_is_waited_for_until_everybody_has_it(relay, monkeypatch):
    monkeypatch.setattr("worker.newsletter.batches.time_to_begin", lambda: timedelta(seconds=0.5))  # so long is one turn
    delivery = a_newsletter(relay, 60, "&rate=30/s")
    call_command("once")
    delivery.refresh_from_db()
    assert delivery.reason == "60 of 60 sent."
    assert relay.taken.total() == 60
    assert delivery.attempt > 1, "several turns"


@pytest.mark.django_db
def test_a_slot_that_comes_as_a_round_ends_is_used(relay, monkeypatch):
    monkeypatch.setattr("worker.newsletter.batches.time_to_begin", lambda: timedelta(minutes=1))
    delivery = a_newsletter(relay, 3, "&rate=1/m")
    next_slot = newsletter.next_slot

    def comes(blog):
        RelayRow.objects.update(next_slot_at=clocks.now() - timedelta(seconds=1))
        return next_slot(blog)

    monkeypatch.setattr(newsletter, "next_slot", comes)
    call_command("once")
    delivery.refresh_from_db()
    assert delivery.reason == "3 of 3 sent."


@pytest.mark.django_db
def test_a_slow_pace_leaves_the_rest_to_the_next_run(relay):
    delivery = a_newsletter(relay, 3, "&rate=1/h")
    call_command("once")
    delivery.refresh_from_db()
    assert delivery.state == "sending"
    assert (relay.taken.total(), Batch.objects.get().waiting) == (1, 2)
