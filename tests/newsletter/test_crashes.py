"""A sender killed, or stopped past its lease, in every step of a newsletter: one copy a person at most, nobody lost, the sum balances.

`NEWSLETTER_READERS=20000 pytest tests/newsletter/test_crashes.py -k several_lines -o log_cli=true` is the long run.
"""

import json
import logging
import os
import re
import signal
import subprocess
import threading
import time

import pytest

from tests.fakes.relay import Relay

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("relay")]

log = logging.getLogger(__name__)
SHORT = "5s"


@pytest.fixture
def relay():
    with Relay(features=("PIPELINING",), slowness=0.05) as server:
        yield server


@pytest.fixture
def start(installation, relay: Relay):
    """Start a sender; `crash` arms a crash point, as POSTLARK_CRASH does."""

    def start(crash: str = "", lines: int = 1, readers: int = 0, pace: str = "", **environment: str) -> subprocess.Popen[str]:
        said = {
            "POSTLARK_CRASH": crash,
            "EMAIL_URL": f"{relay.url}?connections={lines}{pace}",
            "LEASE": "120s",  # longer than any load makes of a run: only who is stopped outlives it
            "PATIENCE": "900" if readers > 5000 else "60",
        }
        return installation.begin("tests.newsletter.sender", *([str(readers)] if readers else []), **said | environment)

    return start


def the_end(process: subprocess.Popen, within: float = 90) -> dict:
    out, _ = process.communicate(timeout=within)
    assert process.returncode == 0, out
    return json.loads(out)


def check(relay: Relay, end: dict, in_doubt: set[int]) -> None:
    """`in_doubt`: how many more are unknown than the two whose line the relay drops (the cut-off one may be either of them)."""
    assert max(relay.taken.values()) == 1
    assert end["state"] == "sent"
    assert end["sum"]["waiting"] == 0
    assert end["sum"]["audience"] == len(end["people"]) == 101
    assert end["sum"]["unknown"] - 2 in in_doubt
    for address, state in end["people"].items():
        if state == "sent":
            assert relay.taken[address] == 1
        if relay.taken[address]:
            assert state in ("sent", "unknown")
    assert {state for address, state in end["people"].items() if address.startswith("gone")} == {"refused"}


@pytest.mark.parametrize(
    ("point", "in_doubt"),
    [
        ("slice-written", {0}),
        ("batch-claimed", {0}),
        ("recipient-calling", {1}),
        ("recipient-answered", {1}),
        ("recipient-recorded", {0}),
        ("batch-done", {0}),
    ],
)
def test_killed_at_a_crash_point_and_started_again(start, relay, point, in_doubt):
    killed = start(f"{point}:kill")
    killed.wait(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    check(relay, the_end(start()), in_doubt)


@pytest.mark.parametrize(("point", "in_doubt"), [("batch-claimed", {0}), ("recipient-calling", {1}), ("recipient-answered", {1})])
def test_stopped_past_its_lease_while_another_goes_on_and_then_woken(start, relay, point, in_doubt):
    stopped = start(f"{point}:stop", LEASE=SHORT)
    os.waitid(os.P_PID, stopped.pid, os.WSTOPPED | os.WNOWAIT)
    end = the_end(start())
    copies = relay.taken.total()
    os.kill(stopped.pid, signal.SIGCONT)
    stopped.wait(timeout=60)
    assert stopped.returncode == -signal.SIGALRM
    assert relay.taken.total() == copies
    check(relay, end, in_doubt)


@pytest.mark.parametrize(
    ("point", "in_doubt"),
    [("slice-written", 0), ("batch-claimed", 0), ("recipient-calling", 1), ("recipient-recorded", 0), ("batch-done", 0)],
)
def test_a_digest_killed_while_it_is_planned_or_sent_brings_each_post_once(start, relay, point, in_doubt):
    """Every third of its readers had the first of its two posts by another newsletter."""
    killed = start(f"{point}:kill", readers=120, DIGEST="yes")
    killed.wait(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    end = the_end(start(readers=120, DIGEST="yes"))
    assert (end["sum"]["audience"], end["sum"]["waiting"], end["sum"]["unknown"]) == (120, 0, in_doubt)
    assert end["sum"]["sent"] == relay.taken.total() == 120 - in_doubt
    for address, raws in relay.messages.items():
        (raw,) = raws
        had_one = int(address.split(".")[1].partition("@")[0]) % 3 == 0
        assert (raw.count(b"First post") > 0, raw.count(b"Second post") > 0) == (not had_one, True)


def test_killed_again_and_again_at_any_moment(start, relay):
    for number in range(8):
        process = start()
        before = relay.taken.total()
        until = time.monotonic() + 20
        while relay.taken.total() < before + 3 + number and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        process.kill()
        process.wait()
    check(relay, the_end(start()), in_doubt=set(range(9)))


READERS = int(os.environ.get("NEWSLETTER_READERS", "400"))
LINES = 4


@pytest.mark.timeout(1800)
def test_several_lines_and_workers_killed_every_little_while(start, relay, fresh_database_url):
    """No more in doubt than copies were on their way, and than lines the relay itself dropped after a body."""
    workers = 3 if fresh_database_url else 1
    pause, step = (3.0, READERS // 20) if READERS > 5000 else (0.0, READERS // 4)
    first = start(lines=LINES, readers=READERS)
    enough = threading.Event()
    relay.before_body = lambda address: enough.set() if relay.taken.total() >= step else None
    assert enough.wait(600), "the first copies leave"
    running = [first, *(start(lines=LINES, readers=READERS) for _ in range(workers - 1))]
    kills = 0
    while relay.taken.total() < READERS * 0.85 and kills < 200:
        had = relay.taken.total()
        wait_until(lambda had=had: relay.taken.total() >= had + step or all(one.poll() is not None for one in running), pause)
        victim = running.pop(0)
        victim.kill()
        victim.wait()
        kills += 1
        running.append(start(lines=LINES, readers=READERS))
    for other in running[:-1]:
        other.kill()
        other.wait()
        kills += 1
    end = the_end(running[-1], 900)
    log.warning("%d readers, %d workers, %d kills: %s", READERS, workers, kills, end["sum"])
    assert kills >= 2
    assert max(relay.taken.values()) == 1
    total = end["sum"]
    assert end["state"] == "sent"
    assert total["waiting"] == 0
    assert total["audience"] == READERS == total["sent"] + total["skipped"] + total["refused"] + total["unknown"]
    dropped = sum(address.startswith(("lost", "kept")) for address in end["people"])
    assert total["unknown"] <= dropped + LINES * kills
    for address, state in end["people"].items():
        if state == "sent":
            assert relay.taken[address] == 1
        if relay.taken[address]:
            assert state in ("sent", "unknown")


@pytest.mark.timeout(240)
def test_workers_that_are_killed_share_the_relays_pace(start, relay, fresh_database_url):
    """What a dead one had of the pace is lost, so that nobody is ever faster; staff read until when the others wait."""
    readers, rate, share = 300, 50, 20
    begun: list[float] = []
    moments = {count: threading.Event() for count in (30, 120)}

    def note(address: str) -> None:
        begun.append(time.monotonic())
        if len(begun) in moments:
            moments[len(begun)].set()

    relay.before_body = note

    def worker() -> subprocess.Popen:
        return start(lines=2, readers=readers, pace=f"&rate={rate}/s&messages={share}", PATIENCE="200")

    running = [worker()]
    for enough in moments.values():
        assert enough.wait(90)
        for one in running:
            one.kill()
            one.wait()
        running = [worker() for _ in range(3 if fresh_database_url else 1)]
    ends = [the_end(one, 200) for one in running]
    assert max(relay.taken.values()) == 1
    assert {end["state"] for end in ends} == {"sent"}
    total = ends[0]["sum"]
    assert total["audience"] == readers == total["sent"] + total["skipped"] + total["refused"] + total["unknown"]
    assert begun[-1] - begun[0] >= 0.95 * len(begun) / rate
    assert all(later - earlier >= 1 for earlier, later in zip(begun, begun[2 * rate :], strict=False)), (
        "no burst of two seconds' worth in one"
    )
    assert relay.connections >= len(begun) / share
    waits = rf"\d+ of {readers} sent so far.*; \d+ waiting until .*: the mail relay takes {rate}/s\."
    assert any(re.fullmatch(waits, sentence) for end in ends for sentence in end["said"])


def wait_until(is_so, at_least: float) -> None:
    began = time.monotonic()
    while not is_so() or time.monotonic() - began < at_least:
        time.sleep(0.02)
        if time.monotonic() - began > 120:
            return
