"""Everything at once: several posts, a network that misbehaves, and a hand that kills at random, but the same each time.

CHAOS_KILLS=200 pytest tests/crashes/test_chaos.py   the long run
"""

import os
import random
import signal
import subprocess
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from examples import blog as example
from tests.crashes.conftest import Place
from tests.fakes.noticeboard import Noticeboard
from tests.processes import Valkey, alive_in, until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(1800)]
KILLS = int(os.environ.get("CHAOS_KILLS", "20"))


@pytest.mark.parametrize("refuses_duplicates", [False, True])
def test_random_kills_double_nothing_and_lose_nothing(
    tmp_path: Path, fresh_database_url: str, blog: example.Blog, board: Noticeboard, valkey: Valkey, refuses_duplicates: bool
) -> None:
    place = Place(tmp_path, fresh_database_url, blog, board, refuses_duplicates=refuses_duplicates)
    chance = random.Random(20261122)
    board.chaos(0.5, seed=7)
    running: list[subprocess.Popen[bytes]] = []
    with ExitStack() as stack:

        def start(*words: str) -> None:
            running.append(stack.enter_context(place.running(*words, output=place.output, BROKER_URL=valkey.url)))

        start("worker", "--clock")
        for number in range(KILLS):
            if number % 3 == 0:
                place.publish(f"Post {number}")
            running = [process for process in running if process.poll() is None]
            if not any("worker" in process.args for process in running):
                start("worker", "--clock")
            if len(running) < 3:
                start("once")
            time.sleep(chance.uniform(0.5, 3.0))  # the moment of the kill is what is random here
            victims = alive_in(place.data)
            if victims:
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(victims), signal.SIGKILL)
            place.check_the_ledger()
    board.chaos(0, seed=0)
    until(lambda: place.once() == 0 and len(place.deliveries()) == len(range(0, KILLS, 3)), "every post is noticed", 240)
    place.come_to_rest(240)
    place.check_the_ledger()


def test_two_runs_by_hand_beside_a_worker_double_nothing(
    tmp_path: Path, fresh_database_url: str, blog: example.Blog, board: Noticeboard, valkey: Valkey
) -> None:
    place = Place(tmp_path, fresh_database_url, blog, board)
    posts = [place.publish(f"Post {number}") for number in range(10)]
    with (
        place.running("worker", "--clock", output=place.output, BROKER_URL=valkey.url),
        place.running("once", output=place.output) as first,
        place.running("once", output=place.output) as second,
    ):
        assert (first.wait(60), second.wait(60)) == (0, 0)
        until(lambda: len(place.ask("SELECT 1 FROM worker_delivery WHERE state = 'sent'")) == len(posts), "all are sent", 60)
    place.check_the_ledger()
