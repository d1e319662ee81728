"""Taking what is due, one at a time for each network."""

from datetime import timedelta
from typing import Any

import pytest

from tests import clocks
from tests.factories import make_blog, make_delivery, make_post
from worker.deliver.claim import claim, next_in_line
from worker.models import Delivery

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _blogs(settings: Any) -> None:
    settings.BLOGS = {}


def test_a_claim_begins_its_attempt_with_nothing_looked_for_yet() -> None:
    delivery = make_delivery(make_post(make_blog()), absences=2, held_for="staff", call_by=clocks.now())
    assert claim(delivery, "Being sent.")
    assert (delivery.state, delivery.waits_for, delivery.phase, delivery.attempt) == ("sending", "network", "opened", 1)
    assert (delivery.absences, delivery.held_for, delivery.call_by) == (0, "", None)
    assert [(one.number, one.kind) for one in delivery.attempts.all()] == [(1, "create")]


def test_a_newsletter_that_is_prepared_waits_for_nothing_and_its_tries_are_its_batches() -> None:
    delivery = make_delivery(make_post(make_blog()), "email", edition="instant")
    assert claim(delivery, "Being prepared.", preparing=True)
    assert (delivery.state, delivery.waits_for, delivery.attempt) == ("preparing", "nothing", 1)
    assert not delivery.attempts.exists()


@pytest.mark.parametrize(
    ("channel", "lease", "turn"),
    [
        ("facebook", timedelta(minutes=1), False),
        ("facebook", timedelta(minutes=-1), True),
        ("twitter", timedelta(minutes=1), True),
    ],
)
def test_one_waits_for_its_turn_only_while_somebody_talks_to_the_same_network(channel: str, lease: timedelta, turn: bool) -> None:
    blog = make_blog()
    make_delivery(make_post(blog), channel, state="sending", waits_for="network", lease_until=clocks.now() + lease)
    assert claim(make_delivery(make_post(blog), "facebook"), "Being sent.", in_turn=True) is turn


def test_the_next_in_line_is_the_one_that_has_been_due_for_longest() -> None:
    blog, now = make_blog(), clocks.now()

    def due(channel: str, minutes: int, **values: Any) -> Delivery:
        return make_delivery(make_post(blog), channel, due_at=now + timedelta(minutes=minutes), **values)

    due("facebook", 5)
    due("facebook", -9, state="held", waits_for="person")
    due("facebook", -9, waits_for="person")
    due("twitter", -9)
    assert next_in_line("facebook") == []
    due("facebook", -1)
    longest = due("facebook", -3)
    assert next_in_line("facebook") == [longest.pk]
