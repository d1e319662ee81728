"""The readers of a batch as its sender needs them: few queries, plain values, fresh from the database."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from worker.lib.signing import address_hash
from worker.models import Consent, Recipient, Subscriber, Suppression
from worker.newsletter import consent


class Reader(NamedTuple):
    """One recipient. `key`: the recipient's row, `pk`: the subscriber's. `left_out`: why there is no copy; empty: there is one."""

    key: int
    tries: int
    pk: int
    email: str
    why: Consent | None
    left_out: str


def load(batch: int, blog: int, today: date) -> list[Reader]:
    """Who still waits, as they stand now: whoever has not been tried yet comes before those who were asked to wait."""
    waiting = Recipient.objects.filter(batch=batch, state=Recipient.State.WAITING).order_by("tries", "pk")
    columns = ("pk", "tries", "subscriber", "subscriber__email", "subscriber__address_key", "subscriber__state")
    rows = list(waiting.values_list(*columns))
    consents = _consents(row[2] for row in rows)
    suppressed = _suppressed(blog, [row[4] for row in rows])
    readers = []
    for key, tries, subscriber, email, address_key, state in rows:
        own = consents.get(subscriber, [])
        reason = why_left_out(state, address_key in suppressed) or consent.why_not(own, today)
        readers.append(Reader(key, tries, subscriber, email, consent.in_force(own, today), reason))
    return readers


def why_left_out(state: str, suppressed: bool) -> str:
    """By how the subscriber stands now; empty when nothing is against writing."""
    if state == Subscriber.State.FORGOTTEN:
        return "They asked to be forgotten before their turn."
    if state != Subscriber.State.CONFIRMED:
        return "They unsubscribed before their turn."
    return "Their address may not be written to." if suppressed else ""


def _consents(subscribers: Iterable[int]) -> Mapping[int, list[Consent]]:
    found: dict[int, list[Consent]] = {}
    for one in Consent.objects.filter(subscriber__in=list(subscribers)).only("subscriber", "basis", "obtained_on", "ends_on"):
        found.setdefault(one.subscriber_id, []).append(one)
    return found


def _suppressed(blog: int, keys: Iterable[str]) -> set[str]:
    """Of these `address_key`s, those that may not be written to."""
    by_hash = {address_hash(key): key for key in keys}
    found = Suppression.objects.filter(blog=blog, address_hash__in=list(by_hash)).values_list("address_hash", flat=True)
    return {by_hash[each] for each in found}
