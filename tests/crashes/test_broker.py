"""The broker is a doorbell: without it, things come later, and nothing is lost or doubled."""

from collections.abc import Callable
from pathlib import Path

import pytest

from examples import blog as example
from tests.crashes.conftest import Place
from tests.fakes.noticeboard import Noticeboard
from tests.processes import Valkey, until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]


def flushed(valkey: Valkey) -> None:
    valkey.client.flushall()


def killed(valkey: Valkey) -> None:
    valkey.kill()
    valkey.start()


def connections_dropped(valkey: Valkey) -> None:
    valkey.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


@pytest.mark.parametrize("happens", [flushed, killed, connections_dropped])
def test_in_mid_run_the_same_worker_goes_on_by_itself(
    tmp_path: Path, fresh_database_url: str, blog: example.Blog, board: Noticeboard, valkey: Valkey, happens: Callable[[Valkey], None]
) -> None:
    """Also while a task runs: Celery 5.7.0 ended the worker there, which is why 5.6.3 is pinned."""
    place = Place(tmp_path, fresh_database_url, blog, board)
    with place.running("worker", "--clock", output=place.output, BROKER_URL=valkey.url) as worker:
        for number in range(5):
            place.publish(f"Post {number}")
        board.misbehave("late", times=2, seconds=2)
        until(lambda: place.ask("SELECT 1 FROM worker_delivery WHERE phase = 'calling'"), "a task is talking to the network", 60)
        happens(valkey)
        place.publish("Another")
        until(lambda: len(place.ask("SELECT 1 FROM worker_delivery WHERE state = 'sent'")) == 6, "all are sent", 60)
        assert worker.poll() is None
    place.check_the_ledger()
