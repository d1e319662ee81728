"""Killed or stopped at every named place of the way, and started again."""

import os
import signal
from pathlib import Path

import pytest

from examples import blog as example
from tests.crashes.conftest import AT_REST, Place, stopped
from tests.fakes.noticeboard import Noticeboard
from tests.processes import until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
POINTS = ["claimed", "opened", "calling", "answered", "recorded"]


@pytest.fixture
def place(tmp_path: Path, fresh_database_url: str, blog: example.Blog, board: Noticeboard) -> Place:
    return Place(tmp_path, fresh_database_url, blog, board)


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_9_never_doubles_and_never_loses(place: Place, point: str) -> None:
    place.publish(f"Killed at {point}")
    assert place.once(POSTLARK_CRASH=f"{point}:kill") == -signal.SIGKILL
    place.check_the_ledger()
    place.come_to_rest()
    place.check_the_ledger()
    row = place.delivery()
    assert (row["state"], row["waits_for"]) == (("unknown", "person") if point == "calling" else ("sent", "nothing"))


@pytest.mark.parametrize("point", ["claimed", "opened", "calling", "answered"])
def test_one_stopped_past_its_lease_may_neither_call_nor_write(place: Place, point: str) -> None:
    place.publish(f"Stopped at {point}")
    with place.running("once", output=place.output, POSTLARK_CRASH=f"{point}:stop") as process:
        until(lambda: stopped(place.data), "the process has been stopped", 30)
        place.come_to_rest()
        os.kill(process.pid, signal.SIGCONT)
        assert process.wait(30) == -signal.SIGALRM
    place.check_the_ledger()
    assert place.ask(f"SELECT 1 FROM worker_delivery WHERE NOT ({AT_REST})") == []


def test_two_at_once_and_a_third_double_nothing(place: Place) -> None:
    for number in range(4):
        place.publish(f"Post {number}")
    with place.running("once", output=place.output) as one, place.running("once", output=place.output) as two:
        assert (one.wait(60), two.wait(60), place.once()) == (0, 0, 0)
    place.come_to_rest()
    place.check_the_ledger()
    assert [row["state"] for row in place.deliveries()] == ["sent"] * 4
