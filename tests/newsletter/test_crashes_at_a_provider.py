"""A sender killed with a request for many readers under way: its log tells who has a copy, nobody gets two, the sum balances."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fakes.mailgun import Mailgun
from tests.newsletter.test_crashes import BLOG, the_end
from worker.lib.crypto import new_key

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
READERS = 61


@pytest.fixture
def mailgun():
    with Mailgun(token="key") as esp:
        yield esp


@pytest.fixture
def start(tmp_path, mailgun, fresh_database_url):
    """Start a sender; `crash` arms a crash point, as POSTLARK_CRASH does."""
    (tmp_path / "blogs").mkdir()
    (tmp_path / "blogs" / "example.toml").write_text(BLOG)
    own = {
        "POSTLARK_DATA": str(tmp_path / "data"),
        "POSTLARK_BLOGS": str(tmp_path / "blogs"),
        "EMAIL_URL": f"anymail+mailgun://key@blog.example?base_url={mailgun.url}",
        "LEASE": "30s",
    }
    if fresh_database_url:
        own |= {"DATABASE_URL": fresh_database_url, "SECRET_KEY": "kept from nobody", "POSTLARK_KEYS": new_key()}
    started: list[subprocess.Popen] = []

    def start(crash: str = "") -> subprocess.Popen:
        command = [sys.executable, "-m", "tests.newsletter.sender", *["fine"] * READERS]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | own | {"POSTLARK_CRASH": crash}, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


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
