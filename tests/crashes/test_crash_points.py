"""The process at work is killed, or stopped for longer than its lease, at every named point of one hand-over."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from examples import blog as example
from tests.crashes.conftest import Place, stopped
from tests.fakes.noticeboard import Noticeboard
from tests.processes import Valkey, until

pytestmark = pytest.mark.processes
POINTS = ["claimed", "opened", "calling", "answered", "recorded"]


@pytest.fixture
def place(tmp_path: Path, fresh_database_url: str, blog: example.Blog, board: Noticeboard) -> Place:
    return Place(tmp_path, fresh_database_url, blog, board)


@pytest.fixture
def strict_place(tmp_path: Path, fresh_database_url: str, blog: example.Blog, board: Noticeboard) -> Place:
    """Its network refuses what it has already."""
    return Place(tmp_path, fresh_database_url, blog, board, refuses_duplicates=True)


def kill_at(place: Place, point: str) -> None:
    assert place.once(POSTLARK_CRASH=f"{point}:kill") == -signal.SIGKILL


def stop_at(place: Place, point: str) -> None:
    """Stopped until its lease is over and the sweep of another process has seen it, then woken."""
    with place.running("once", output=place.output, POSTLARK_CRASH=f"{point}:stop") as process:
        until(lambda: stopped(place.data) == process.pid, f"it is stopped at {point}")

        def given_away() -> bool:
            place.once()
            return bool(place.delivery()["state"] != "sending")

        until(given_away, "its lease is over")
        place.check_the_ledger()
        os.kill(process.pid, signal.SIGCONT)
        process.wait(30)


@pytest.mark.parametrize("happens", [kill_at, stop_at])
@pytest.mark.parametrize("point", POINTS)
def test_at_every_point_it_is_posted_at_most_once_and_comes_to_an_end(
    place: Place, point: str, happens: Callable[[Place, str], None]
) -> None:
    place.publish("A walk in the park")
    happens(place, point)
    place.check_the_ledger()
    place.come_to_rest()
    place.check_the_ledger()
    row = place.delivery()
    if point == "calling":  # nothing went out, but only a person can be sure of it on this network
        assert (row["state"], row["waits_for"]) == ("unknown", "person"), row["reason"]
        assert place.run("settle", str(row["id"]), "--not-sent").returncode == 0
        place.come_to_rest()
        place.check_the_ledger()
    assert place.delivery()["state"] == "sent", place.delivery()["reason"]


@pytest.mark.parametrize("point", ["calling", "answered"])
def test_where_the_network_refuses_duplicates_it_needs_no_person(strict_place: Place, point: str) -> None:
    strict_place.publish("A walk in the park")
    kill_at(strict_place, point)
    strict_place.come_to_rest()
    strict_place.check_the_ledger()
    assert strict_place.delivery()["state"] == "sent", strict_place.delivery()["reason"]


@pytest.mark.parametrize("point", ["claimed", "answered"])
def test_a_worker_whose_task_is_killed_goes_on_by_itself(place: Place, valkey: Valkey, point: str) -> None:
    with place.running("worker", "--clock", output=place.output, BROKER_URL=valkey.url, POSTLARK_CRASH=f"{point}:kill"):
        place.publish("A walk in the park")
        until(lambda: [row for row in place.deliveries() if row["state"] == "sent"], "it is sent", 60)
    assert (place.data / f"crash-{point}").exists()
    place.check_the_ledger()
