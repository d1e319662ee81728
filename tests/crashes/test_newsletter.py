"""A newsletter by real Celery workers through a relay that greylists, refuses, cuts and stalls, and a hand that kills every few seconds.

NEWSLETTER_READERS=20000 pytest tests/crashes/test_newsletter.py -o log_cli=true   the long run
"""

import logging
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from examples import blog as example
from tests.crashes.conftest import MailingPlace
from tests.fakes.relay import Relay
from tests.processes import Valkey, alive_in, until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(3600)]
log = logging.getLogger(__name__)

READERS = int(os.environ.get("NEWSLETTER_READERS", "600"))
KILLS = max(READERS // 200, 4)
LINES = 4
TROUBLE = ["grey", "gone", "slow", "later", "hangup", "spam", "grey", "closing", "gone", "kept", "full", "lost"]
SUM = """
SELECT COALESCE(SUM(size), 0) AS audience, SUM(sent) AS sent, SUM(skipped) AS skipped, SUM(refused) AS refused, SUM(unknown) AS unknown,
       SUM(waiting) AS waiting, (SELECT COUNT(*) FROM worker_recipient) AS rows, {by_rows} FROM worker_batch
"""
STATES = ("sent", "skipped", "refused", "unknown", "waiting")


def readers() -> Iterator[str]:
    """One in ten is trouble of some kind; in the long run one of them all stalls until the sender's own time is up, at every try."""
    for number in range(READERS):
        kind = "deaf" if number == 7 and READERS > 5000 else TROUBLE[number // 10 % len(TROUBLE)] if number % 10 == 7 else "fine"
        yield f"{kind}.{number}@reader.example"


def look(place: MailingPlace) -> dict[str, Any]:
    """The sum by the counters and by the rows, in one statement: it balances whenever it is looked at."""
    by_rows = ", ".join(f"(SELECT COUNT(*) FROM worker_recipient WHERE state = '{state}') AS {state}_rows" for state in STATES)
    (total,) = place.ask(SUM.format(by_rows=by_rows))
    assert total["audience"] == total["rows"] == sum(total[state] or 0 for state in STATES), total
    assert [total[state] or 0 for state in STATES] == [total[f"{state}_rows"] for state in STATES], total
    return total


def hurry(place: MailingPlace) -> None:
    """Whoever waits for the next try waits no longer."""
    place.tell("UPDATE worker_batch SET due_at = NULL WHERE state = 'waiting'")
    place.tell("UPDATE worker_delivery SET due_at = {now} WHERE state = 'pending' AND waits_for = 'clock'")


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_killed_every_few_seconds_bring_nobody_two_and_lose_nobody(
    tmp_path: Path, fresh_database_url: str, blog: example.Blog, valkey: Valkey, workers: int
) -> None:
    chance = random.Random(20261127)
    with Relay(features=("PIPELINING",), slowness=0.5) as relay, ExitStack() as stack:
        place = MailingPlace(
            tmp_path,
            fresh_database_url,
            blog,
            list(readers()),
            BROKER_URL=valkey.url,
            EMAIL_URL=f"{relay.url}?connections={LINES}",
            LEASE="20s",
        )
        running: list[subprocess.Popen[bytes]] = []

        def keep_running() -> None:
            """The first of them is the clock, too."""
            for number in range(workers):
                words = ("worker", "--clock") if number == 0 else ("worker",)
                if len(running) <= number or running[number].poll() is not None:
                    running[number : number + 1] = [stack.enter_context(place.running(*words, output=place.output))]

        keep_running()
        blog.publish("A walk in the rain", "Going outside helps. So does talking to somebody.")
        until(lambda: relay.taken.total() > READERS // 50, "the send is under way", 300)
        kills, looks, began = 0, 0, time.monotonic()
        while kills < KILLS and relay.taken.total() < 0.9 * READERS:
            time.sleep(chance.uniform(0.5, 3.5))  # the moment of the kill is what is random here
            look(place)
            keep_running()
            with suppress(ProcessLookupError):
                os.kill(chance.choice(until(lambda: alive_in(place.data), "a worker runs")), signal.SIGKILL)
                kills += 1
            keep_running()
            looks += 1

        def has_ended() -> bool:
            nonlocal looks
            hurry(place)
            keep_running()
            looks += 1
            return not look(place)["waiting"] and bool(
                place.ask("SELECT 1 FROM worker_delivery WHERE channel = 'email' AND state = 'sent'")
            )

        until(has_ended, "nobody waits any more, and the newsletter says so", 1800)
        total = look(place)
        took = time.monotonic() - began
        states = {
            row["email"]: row["state"]
            for row in place.ask("SELECT s.email, r.state FROM worker_recipient r JOIN worker_subscriber s ON s.id = r.subscriber_id")
        }
    log.warning("%d readers, %d workers, %d kills, %d looks, %.0f s: %s", READERS, workers, kills, looks, took, total)
    check(relay, states, total, kills)


def check(relay: Relay, states: dict[str, str], total: dict[str, Any], kills: int) -> None:
    assert kills >= 2
    assert max(relay.taken.values()) == 1
    assert (total["audience"], total["waiting"]) == (READERS, 0)
    dropped = sum(address.startswith(("lost", "kept")) for address in states)
    assert total["unknown"] <= dropped + LINES * kills
    assert not [address for address, state in states.items() if state == "sent" and relay.taken[address] != 1]
    assert not [address for address in relay.taken if states[address] not in ("sent", "unknown")]
