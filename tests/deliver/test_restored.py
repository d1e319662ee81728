"""What was under way in a backup waits for a person, who can always let it go on."""

from typing import Any

import pytest
from django.utils import timezone

from tests.factories import make_blog, make_delivery, make_post
from worker.deliver import staff
from worker.deliver.restored import make_safe
from worker.models import Delivery

pytestmark = pytest.mark.django_db
LOST = {"state": "unknown", "waits_for": "network"}


@pytest.mark.parametrize(
    ("asked_for", "says"),
    [({"withdrawn_by": "Ann", "withdrawn_because": "A mistake."}, "taken down"), ({"occasion": "correction"}, "corrected")],
)
@pytest.mark.parametrize("stands", [{}, {"state": "sending", "waits_for": "network", "phase": "calling"}, LOST])
def test_what_was_to_be_taken_down_or_corrected_can_be_released(stands: dict[str, Any], asked_for: dict[str, Any], says: str) -> None:
    delivery = make_delivery(make_post(make_blog()), "facebook", remote_id="1", **stands, **asked_for)
    make_safe(timezone.now(), "Ann")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for, f"was to be {says}" in delivery.reason) == ("held", "person", True)
    staff.release(delivery, "Ann")
    again = Delivery.objects.get()
    assert (again.state, again.waits_for, f"It is {says}" in again.reason) == ("pending", "clock", True)


def test_of_a_post_whose_answer_was_lost_a_person_is_asked() -> None:
    delivery = make_delivery(make_post(make_blog()), "facebook", **LOST)
    make_safe(timezone.now(), "Ann")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for) == ("unknown", "person")
    staff.settle(delivery, "Ann", sent=False)
    assert Delivery.objects.get().state == "pending"
