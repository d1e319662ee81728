"""Four networks, live, each misbehaving in every way it knows, while the process at work is killed and stopped at every point.

NETWORK_ROUNDS=1000 pytest -s tests/crashes/test_networks.py   the long run; a round is one post on all four
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from examples import blog as example
from tests.crashes.conftest import Place
from tests.fakes.facebook import Facebook
from tests.fakes.linkedin import PAGE, Linkedin
from tests.fakes.network import FAULTS, Network
from tests.fakes.noticeboard import Noticeboard
from tests.fakes.pinterest import BOARD, Pinterest
from tests.fakes.tokens import APP_ID, APP_SECRET
from tests.fakes.twitter import Twitter
from tests.processes import ROOT, Valkey, end, until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(7200)]
ROUNDS = int(os.environ.get("NETWORK_ROUNDS", "10"))
SEED = int(os.environ.get("NETWORK_SEED", "20261127"))
AT_ONCE = 5
POINTS = ("claimed", "opened", "calling", "answered", "recorded")
FILE = """
name = "Example Psychotherapy"
feed = "{feed}"
poll = "1s"
hold = "0m"
burst = 50
allow_private_addresses = true

[disclaimer]
full = "{full}"
short = "Educational only, not therapy."
"""
SECTIONS = {
    "facebook": 'page_id = "100200300400500"',
    "twitter": "",
    "pinterest": f'board_id = "{BOARD}"',
    "linkedin": f'author = "{PAGE}"',
}
TOKEN = "a-token-of-the-test"
ENDED = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
CREDENTIALS: dict[str, dict[str, str]] = {
    "facebook": {"page_access_token": TOKEN},
    "twitter": {"oauth2_access_token": TOKEN, "oauth2_refresh_token": "taken-once", "expires_at": ENDED},
    "pinterest": {"access_token": TOKEN},
    "linkedin": {"access_token": TOKEN},
}
UNDER_WAY = "state NOT IN ('sent', 'failed', 'held', 'skipped') AND NOT (state = 'unknown' AND waits_for = 'person')"


class Networks(Place):
    """An installation that is live on all four, and whose commands are forked."""

    def __init__(self, folder: Path, database: str, blog: example.Blog, networks: dict[str, Network]) -> None:
        self.networks = networks
        with Noticeboard() as unused:
            super().__init__(folder, database, blog, unused)
        text = FILE.format(feed=f"{blog.base}/feed/", full=example.DISCLAIMER)
        for slug, more in SECTIONS.items():
            text += f'\n[channels.{slug}]\nmode = "live"\nbase_url = "{networks[slug].url}"\nsettle = "1s"\n{more}\n'
        (self.blogs / "example.toml").write_text(text)
        app = {"TWITTER_API_KEY": APP_ID, "TWITTER_API_SECRET": APP_SECRET}
        self.environment |= {"LEASE": "3s", **app}
        for slug, credentials in CREDENTIALS.items():
            connected = self.run("connect", "example", slug, given=json.dumps(credentials))
            assert connected.returncode == 0, connected.stderr
        self.ended: Counter[str] = Counter()

    def open(self, stack: ExitStack) -> None:
        """Load everything once; `do` forks from then on."""
        log = stack.enter_context(self.output.open("ab"))
        environment = self.environment | {"DJANGO_SETTINGS_MODULE": "config.settings"}
        command = [sys.executable, "-m", "tests.crashes.forks"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log}
        self._forks = stack.enter_context(subprocess.Popen(command, env=environment, cwd=ROOT, text=True, bufsize=1, **pipes))
        stack.callback(end, self._forks)
        assert self._forks.stdout
        assert (
            self._forks.stdout.readline() == "ready\n"
        )  # posts that its own first run would send are killed at their deadline, and it with them

    def do(self, line: str, *, refusable: bool = False) -> str:
        assert self._forks.stdin
        assert self._forks.stdout
        self._forks.stdin.write(f"{line}\n")
        answer = self._forks.stdout.readline().strip()
        self.ended[answer.partition(" ")[0]] += 1
        assert answer not in ("", "" if refusable else "1"), f"{line}: {self.output.read_text()[-3000:]}"
        return answer

    def publish_several(self, first: int) -> None:
        for number in range(first, first + AT_ONCE):
            self.publish(f"Round {number} of many walks")
        self.blog.posts = self.blog.posts[: 4 * AT_ONCE]  # a feed shows the newest

    def die_and_be_stopped(self, chance: random.Random) -> None:
        """One process is killed at some point, one is stopped for longer than its lease while others go on, and woken."""
        self.do(f"@{chance.choice(POINTS)}:kill once")
        self.hurry()
        answer = self.do(f"@{chance.choice(POINTS)}:stop once")
        self.check_the_ledger()
        if answer.startswith("stopped"):
            while self.ask("SELECT 1 FROM worker_delivery WHERE state = 'sending'"):
                self.do("once")
            self.check_the_ledger()
            self.do(f"!{answer.partition(' ')[2]}")
            self.check_the_ledger()

    def end_the_waiting(self) -> None:
        """Until nothing is under way. What needs a person is mended, and limits end at once."""
        while self.ask(f"SELECT 1 FROM worker_delivery WHERE {UNDER_WAY}"):
            for row in self.ask("SELECT channel FROM worker_connection WHERE broken <> ''"):
                self.do(f"resume example {row['channel']}")
            self.tell("UPDATE worker_connection SET cooldown_until = NULL")
            self.hurry()
            self.do("once")

    def answer_what_is_asked(self) -> int:
        """A person looks at the network and presses the button that is true."""
        asked = self.deliveries_that("state = 'unknown' AND waits_for = 'person'")
        for row in asked:
            there = [post.id for post in self.networks[row["channel"]].all_standing() if post.link == row["url"]]
            answer = f"settle {row['id']} {f'--sent https://network.example/{there[0]}' if there else '--not-sent'}"
            until(partial(self._is_taken, answer), "the call is over, so that the answer is taken")
        return len(asked)

    def _is_taken(self, answer: str) -> bool:
        """While the call may still be on its way, "It is not" is refused."""
        return self.do(answer, refusable=True) == "0"

    def deliveries_that(self, where: str) -> list[dict[str, Any]]:
        return self.ask(
            f"SELECT d.*, p.url FROM worker_delivery d JOIN worker_post p ON p.id = d.post_id WHERE p.origin <> 'baseline' AND d.{where}"
        )

    def check_the_ledger(self) -> None:
        counts = {slug: network.counts() for slug, network in self.networks.items()}
        doubled = [(slug, link) for slug, posted in counts.items() for link, times in posted.items() if times > 1]
        assert not doubled, f"doubled: {doubled}"
        for row in self.deliveries_that("state IS NOT NULL"):
            posted, network = counts[row["channel"]][row["url"]], self.networks[row["channel"]]
            assert row["reason"].endswith((".", "?")), row
            if row["waits_for"] in ("clock", "network"):
                assert row["due_at"] or row["lease_until"], row
            if row["state"] == "sent":
                assert posted == 1, row
                assert row["remote_id"].startswith("https://") or not row["remote_id"] or _says(network, row), row
            if row["state"] in ("failed", "cancelled", "held"):
                assert posted == 0, row


def _says(network: Network, row: dict[str, Any]) -> bool:
    """The evidence is true: that post is there, and it is this one."""
    post = network.standing(row["remote_id"])
    return post is not None and post.link == row["url"]


@pytest.fixture
def networks() -> Iterator[dict[str, Network]]:
    kinds: dict[str, type[Network]] = {"facebook": Facebook, "twitter": Twitter, "pinterest": Pinterest, "linkedin": Linkedin}
    with ExitStack() as stack:
        running = {slug: stack.enter_context(kind(token=TOKEN)) for slug, kind in kinds.items()}
        running["twitter"].tokens.refresh = "taken-once"
        yield running


def misbehave(network: Network, chance: random.Random) -> None:
    """Anything it knows, on what posts; now and then on what uploads and on what lists; and its list shows late."""
    for _ in range(AT_ONCE):
        names = chance.choice([FAULTS, FAULTS, network.refusals, {"none": ""}])
        network.misbehave(chance.choice(list(names)), seconds=chance.uniform(0.05, 1.0))
    if chance.random() < 0.05:
        network.misbehave("late", seconds=4.0)  # longer than a process lives
    for kind, faults in {
        "list": ("lose-before", "reset", "500-before", "half", "garbage", "html", "late", "429", "503", "401"),
        "upload": ("lose-before", "lose-after", "500-after", "half", "429", "403"),
    }.items():
        if chance.random() < 0.4:
            network.misbehave(chance.choice(faults), on=kind, seconds=chance.uniform(0.05, 1.0))
    network.lag = chance.choice([0.0, 0.0, 0.3, 0.8])


def test_whatever_happens_each_post_is_on_each_network_at_most_once_and_its_row_is_true(
    tmp_path: Path, fresh_database_url: str, blog: example.Blog, networks: dict[str, Network]
) -> None:
    chance, questions = random.Random(SEED), 0
    place = Networks(tmp_path, fresh_database_url, blog, networks)
    with ExitStack() as stack:
        place.open(stack)
        for first in range(0, ROUNDS, AT_ONCE):
            for network in networks.values():
                misbehave(network, chance)
            place.publish_several(first)
            place.die_and_be_stopped(chance)
            place.end_the_waiting()
            place.check_the_ledger()
            while asked := place.answer_what_is_asked():
                questions += asked
                place.end_the_waiting()
                place.check_the_ledger()
            if "NETWORK_ROUNDS" in os.environ:
                _tell(place, first + AT_ONCE, questions)
    states = Counter(row["state"] for row in place.deliveries_that("state IS NOT NULL"))
    assert sum(states.values()) == ROUNDS * len(networks)
    assert set(states) <= {"sent", "failed"}


def test_a_network_that_hangs_holds_up_nobody_else(
    tmp_path: Path, fresh_database_url: str, blog: example.Blog, networks: dict[str, Network], valkey: Valkey
) -> None:
    networks["twitter"].misbehave("late", times=99, seconds=600)
    place = Networks(tmp_path, fresh_database_url, blog, networks)
    for number in range(3):
        place.publish(f"Walk {number}")
    with place.running("worker", "--clock", output=place.output, BROKER_URL=valkey.url, LEASE="120s"):
        until(lambda: len(place.deliveries_that("state = 'sent'")) == 9, "the other three networks have all three posts", 60)
        assert [row["state"] for row in place.deliveries_that("channel = 'twitter'")].count("sending") == 1


def _tell(place: Networks, rounds: int, questions: int) -> None:
    """The figures of a long run."""
    rows = place.ask("SELECT channel, state, count(*) AS n FROM worker_delivery GROUP BY channel, state ORDER BY channel, state")
    stood = ", ".join(f"{row['channel']} {row['state']} {row['n']}" for row in rows if row["state"] != "skipped")
    unknown = place.ask("SELECT count(*) AS n FROM worker_event WHERE what LIKE 'The answer of % was lost, so it may%'")[0]["n"]
    sys.stdout.write(
        f"{datetime.now(UTC):%H:%M:%S} {rounds} rounds: {stood}; {unknown} answers lost, {questions} questions; {dict(place.ended)}\n"
    )
    sys.stdout.flush()
