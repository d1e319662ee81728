"""What dead holders leave behind is given back, or looked up."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests import clocks
from tests.factories import is_due, make_blog, make_delivery
from tests.fakes.noticeboard import Noticeboard
from worker.deliver import outcome
from worker.deliver.claim import claim, commit_calling
from worker.deliver.reconcile import reconcile
from worker.deliver.retry import MOST_TRIES
from worker.deliver.send import send
from worker.deliver.sweep import deliveries_due, looks_due, sweep
from worker.models import Attempt, Delivery

Deliver = Callable[..., Delivery]


def lease_ends(delivery: Delivery) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(lease_until=clocks.now() - timedelta(seconds=1))
    delivery.refresh_from_db()


def test_a_claim_is_taken_by_one_only(deliver: Deliver) -> None:
    delivery = deliver()
    other = Delivery.objects.get(pk=delivery.pk)
    assert claim(delivery, "Mine.")
    assert not claim(other, "Mine too.")


def test_a_holder_that_died_before_calling_gives_it_back(deliver: Deliver, board: Noticeboard) -> None:
    delivery = deliver()
    claim(delivery, "Getting ready.")
    sweep()
    delivery.refresh_from_db()
    assert delivery.state == "sending"
    lease_ends(delivery)
    sweep()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for) == ("pending", "clock")
    assert delivery.attempts.get().outcome == "transient"
    assert deliveries_due() == [delivery.pk]
    send(delivery.pk)
    assert board.count(delivery.rendition.text) == 1


@pytest.mark.parametrize("remains", [{"email": {}}, None], ids=["another channel", "no file"])
@pytest.mark.parametrize("when", ["before the sweep", "before the look"])
def test_a_doubt_about_a_channel_that_left_the_file_is_for_a_person(
    deliver: Deliver, board: Noticeboard, settings: Any, remains: dict[str, Any] | None, when: str
) -> None:
    def the_section_goes() -> None:
        settings.BLOGS = {}
        if remains:
            make_blog(delivery.blog.slug, channels=remains)

    delivery = deliver()
    claim(delivery, "Getting ready.")
    commit_calling(delivery, "Calling.")
    lease_ends(delivery)
    if when == "before the sweep":
        the_section_goes()
    sweep()
    the_section_goes()
    is_due(delivery)
    reconcile(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for) == ("unknown", "person")
    assert "Look there: is " in delivery.reason


def test_a_holder_that_wakes_when_its_lease_has_ended_does_not_call(deliver: Deliver) -> None:
    """Nobody has swept yet, and no other has claimed: what it would send now could arrive after it has been looked for."""
    delivery = deliver()
    claim(delivery, "Getting ready.")
    lease_ends(delivery)
    assert not commit_calling(delivery, "Calling.")
    sweep()
    assert delivery.attempts.get().calling_at is None
    assert deliveries_due() == [delivery.pk]


def test_a_holder_that_died_after_calling_leaves_an_unknown(deliver: Deliver, board: Noticeboard) -> None:
    delivery = deliver()
    claim(delivery, "Getting ready.")
    assert commit_calling(delivery, "Calling.")
    lease_ends(delivery)
    sweep()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for) == ("unknown", "network")
    assert delivery.call_by
    assert deliveries_due() == []
    is_due(delivery)
    assert looks_due() == [delivery.pk]


def test_a_holder_whose_lease_is_over_may_not_call(deliver: Deliver) -> None:
    delivery = deliver()
    claim(delivery, "Getting ready.")
    lease_ends(delivery)
    assert not commit_calling(delivery, "Too late.")
    assert Attempt.objects.get().calling_at is None


def test_a_holder_that_was_overtaken_may_neither_call_nor_write(deliver: Deliver) -> None:
    late = deliver()
    claim(late, "Getting ready.")
    lease_ends(late)
    sweep()
    other = Delivery.objects.get(pk=late.pk)
    assert claim(other, "Getting ready again.")
    assert not commit_calling(late, "Too late.")
    outcome.record(late, ZeroDivisionError())
    other.refresh_from_db()
    assert (other.state, other.attempt) == ("sending", 2)


def test_it_gives_up_on_what_kills_every_holder(deliver: Deliver) -> None:
    delivery = deliver(attempt=MOST_TRIES - 1)
    claim(delivery, "Getting ready.")
    lease_ends(delivery)
    sweep()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for) == ("failed", "person")


def test_it_calls_no_later_than_it_lives(deliver: Deliver, settings: Any) -> None:
    settings.LEASE = timedelta(seconds=100)
    delivery = deliver()
    claim(delivery, "Getting ready.")
    commit_calling(delivery, "Calling.")
    assert delivery.lease_until
    assert delivery.call_by == delivery.lease_until - timedelta(seconds=25)


def test_a_network_whose_turn_many_wait_for_keeps_no_other_channel_waiting(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.deliver.sweep.AT_ONCE", 2)
    first, second, third = (deliver() for _ in range(3))
    mail = make_delivery(third.post, "email", edition="instant")
    for moment, delivery in enumerate((first, second, third, mail)):
        Delivery.objects.filter(pk=delivery.pk).update(due_at=clocks.now() - timedelta(seconds=60 - moment))
    assert deliveries_due() == [first.pk, second.pk, mail.pk]
