"""Links in an e-mail that hold or release one delivery, as it stood then: signed, for three days, for one act.

Opening one shows a page with a button; only the button acts (console/by_link.py). Whatever a person has done with the
delivery meanwhile ends its links.
"""

from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.core import signing
from django.urls import reverse

from worker.models import Delivery, Event
from worker.record.transition import POSTLARK

LASTS = timedelta(days=3)
ACTS = ("hold", "release")
_SALT = "postlark.by-link"


class Asked(NamedTuple):
    """What a link is for, and whom it was sent to."""

    delivery: int
    act: str
    to: str
    stood: list[object]


def link(delivery: Delivery, act: str, to: str) -> str:
    """The address to put into a mail to `to`."""
    assert act in ACTS
    token = signing.dumps([delivery.pk, act, to, stands(delivery)], salt=_SALT, compress=True)
    return f"{settings.PUBLIC_URL}{reverse('by-link', args=[token])}"


def read(token: str) -> Asked | None:
    """None for what is not ours, was changed on its way, or is too old."""
    try:
        return Asked(*signing.loads(token, salt=_SALT, max_age=LASTS))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def stands(delivery: Delivery) -> list[object]:
    """What must still be so for a link to act."""
    return [delivery.state, Event.objects.filter(delivery=delivery).exclude(who=POSTLARK).count()]
