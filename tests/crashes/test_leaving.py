"""P8, with everything as it runs: readers leave in the middle of a send, by the link, and no body to them begins two seconds later."""

import time
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest
from django.core.signing import Signer

from examples import blog as example
from tests.fakes.relay import Relay
from tests.processes import Installation, free_port, until

pytestmark = pytest.mark.processes
READERS = 900
PROMISE = 2.0  # seconds between the answer "you are unsubscribed" and the last body that may begin
FILE = """
name = "Example Psychotherapy"
feed = "{feed}"
poll = "1s"
hold = "0m"
allow_private_addresses = true
disclaimer = {{ full = "{disclaimer}" }}
channels.email = {{ mode = "live", hold = "0m", related = 0 }}
sender = {{ name = "Example Psychotherapy", email = "news@blog.example", mailing_address = "1 Example Street", contact = "416 555 0100" }}
"""


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay(slowness=0.1) as server:
        yield server


@pytest.fixture
def place(tmp_path, relay: Relay, blog: example.Blog, fresh_database_url: str) -> Installation:
    port = free_port()
    public = f"http://127.0.0.1:{port}"
    here = Installation(
        tmp_path, DATABASE_URL=fresh_database_url, EMAIL_URL=relay.url, LISTEN=f"127.0.0.1:{port}", PUBLIC_URL=public, SWEEP="1s"
    )
    (here.blogs / "example.toml").write_text(FILE.format(feed=f"{blog.base}/feed/", disclaimer=example.DISCLAIMER))
    assert here.run("migrate").returncode == 0
    assert here.run("once").returncode == 0
    sheet = tmp_path / "readers.csv"
    sheet.write_text("email\n" + "".join(f"slow.{number}@reader.example\n" for number in range(READERS)))
    taken = here.run("subscribers", "import", "example", str(sheet), "--basis", "express", "--obtained", "2026-05-04", "--proof", "a sheet")
    assert taken.returncode == 0, taken.stderr
    return here


def links(place: Installation) -> Iterator[str]:
    """The unsubscribe link of each reader, in the order in which they are written to."""
    key = place.environment.get("SECRET_KEY") or (place.data / "secret_key").read_text().strip()
    signer = Signer(key=key, salt="postlark.unsubscribe", sep=".")
    for number in range(READERS):
        yield f"{place.environment['PUBLIC_URL']}/u/{signer.sign(f'1-{number + 1}')}"


def leave(link: str) -> float:
    """By one click, as a mail provider does it. When the answer came."""
    with urlopen(Request(link, b"List-Unsubscribe=One-Click"), timeout=30) as answer:
        assert answer.status == 200
    return time.monotonic()


@pytest.mark.timeout(240)
def test_no_body_begins_two_seconds_after_somebody_left_in_mid_send(place, relay, blog, record_testsuite_property):
    begun: dict[str, float] = {}
    relay.before_body = lambda address: begun.setdefault(address, time.monotonic())
    by_reader = list(links(place))
    left: dict[str, float] = {}
    with place.running("up", output=place.data / "out.txt"):
        blog.publish("A walk in the rain", "Going outside helps. So does talking to somebody.")
        until(lambda: len(begun) > 20, "the send is under way", 90)
        for ahead in (5, 20, 60, 100, 150, 200, 250, 300):
            number = min(len(begun) + ahead, READERS - 1)
            left[f"slow.{number}@reader.example"] = leave(by_reader[number])
        until(lambda: relay.taken.total() + len(left) >= READERS, "everybody else has it", 120)
        time_after = {address: begun[address] - at for address, at in left.items() if address in begun}
    record_testsuite_property("seconds from the answer to the latest body", max(time_after.values(), default=0))
    assert max(time_after.values(), default=0) <= PROMISE
    assert len(time_after) < len(left), "some of them were spared"
    assert max(relay.taken.values()) == 1
