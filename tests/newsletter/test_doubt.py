"""After a backup was restored: whoever still waits may have it by now, and nobody can know."""

import pytest

from tests import clocks
from tests.newsletter.people import live_blog, make_subscriber, people, planned, the_sum
from worker import newsletter
from worker.models import Batch, Recipient
from worker.record.sums import Sum

pytestmark = pytest.mark.django_db


def test_whoever_has_no_outcome_is_in_doubt_and_what_is_known_stays_as_it_is(relay):
    blog, now = live_blog(relay), clocks.now()
    for name in ("has.it", "waits", "is.written.to"):
        make_subscriber(blog, f"{name}@reader.example")
    delivery = planned(blog)
    delivery.attempts.create(number=1, started_at=now, finished_at=now, outcome="transient", detail="450 later", holder="here")
    delivery.attempts.create(number=2, started_at=now, holder="here")
    Recipient.objects.filter(subscriber__name="", subscriber__email__startswith="has").update(state="sent")
    Recipient.objects.filter(subscriber__email__startswith="is").update(state="sending")
    Batch.objects.update(sent=1, waiting=2)
    newsletter.call_in_doubt(delivery, "The backup was made before their turn came.")
    assert the_sum(delivery) == Sum(3, sent=1, unknown=2)
    assert {name: one.state for name, one in people(delivery).items()} == {"has.it": "sent", "waits": "unknown", "is.written.to": "unknown"}
    assert people(delivery)["waits"].reason == "The backup was made before their turn came."
    assert Batch.objects.get().state == "done"
    assert list(delivery.attempts.order_by("number").values_list("outcome", "detail")) == [
        ("transient", "450 later"),
        ("unknown", "The backup was made before their turn came."),
    ]
