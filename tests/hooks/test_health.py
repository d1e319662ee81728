import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import requests
from django.db import OperationalError, connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from tests import clocks
from tests.__main__ import postgresql
from tests.factories import make_blog, make_delivery, make_post
from tests.processes import ROOT, Installation, free_port, until

pytestmark = pytest.mark.django_db


def test_it_is_well_when_the_database_answers_and_fits_the_code(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["ok"]) == (200, True)


@pytest.mark.django_db(transaction=True)
def test_it_is_not_well_when_a_migration_is_missing(client):
    MigrationRecorder(connection).record_unapplied("worker", "0001_initial")
    try:
        answer = client.get("/healthz")
    finally:
        MigrationRecorder(connection).record_applied("worker", "0001_initial")
    assert answer.status_code == 503
    assert answer.json() == {"ok": False, "sentence": "The database is behind the code; run: postlark migrate"}


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
def test_it_says_so_when_the_database_does_not_answer(client, monkeypatch, path):
    def refuse(*args: object, **kwargs: object) -> None:
        raise OperationalError("connection to postgres://postlark:hunter2@db refused")

    monkeypatch.setattr(type(connections["default"]), "cursor", refuse)
    answer = client.get(path)
    assert answer.status_code == 503
    assert b"The database does not answer." in answer.content
    assert b"hunter2" not in answer.content


@pytest.mark.processes
@pytest.mark.timeout(180)
def test_a_postgresql_that_is_stopped_keeps_nobody_waiting(tmp_path):
    with postgresql() as url:
        here = Installation(tmp_path, DATABASE_URL=url, LISTEN=f"127.0.0.1:{free_port()}")
        shutil.copy(ROOT / "config" / "blogs" / "example.toml", here.blogs)
        assert here.run("migrate").returncode == 0
        ask = [f"http://{here.environment['LISTEN']}{path}" for path in ("/healthz", "/metrics")]
        with here.running("web"):
            until(lambda: {status(address)[0] for address in ask} == {200}, "both answer")
            with stopped(url):
                assert {status(address) for address in ask} == {(503, True)}
            until(lambda: {status(address)[0] for address in ask} == {200}, "both answer again")


@contextmanager
def stopped(url: str) -> Iterator[None]:
    """A PostgreSQL with all its processes, so that connections that are open are as silent as new ones."""
    with psycopg.connect(url) as there:
        (file,) = there.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    server = int(file.split()[0])
    os.kill(server, signal.SIGSTOP)  # from now on it has no further child
    its = [server, *map(int, Path(f"/proc/{server}/task/{server}/children").read_text().split())]
    try:
        for process in its:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in its:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def status(address: str) -> tuple[int, bool]:
    """(what it answers, whether it says that the database does not); 0: nobody listens yet."""
    with suppress(requests.ConnectionError):
        answer = requests.get(address, timeout=20)
        return answer.status_code, "The database does not answer." in answer.text
    return 0, False


def test_it_is_not_well_when_the_disk_is_full(client, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=4096))
    answer = client.get("/healthz")
    assert (answer.status_code, "no room left" in answer.json()["sentence"]) == (503, True)


def test_the_metrics_count_deliveries_and_say_how_late_the_oldest_is(client, settings):
    post = make_post(make_blog())
    make_delivery(post, "facebook", due_at=clocks.now() - timedelta(minutes=10))
    make_delivery(post, "twitter", state="unknown", waits_for="person", due_at=None)
    text = client.get("/metrics").content.decode()
    assert 'postlark_deliveries{channel="facebook",state="pending",waits_for="clock"} 1.0' in text
    assert 'postlark_deliveries{channel="twitter",state="unknown",waits_for="person"} 1.0' in text
    assert 'postlark_blogs{state="new"} 1.0' in text
    late = float(next(line for line in text.splitlines() if line.startswith("postlark_oldest_due_seconds")).split()[1])
    assert 600 <= late < 660


def test_the_metrics_name_no_person_and_no_post(client, settings):
    post = make_post(make_blog())
    make_delivery(post)
    text = client.get("/metrics").content.decode()
    assert post.title not in text
    assert "@" not in text
    assert "blog.example" not in text


def test_the_metrics_cost_four_queries_however_many_deliveries_there_are(client, settings, django_assert_num_queries):
    blog = make_blog()
    for _ in range(5):
        make_delivery(make_post(blog))
    with django_assert_num_queries(4):  # one of them for the time
        client.get("/metrics")


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
def test_nothing_can_be_sent_to_it(path):
    assert Client().post(path).status_code == 405
