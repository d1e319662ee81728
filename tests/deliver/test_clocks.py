"""A process whose clock is an hour off the database's waits as long as the others do, and hurries nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests import clocks
from tests.fakes.noticeboard import Noticeboard
from worker.deliver import staff, sweep
from worker.deliver.reconcile import reconcile
from worker.deliver.send import send
from worker.models import Connection, Delivery

Deliver = Callable[..., Delivery]
HOUR, SOON = timedelta(hours=1), timedelta(minutes=5)

wrong_clock = pytest.mark.parametrize("off", [-HOUR, HOUR], ids=["behind", "ahead"])


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def is_shortly_after(now: datetime, moment: datetime | None) -> bool:
    return moment is not None and timedelta() < moment - now < 3 * SOON


def unknown(now: datetime) -> dict[str, Any]:
    return {"state": "unknown", "attempt": 1, "due_at": now - SOON}


@wrong_clock
def test_a_cooldown_that_is_over_holds_nothing_back(deliver: Deliver, now: datetime, off: timedelta) -> None:
    delivery = deliver()
    Connection.objects.create(blog=delivery.blog, channel="noticeboard", cooldown_until=now - SOON, cooldown="Slow down.")
    with clocks.this_process_off_by(off):
        assert send(delivery.pk) == []
    delivery.refresh_from_db()
    assert delivery.state == "sent"


@wrong_clock
def test_a_cooldown_that_lasts_is_waited_for(deliver: Deliver, board: Noticeboard, now: datetime, off: timedelta) -> None:
    delivery = deliver()
    Connection.objects.create(blog=delivery.blog, channel="noticeboard", cooldown_until=now + SOON, cooldown="Slow down.")
    with clocks.this_process_off_by(off):
        send(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.due_at) == ("pending", now + SOON)
    assert board.requests == []


@wrong_clock
def test_a_second_try_comes_after_its_pause(deliver: Deliver, board: Noticeboard, now: datetime, off: timedelta) -> None:
    board.misbehave("429", seconds=60)
    delivery = deliver()
    with clocks.this_process_off_by(off):
        send(delivery.pk)
    delivery.refresh_from_db()
    assert is_shortly_after(now, delivery.due_at)
    assert is_shortly_after(now, Connection.objects.get().cooldown_until)


@wrong_clock
def test_what_a_dead_holder_left_is_due_at_once(deliver: Deliver, now: datetime, off: timedelta) -> None:
    delivery = deliver(state="sending", waits_for="network", phase="opened", attempt=1, due_at=now - SOON, lease_until=now - SOON)
    with clocks.this_process_off_by(off):
        sweep.sweep()
        assert sweep.deliveries_due() == [delivery.pk]


@wrong_clock
def test_no_reading_counts_while_the_request_may_be_on_its_way(deliver: Deliver, now: datetime, off: timedelta) -> None:
    delivery = deliver(waits_for="network", call_by=now + SOON, **unknown(now))
    with clocks.this_process_off_by(off):
        reconcile(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.absences == 0
    assert delivery.due_at == now + SOON + timedelta(seconds=1)


@wrong_clock
def test_the_second_reading_comes_a_settling_time_after_the_first(deliver: Deliver, now: datetime, off: timedelta) -> None:
    delivery = deliver({"settle": "5m"}, waits_for="network", call_by=now - SOON, **unknown(now))
    with clocks.this_process_off_by(off):
        reconcile(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.absences == 1
    assert is_shortly_after(now, delivery.due_at)


@wrong_clock
def test_a_person_cannot_send_it_again_while_the_request_may_be_on_its_way(deliver: Deliver, now: datetime, off: timedelta) -> None:
    delivery = deliver(waits_for="person", call_by=now + SOON, **unknown(now))
    with clocks.this_process_off_by(off), pytest.raises(staff.Refused, match="may still be on its way"):
        staff.settle(delivery, "Ann", sent=False)
