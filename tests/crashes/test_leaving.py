"""P8, with everything as it runs: readers leave in the middle of a send, by the link, and no body to them begins two seconds later."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest

from examples import blog as example
from tests.crashes.conftest import MailingPlace
from tests.fakes.relay import Relay
from tests.processes import free_port, until
from worker.lib.signing import unsubscribe_token

pytestmark = pytest.mark.processes
READERS = 300  # a batch of a hundred takes so slow a relay eight seconds: who leaves in its midst is noticed in time only by looking
PROMISE = 2.0  # seconds between the answer "you are unsubscribed" and the last body that may begin


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay(slowness=0.3) as server:
        yield server


@pytest.fixture
def place(tmp_path, relay: Relay, blog: example.Blog, fresh_database_url: str) -> MailingPlace:
    at = f"127.0.0.1:{free_port()}"
    readers = [f"slow.{number}@reader.example" for number in range(READERS)]
    return MailingPlace(tmp_path, fresh_database_url, blog, readers, EMAIL_URL=relay.url, LISTEN=at, PUBLIC_URL=f"http://{at}")


def links(place: MailingPlace, settings: Any) -> Iterator[str]:
    """The unsubscribe link of each reader, in the order in which they are written to."""
    settings.SECRET_KEY = place.environment.get("SECRET_KEY") or (place.data / "secret_key").read_text().strip()
    for number in range(READERS):
        yield f"{place.environment['PUBLIC_URL']}/u/{unsubscribe_token(1, number + 1)}"


def leave(link: str) -> float:
    """By one click, as a mail provider does it. When the answer came."""
    with urlopen(Request(link, b"List-Unsubscribe=One-Click"), timeout=30) as answer:
        assert answer.status == 200
    return time.monotonic()


@pytest.mark.timeout(240)
def test_no_body_begins_two_seconds_after_somebody_left_in_mid_send(place, relay, blog, settings, record_testsuite_property):
    begun: dict[str, float] = {}
    relay.before_body = lambda address: begun.setdefault(address, time.monotonic())
    by_reader = list(links(place, settings))
    left: dict[str, float] = {}
    with place.running("up", output=place.data / "out.txt"):
        blog.publish("A walk in the rain", "Going outside helps. So does talking to somebody.")
        until(lambda: len(begun) > 20, "the send is under way", 90)
        for ahead in (5, 20, 50, 60, 70, 100, 150, 200, 250):
            number = min(len(begun) + ahead, READERS - 1)
            left[f"slow.{number}@reader.example"] = leave(by_reader[number])
        until(lambda: relay.taken.total() + len(left) >= READERS, "everybody else has it", 120)
        time_after = {address: begun[address] - at for address, at in left.items() if address in begun}
    record_testsuite_property("seconds from the answer to the latest body", max(time_after.values(), default=0))
    assert max(time_after.values(), default=0) <= PROMISE
    assert len(time_after) < len(left), "some of them were spared"
    assert max(relay.taken.values()) == 1
