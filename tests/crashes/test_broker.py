"""The broker is a doorbell: without it, things come later, and nothing is lost or doubled."""

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.idle import answers
from examples import blog as example
from tests.crashes.conftest import Place
from tests.fakes.noticeboard import Noticeboard
from tests.processes import Valkey, free_port, until

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


def test_the_web_and_commands_ring_the_worker_themselves(
    tmp_path: Path, fresh_database_url: str, blog: example.Blog, board: Noticeboard, valkey: Valkey
) -> None:
    """No clock runs here: only a doorbell brings the worker."""
    place = Place(tmp_path, fresh_database_url, blog, board)
    web = f"127.0.0.1:{free_port()}"
    place.environment |= {"BROKER_URL": valkey.url, "LISTEN": web, "PUBLIC_URL": f"http://{web}"}
    hook = json.loads(place.run("blogs", "--json").stdout)[0]["publish_hook"]
    place.publish("A walk in the park")

    def sent_after(count: int) -> None:
        until(lambda: [row["state"] for row in place.deliveries()] == ["sent"] * count, f"delivery {count} is out", 60)

    with place.running("worker", output=place.output), place.running("web", output=place.output):
        sent_after(1)  # the look that a worker takes when it starts
        until(lambda: answers(f"http://{web}/healthz"), "the web answers")
        place.publish("Another")
        with urllib.request.urlopen(urllib.request.Request(hook, method="POST", data=b""), timeout=10):
            pass
        sent_after(2)
        assert (
            place.run("resend", str(place.deliveries()[0]["post_id"]), "--channel", "noticeboard", "--reason", "Asked for").returncode == 0
        )
        sent_after(3)
