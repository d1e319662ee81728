"""What the clock does every few seconds."""

import pytest

from tests.factories import make_blog, make_delivery, make_post
from worker import tasks
from worker.models import Delivery

pytestmark = pytest.mark.django_db


def test_a_row_that_breaks_the_upkeep_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = make_delivery(make_post(make_blog()))
    stuck = make_delivery(make_post(make_blog()), state="held", waits_for="person", held_for="money", rendition=None)
    stuck.blog.connections.create(channel=stuck.channel)
    rung: dict[str, list[object]] = {}
    monkeypatch.setattr(tasks, "ring", lambda task, ids: rung.update({task.name.rpartition(".")[2]: list(ids)}))
    with pytest.raises(Delivery.rendition.RelatedObjectDoesNotExist):
        tasks.tick()
    assert rung["send"] == [delivery.pk]
