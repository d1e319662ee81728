"""What the clock does every few seconds."""

import pytest
from django.db import OperationalError

from tests.factories import make_blog, make_delivery, make_post
from worker import tasks

pytestmark = pytest.mark.django_db


def test_a_row_that_breaks_the_upkeep_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    delivery = make_delivery(make_post(make_blog()))
    stuck = make_delivery(make_post(make_blog()), state="held", waits_for="person", held_for="money", rendition=None)
    stuck.blog.connections.create(channel=stuck.channel)
    rung: dict[str, list[object]] = {}
    monkeypatch.setattr(tasks, "ring", lambda task, ids: rung.update({task.name.rpartition(".")[2]: list(ids)}))
    monkeypatch.setattr("worker.tasks.seal", lambda now: rung.update(sealed=[now]))
    tasks.tick()
    assert rung["send"] == [delivery.pk]
    assert rung["sealed"]
    assert [line.delivery_id for line in caplog.records if getattr(line, "step", "") == "sweep"] == [stuck.pk]


def test_a_database_in_trouble_is_no_rows_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr("worker.newsletter.sweep", gone)
    with pytest.raises(OperationalError):
        tasks.upkeep()
