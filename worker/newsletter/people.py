"""What is known of one person on a list, as plain values: for the commands, the console, and the person's own download."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Protocol

from worker.lib.address import read_address
from worker.lib.refused import Refused
from worker.lib.text import shortened
from worker.models import Blog, Consent, Recipient, Subscriber, Suppression
from worker.newsletter import consent
from worker.newsletter.suppress import suppression_of

Values = dict[str, Any]


def key_of(email: str) -> str:
    """Refused unless it is an address."""
    try:
        return read_address(email).key
    except ValueError as mistake:
        raise Refused(f"{shortened(email, 60)!r} {mistake}") from None


def find(blog: Blog, email: str) -> Subscriber:
    """Refused, with what is known of the address, when nobody on the list has it."""
    key = key_of(email)
    subscriber = Subscriber.objects.filter(blog=blog, address_key=key).select_related("blog").first()
    if subscriber is None:
        known = suppression_of(blog.pk, key)
        raise Refused(f"{email} is not on the list of {blog.slug}.{' ' + barred(known) if known else ''}")
    return subscriber


def barred(known: Suppression) -> str:
    """The sentence for an address that may not be written to."""
    why = known.get_cause_display()
    because = f" ({known.reason})" if known.reason else ""
    return f"It may not be written to since {known.since:%Y-%m-%d}: {why[:1].lower()}{why[1:]}{because}."


class Known(Protocol):
    """As much of a subscriber as is told of them: the row, or as many of its values."""

    @property
    def email(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def topics(self) -> list[str]: ...
    @property
    def edition(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def left_at(self) -> datetime | None: ...


def why_not(subscriber: Known, known: Suppression | None, consents: Iterable[consent.Terms], day: date) -> str:
    """Why they get no newsletter; empty when they do."""
    if subscriber.state != Subscriber.State.CONFIRMED:
        return f"{Subscriber.State(subscriber.state).label}."
    return barred(known) if known else consent.why_not(consents, day)


def person(subscriber: Known, reason: str) -> Values:
    """`reason`: why they get no newsletter."""
    return {
        "email": subscriber.email,
        "name": subscriber.name,
        "state": subscriber.state,
        "language": subscriber.language,
        "topics": subscriber.topics,
        "edition": subscriber.edition,
        "subscribed_at": subscriber.created_at,
        "left_at": subscriber.left_at,
        "may_be_written_to": not reason,
        "why_not": reason,
    }


def agreed(one: Consent) -> Values:
    return {
        "basis": one.basis,
        "obtained_on": one.obtained_on,
        "ends_on": one.ends_on,
        "proof": one.proof,
        "wording": one.wording.number if one.wording else None,
        "network": one.network,
        "recorded_at": one.recorded_at,
        "recorded_by": one.recorded_by,
    }


def got(recipient: Recipient) -> Values:
    """What became of one newsletter for them."""
    delivery = recipient.delivery
    what = {"id": str(delivery.pk), "title": delivery.title, "state": recipient.state, "reason": recipient.reason, "at": recipient.at}
    return what | {"returns": [{"at": one.at, "kind": one.kind} for one in recipient.returns.all()]}


def everything_they_got(subscriber: Subscriber) -> list[Values]:
    """Newest first."""
    return [
        got(one)
        for one in subscriber.recipients.select_related("delivery__post", "delivery__issue").prefetch_related("returns").order_by("-pk")
    ]


def consents_of(subscriber: Subscriber) -> list[Consent]:
    """Newest first."""
    return list(subscriber.consents.select_related("wording").order_by("-pk"))
