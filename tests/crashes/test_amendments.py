"""The process is killed, or stopped for longer than its lease, at every named point of a deletion and of an edit.

Whatever happens, the post was made once, and in the end it is gone, or has its new words, and the row says so.
"""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from examples import blog as example
from tests.crashes.conftest import FILE, Place, stopped
from tests.fakes.facebook import Facebook
from tests.processes import until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
POINTS = ["claimed", "opened", "calling", "answered", "recorded"]
TOKEN = "the-page's-token"
WHY = ("--reason", "A mistake in it")


class FacebookPlace(Place):
    file = FILE.partition("[channels.noticeboard]")[0] + '[channels.facebook]\nmode = "live"\nbase_url = "{board}"\nsettle = "2s"\n'


@pytest.fixture
def graph() -> Iterator[Facebook]:
    with Facebook(token=TOKEN) as network:
        yield network


@pytest.fixture
def place(tmp_path: Path, fresh_database_url: str, blog: example.Blog, graph: Facebook) -> FacebookPlace:
    """Its one post is out."""
    place = FacebookPlace(tmp_path, fresh_database_url, blog, graph)
    assert place.run("connect", "example", "facebook", given=json.dumps({"page_access_token": TOKEN})).returncode == 0
    place.publish("A walk in the park")
    place.come_to_rest()
    assert place.delivery()["state"] == "sent", place.delivery()["reason"]
    return place


def kill_at(place: Place, point: str, *words: str) -> None:
    with place.running(*words, output=place.output, POSTLARK_CRASH=f"{point}:kill") as process:
        assert process.wait(60) == -signal.SIGKILL


def stop_at(place: Place, point: str, *words: str) -> None:
    """Stopped until its lease is over and the sweep of another process has seen it, then woken."""
    with place.running(*words, output=place.output, POSTLARK_CRASH=f"{point}:stop") as process:
        until(lambda: stopped(place.data) == process.pid, f"it is stopped at {point}")

        def given_away() -> bool:
            place.once()
            return not place.ask("SELECT 1 FROM worker_delivery WHERE state = 'sending'")

        until(given_away, "its lease is over")
        os.kill(process.pid, signal.SIGCONT)
        process.wait(30)


@pytest.mark.parametrize("happens", [kill_at, stop_at])
@pytest.mark.parametrize("point", POINTS)
def test_a_deletion_comes_to_its_end(place: FacebookPlace, graph: Facebook, point: str, happens: Callable[..., None]) -> None:
    happens(place, point, "withdraw", str(place.delivery()["post_id"]), *WHY)
    place.come_to_rest()
    assert place.delivery()["state"] == "withdrawn", place.delivery()["reason"]
    assert graph.all_standing() == []
    assert len(graph.posts) == 1


@pytest.mark.parametrize("happens", [kill_at, stop_at])
@pytest.mark.parametrize("point", POINTS)
def test_an_edit_comes_to_its_end(place: FacebookPlace, graph: Facebook, point: str, happens: Callable[..., None]) -> None:
    place.tell("UPDATE worker_post SET title = 'A walk by the sea' WHERE title = 'A walk in the park'")
    happens(place, point, "correct", str(place.delivery()["post_id"]), *WHY)
    place.come_to_rest()
    assert [row["state"] for row in place.deliveries()] == ["sent", "sent"], [row["reason"] for row in place.deliveries()]
    (there,) = graph.all_standing()
    assert there.text.startswith("A walk by the sea")
    assert len(graph.posts) == 1
