"""A sender killed with a request for many readers under way: its log tells who has a copy, nobody gets two, the sum balances."""

import signal
import time

import pytest

from tests.fakes.brevo import Brevo
from tests.fakes.mailgun import Mailgun
from tests.fakes.postmark import Postmark
from tests.fakes.sendgrid import SendGrid
from tests.fakes.ses import AmazonSes
from tests.newsletter.test_crashes import the_end

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

READERS = 61


PROVIDERS = {
    "mailgun": (Mailgun, "mailgun://key@blog.example?base_url={url}"),
    "postmark": (Postmark, "postmark://key@broadcast?base_url={url}"),
    "brevo": (Brevo, "brevo://key?base_url={url}/v3"),
    "sendgrid": (SendGrid, "sendgrid://key?base_url={url}/v3"),
    "ses": (AmazonSes, "ses://key:secret@ca-central-1?base_url={url}"),
}


@pytest.fixture
def provider(request):
    """Mailgun, unless the test names another."""
    return getattr(request, "param", "mailgun")


@pytest.fixture
def esp(provider):
    stand_in, _ = PROVIDERS[provider]
    with stand_in(token="key") as esp:
        yield esp


@pytest.fixture
def start(installation, provider, esp):
    """Start a sender; `crash` arms a crash point, as POSTLARK_CRASH does."""
    said = {"EMAIL_URL": f"anymail+{PROVIDERS[provider][1].format(url=esp.url)}", "LEASE": "30s"}
    return lambda crash="": installation.begin("tests.newsletter.sender", *["fine"] * READERS, POSTLARK_CRASH=crash, **said)


def check(esp, end, in_doubt):
    """`in_doubt`: how many were announced, and nobody can tell whether they were written to."""
    total, states = end["sum"], end["people"]
    sent, taken = {address for address, state in states.items() if state == "sent"}, set(esp.taken)
    assert set(esp.taken.values()) == {1}
    assert total["audience"] == READERS == total["sent"] + total["unknown"]
    assert total["unknown"] == in_doubt
    assert sent <= taken
    assert {states[address] for address in taken - sent} <= {"unknown"}


@pytest.mark.parametrize("provider", PROVIDERS, indirect=True)
@pytest.mark.parametrize(("point", "in_doubt"), [("recipient-calling", 1), ("recipient-answered", 0)])
def test_killed_at_a_crash_point_and_started_again(start, provider, esp, point, in_doubt):
    """Where there is a log, it tells who was written to."""
    killed = start(f"{point}:kill")
    killed.wait(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    check(esp, the_end(start()), 1 if (provider, point) == ("ses", "recipient-answered") else in_doubt)


def test_killed_once_the_outcome_is_noted(start, esp):
    killed = start("recipient-recorded:kill")
    killed.wait(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    check(esp, the_end(start()), in_doubt=0)


@pytest.mark.parametrize("fault", ["late", "commit-late"])
def test_killed_in_the_middle_of_a_request_for_many(start, esp, fault):
    """Whether the provider had carried it out by then, or does so only after the sender has died."""
    esp.misbehave("none")
    esp.misbehave(fault, seconds=1)
    killed = start()
    until = time.monotonic() + 120
    while len([request for request in esp.requests if esp.kind(request) == "post"]) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    esp.wait(2)
    check(esp, the_end(start()), in_doubt=0)


def test_killed_after_the_log_was_read(start, esp):
    esp.misbehave("none")
    esp.misbehave("late", seconds=20)
    killed = start()
    until = time.monotonic() + 120
    while esp.taken.total() < 2 and time.monotonic() < until:
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    again = start("looked-up:kill")
    again.wait(timeout=120)
    assert again.returncode == -signal.SIGKILL
    end = the_end(start())  # the dead one's lease on the look may still run: then they stay in doubt, and nobody is guessed about
    assert end["sum"]["sent"] + end["sum"]["unknown"] == READERS
    assert {address for address, state in end["people"].items() if state == "sent"} <= set(esp.taken)
    assert set(esp.taken.values()) == {1}
