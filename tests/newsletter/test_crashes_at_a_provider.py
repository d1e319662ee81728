"""A sender killed with a request for many readers under way: its log tells who has a copy, nobody gets two, the sum balances."""

import signal
import time

import pytest

from tests.fakes.mailgun import Mailgun
from tests.newsletter.test_crashes import the_end

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

READERS = 61


@pytest.fixture
def mailgun():
    with Mailgun(token="key") as esp:
        yield esp


@pytest.fixture
def start(installation, mailgun):
    """Start a sender; `crash` arms a crash point, as POSTLARK_CRASH does."""
    said = {"EMAIL_URL": f"anymail+mailgun://key@blog.example?base_url={mailgun.url}", "LEASE": "30s"}
    return lambda crash="": installation.begin("tests.newsletter.sender", *["fine"] * READERS, POSTLARK_CRASH=crash, **said)


def check(mailgun, end, in_doubt):
    """`in_doubt`: how many were announced, and then not written to."""
    total, states = end["sum"], end["people"]
    assert set(mailgun.taken.values()) == {1}
    assert total["audience"] == READERS == total["sent"] + total["unknown"]
    assert total["unknown"] == in_doubt
    assert {address for address, state in states.items() if state == "sent"} == set(mailgun.taken)


@pytest.mark.parametrize(("point", "in_doubt"), [("recipient-calling", 1), ("recipient-answered", 0), ("recipient-recorded", 0)])
def test_killed_at_a_crash_point_and_started_again(start, mailgun, point, in_doubt):
    killed = start(f"{point}:kill")
    killed.wait(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    check(mailgun, the_end(start()), in_doubt)


@pytest.mark.parametrize("fault", ["late", "commit-late"])
def test_killed_in_the_middle_of_a_request_for_many(start, mailgun, fault):
    """Whether the provider had carried it out by then, or does so only after the sender has died."""
    mailgun.misbehave("none")
    mailgun.misbehave(fault, seconds=1)
    killed = start()
    until = time.monotonic() + 120
    while len([request for request in mailgun.requests if mailgun.kind(request) == "post"]) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    mailgun.wait(2)
    check(mailgun, the_end(start()), in_doubt=0)


def test_killed_after_the_log_was_read(start, mailgun):
    mailgun.misbehave("none")
    mailgun.misbehave("late", seconds=20)
    killed = start()
    until = time.monotonic() + 120
    while mailgun.taken.total() < 2 and time.monotonic() < until:
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    again = start("looked-up:kill")
    again.wait(timeout=120)
    assert again.returncode == -signal.SIGKILL
    end = the_end(start())  # the dead one's lease on the look may still run: then they stay in doubt, and nobody is guessed about
    assert end["sum"]["sent"] + end["sum"]["unknown"] == READERS
    assert {address for address, state in end["people"].items() if state == "sent"} <= set(mailgun.taken)
    assert set(mailgun.taken.values()) == {1}
