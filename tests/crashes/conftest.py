"""A whole installation as real processes, between a blog and a network of our own that the test holds in hand."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from examples import blog as example
from tests.fakes.network import Network
from tests.fakes.noticeboard import Noticeboard
from tests.processes import Installation, alive_in, until

FILE = """
name = "Example Psychotherapy"
feed = "{feed}"
poll = "1s"
hold = "0m"
burst = 50
allow_private_addresses = true

[disclaimer]
full = "{disclaimer}"

[channels.noticeboard]
mode = "live"
base_url = "{board}"
settle = "2s"
refuses_duplicates = {refuses}
"""
AT_REST = "state IN ('sent', 'failed', 'skipped', 'cancelled', 'withdrawn') OR waits_for = 'person'"


class Watched(Installation):
    """Every question is asked of its database, not of its processes."""

    def ask(self, sql: str) -> list[dict[str, Any]]:
        if url := self.environment.get("DATABASE_URL"):
            with psycopg.connect(url, row_factory=dict_row) as connection:
                return connection.execute(sql).fetchall()
        with sqlite3.connect(self.data / "postlark.sqlite3", timeout=20) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]

    def tell(self, sql: str) -> None:
        now = f"'{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}'"
        if url := self.environment.get("DATABASE_URL"):
            with psycopg.connect(url) as connection:
                connection.execute(sql.format(now="now()"))
        else:
            with sqlite3.connect(self.data / "postlark.sqlite3", timeout=20) as connection:
                connection.execute(sql.format(now=now))


class Place(Watched):
    """Short leases; one blog that is watched, and one network that it posts to."""

    file = FILE

    def __init__(self, folder: Path, database: str, blog: example.Blog, board: Network, *, refuses_duplicates: bool = False) -> None:
        super().__init__(folder, DATABASE_URL=database, LEASE="4s", SWEEP="1s", POSTLARK_LOG="info")
        self.blog, self.board = blog, board
        board.refuses_duplicates = refuses_duplicates
        text = self.file.format(
            feed=f"{blog.base}/feed/", disclaimer=example.DISCLAIMER, board=board.url, refuses=str(refuses_duplicates).lower()
        )
        (self.blogs / "example.toml").write_text(text)
        self.output = folder / "output.txt"
        assert self.run("migrate").returncode == 0
        self.once()

    def once(self, **environment: str) -> int:
        """Look and hand over what is due, as cron does; the exit code, which is a signal's number where one ended it."""
        with self.running("once", output=self.output, **environment) as process:
            return process.wait(60)

    def publish(self, title: str) -> str:
        """Its address."""
        return self.blog.url(self.blog.publish(title, "Going outside helps. So does talking to somebody."))

    def deliveries(self) -> list[dict[str, Any]]:
        """Every delivery that is not of the baseline."""
        return self.ask(
            "SELECT d.*, p.url, (SELECT count(*) FROM worker_attempt a WHERE a.delivery_id = d.id) AS attempts FROM worker_delivery d "
            "JOIN worker_post p ON p.id = d.post_id WHERE p.origin <> 'baseline' ORDER BY d.id"
        )

    def delivery(self) -> dict[str, Any]:
        (only,) = self.deliveries()
        return only

    def hurry(self) -> None:
        """Nobody is under way: whoever waits for the first look, or for the next try, waits no longer."""
        self.tell(
            "UPDATE worker_delivery SET due_at = {now} WHERE state = 'pending' AND waits_for = 'clock' OR state = 'unknown' AND absences = 0 AND waits_for = 'network'"
        )

    def come_to_rest(self, seconds: float = 60) -> None:
        """Run it again and again, as cron would, until everything has ended or waits for a person."""

        def rested() -> bool:
            self.hurry()
            self.once()
            return bool(self.deliveries()) and not self.ask(f"SELECT 1 FROM worker_delivery WHERE NOT ({AT_REST})")

        until(rested, "every delivery has ended or waits for a person", seconds)

    def check_the_ledger(self) -> None:
        """What must hold at every moment: at most one post of each, and each row says what it is waiting for."""
        posted = self.board.counts()
        doubled = {link: times for link, times in posted.items() if times > 1}
        assert not doubled, f"doubled: {doubled}"
        for row in self.deliveries():
            assert row["reason"].endswith((".", "?")), row
            if row["waits_for"] in ("clock", "network"):
                assert row["due_at"] or row["lease_until"], row
            if row["state"] == "sent":
                assert posted[row["url"]] == 1, row
            if row["state"] in ("failed", "cancelled", "held"):
                assert posted[row["url"]] == 0, row


MAILS = """
name = "Example Psychotherapy"
feed = "{feed}"
poll = "1s"
hold = "0m"
allow_private_addresses = true
disclaimer = {{ full = "{disclaimer}" }}
channels.email = {{ mode = "live", hold = "0m", related = 0 }}
sender = {{ name = "Example Psychotherapy", email = "news@blog.example", mailing_address = "1 Example Street", contact = "416 555 0100" }}
"""


class MailingPlace(Watched):
    """One blog that mails these readers whatever it publishes; what stood in its feed before is known already."""

    def __init__(self, folder: Path, database: str, blog: example.Blog, readers: list[str], **environment: str) -> None:
        super().__init__(folder, DATABASE_URL=database, SWEEP="1s", **environment)
        self.output = folder / "output.txt"
        (self.blogs / "example.toml").write_text(MAILS.format(feed=f"{blog.base}/feed/", disclaimer=example.DISCLAIMER))
        assert self.run("migrate").returncode == 0
        assert self.run("once").returncode == 0
        sheet = folder / "readers.csv"
        sheet.write_text("\n".join(["email", *readers]) + "\n")
        consent = ("--basis", "express", "--obtained", "2026-05-04", "--proof", "a sheet")
        taken = self.run("subscribers", "import", "example", str(sheet), *consent, seconds=300)
        assert taken.returncode == 0, taken.stderr


@pytest.fixture
def board() -> Iterator[Noticeboard]:
    with Noticeboard() as board:
        yield board


@pytest.fixture
def blog() -> Iterator[example.Blog]:
    with example.server(port=0) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server.RequestHandlerClass.blog
        server.shutdown()


def stopped(data: Path) -> int:
    """The process of this installation that lies where a SIGSTOP found it; 0 while there is none."""
    for pid in alive_in(data):
        with suppress(OSError):  # it has ended since
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
                return pid
    return 0
