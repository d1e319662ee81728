"""What was under way in a backup waits for a person, who can always let it go on."""

from typing import Any

import pytest

from tests import clocks
from tests.factories import make_blog, make_delivery, make_post
from tests.newsletter.people import make_subscriber
from worker.deliver import staff
from worker.deliver.plan import plan
from worker.deliver.restored import make_safe
from worker.deliver.send import send
from worker.models import Delivery, Event

pytestmark = pytest.mark.django_db
LOST = {"state": "unknown", "waits_for": "network"}


@pytest.mark.parametrize(
    ("asked_for", "says"),
    [({"withdrawn_by": "Ann", "withdrawn_because": "A mistake."}, "taken down"), ({"occasion": "correction"}, "corrected")],
)
@pytest.mark.parametrize("stands", [{}, {"state": "sending", "waits_for": "network", "phase": "calling"}, LOST])
def test_what_was_to_be_taken_down_or_corrected_can_be_released(stands: dict[str, Any], asked_for: dict[str, Any], says: str) -> None:
    delivery = make_delivery(make_post(make_blog()), "facebook", remote_id="1", **stands, **asked_for)
    make_safe(clocks.now(), "Ann")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for, f"was to be {says}" in delivery.reason) == ("held", "person", True)
    staff.release(delivery, "Ann")
    again = Delivery.objects.get()
    assert (again.state, again.waits_for, f"It is {says}" in again.reason) == ("pending", "clock", True)


def test_of_a_post_whose_answer_was_lost_a_person_is_asked() -> None:
    delivery = make_delivery(make_post(make_blog()), "facebook", **LOST)
    make_safe(clocks.now(), "Ann")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for) == ("unknown", "person")
    staff.settle(delivery, "Ann", sent=False)
    assert Delivery.objects.get().state == "pending"


def test_a_newsletter_that_was_held_half_way_is_not_let_go_on_unwarned() -> None:
    delivery = make_delivery(make_post(make_blog()), "email", state="held", waits_for="person", reason="Held by Ann: wait.")
    delivery.batches.create(number=1, size=3, sent=1, waiting=2)
    make_safe(clocks.now(), "Ann")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for) == ("held", "person")
    assert "may have gone on since" in delivery.reason


def test_a_try_that_the_backup_cut_off_does_not_stay_open() -> None:
    delivery = make_delivery(make_post(make_blog()), "facebook", state="sending", waits_for="network", phase="calling", attempt=1)
    delivery.attempts.create(number=1, started_at=clocks.now(), calling_at=clocks.now(), holder="gone")
    make_safe(clocks.now(), "Ann")
    assert delivery.attempts.get().outcome == "unknown"


def test_whoever_left_since_gets_nothing_before_a_person_has_seen_to_it(settings) -> None:
    blog = make_blog(channels={"email": {"mode": "live"}, "facebook": {}})
    make_subscriber(blog)
    make_safe(clocks.now(), "Ann")
    plan(make_post(blog).pk)
    mail = Delivery.objects.get(channel="email")
    send(mail.pk)
    mail.refresh_from_db()
    assert (mail.state, mail.waits_for) == ("pending", "person")
    assert mail.reason.startswith("E-mail is paused by Ann, since the backup of ")
    assert "is on the list again. Take them off" in Event.objects.get(what__startswith="Whoever left after").what
    staff.resume(blog, "email", "Ann")
    mail.refresh_from_db()
    assert (mail.state, mail.waits_for) == ("pending", "clock")
