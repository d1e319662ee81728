import shutil
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from tests import clocks
from tests.factories import make_blog, make_delivery, make_post

pytestmark = pytest.mark.django_db


def test_it_is_well_when_the_database_answers_and_fits_the_code(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["ok"]) == (200, True)


def test_it_is_not_well_when_a_migration_is_missing(client):
    MigrationRecorder(connection).record_unapplied("worker", "0001_initial")
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {"ok": False, "sentence": "The database is behind the code; run: postlark migrate"}


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
def test_it_says_so_when_the_database_does_not_answer(client, monkeypatch, path):
    def refuse(*args: object, **kwargs: object) -> None:
        raise OperationalError("connection to postgres://postlark:hunter2@db refused")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get(path)
    assert answer.status_code == 503
    assert b"The database does not answer." in answer.content
    assert b"hunter2" not in answer.content


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
