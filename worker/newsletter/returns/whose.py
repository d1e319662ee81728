"""Whose copy a report is about."""

import re

from django.db.models import Q, QuerySet

from worker.lib.address import address_key
from worker.lib.signing import read_copy_id
from worker.models import Recipient, Subscriber

_LEFT_US = (Recipient.State.SENT, Recipient.State.UNKNOWN)
_COPY = re.compile(r"\d{1,19}-\d{1,19}\.[\w-]{20,100}")


def of_copy(text: str) -> Recipient | None:
    """By the id that we gave the copy: the left side of its Message-ID, alone or somewhere in this text. It cannot be made up."""
    for written in _COPY.findall(text):
        if named := read_copy_id(written):
            theirs = Q(subscriber=named.subscriber) | Q(subscriber__before=named.subscriber)
            if found := list(_recipients().filter(theirs, delivery=named.delivery)):
                return min(found, key=lambda one: (one.state not in _LEFT_US, one.subscriber_id != named.subscriber))
    return None


def of_address(delivery_id: int, address: str) -> Recipient | None:
    """Where a provider tells no more than that. Who has moved to another address since is not found."""
    try:
        key = address_key(address)
    except ValueError:
        return None
    return _recipients().filter(delivery=delivery_id, subscriber__address_key=key).first()


def newest_of(reader: Subscriber) -> Recipient | None:
    """The last copy that they got, where somebody tells of a reader and not of a copy."""
    return _recipients().filter(subscriber=reader, state=Recipient.State.SENT).order_by("-pk").first()


def _recipients() -> QuerySet[Recipient]:
    return Recipient.objects.select_related("subscriber__blog", "subscriber__goes_on_as__blog", "delivery")
