"""What is read back after a lost answer: from before our own clock says, when the network says, and not for ever."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests import clocks
from tests.factories import SHORT, is_due, make_delivery
from tests.fakes.noticeboard import Noticeboard
from worker.deliver.reconcile import reconcile
from worker.deliver.send import send
from worker.models import Delivery

Deliver = Callable[..., Delivery]


@pytest.fixture
def lost(deliver: Deliver, board: Noticeboard) -> Delivery:
    """It is there, and nobody knows."""
    board.misbehave("lose-after")
    delivery = deliver()
    send(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == "unknown"
    return delivery


def look(delivery: Delivery, **row: object) -> None:
    is_due(delivery, **row)
    reconcile(delivery.pk)
    delivery.refresh_from_db()


def test_it_is_found_where_the_networks_clock_is_minutes_behind_ours(lost: Delivery, board: Noticeboard) -> None:
    (there,) = board.posts
    board.posts[0] = replace(there, at=(there.moment - timedelta(minutes=4)).isoformat())
    look(lost)
    assert (lost.state, lost.remote_id) == ("sent", there.id)


def test_a_network_that_asks_for_a_pause_is_read_again_after_it(lost: Delivery, board: Noticeboard) -> None:
    board.misbehave("429", seconds=7200, on="list")
    before = clocks.now()
    look(lost)
    assert (lost.state, lost.waits_for) == ("unknown", "network")
    assert before + timedelta(seconds=7199) <= lost.due_at


@pytest.mark.parametrize(("hours", "waits_for"), [(23, "network"), (25, "person")])
def test_after_a_day_in_which_nothing_could_be_read_a_person_is_asked(
    lost: Delivery, board: Noticeboard, hours: int, waits_for: str
) -> None:
    board.misbehave("503", on="list")
    look(lost, unknown_since=clocks.now() - timedelta(hours=hours))
    assert (lost.state, lost.waits_for) == ("unknown", waits_for)
    assert ("could not be read for a day. Please look there: is this post out?" in lost.reason) == (waits_for == "person")
    assert (lost.due_at is None) == (waits_for == "person")


def test_the_post_of_another_delivery_with_the_same_words_is_not_it(deliver: Deliver, board: Noticeboard) -> None:
    """A resend: what went out before stands there, and this one does not."""
    first = deliver()
    send(first.pk)
    board.misbehave("lose-before")
    words = {"text": first.rendition.text, "link": first.rendition.link, "disclaimer": SHORT, "length": 60, "limit": 280}
    again = make_delivery(first.post, "noticeboard", occasion="resend", rendition=words)
    send(again.pk)
    for _ in range(2):
        look(again, call_by=clocks.now() - timedelta(seconds=1))
    assert len(board.posts) == 1
    assert (again.state, again.waits_for, again.remote_id) == ("unknown", "person", "")
    assert "did not find it" in again.reason
