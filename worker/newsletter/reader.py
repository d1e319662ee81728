"""The readers of a batch as its sender needs them: few queries, plain values, fresh from the database."""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from worker.lib.signing import address_hash
from worker.models import Recipient, Subscriber, Suppression
from worker.newsletter import consent


class Agreed(NamedTuple):
    """What a consent says; a whole row for each reader would cost more than the mail."""

    basis: str
    obtained_on: date
    ends_on: date | None


class Reader(NamedTuple):
    """One recipient of a batch. `key`: the recipient's row, `pk`: the subscriber's. `left_out`: why there is no copy; empty: there is one."""

    key: int
    batch: int
    tries: int
    pk: int
    email: str
    why: Agreed | None
    left_out: str


def load(batches: Iterable[int], blog: int, today: date) -> list[Reader]:
    """Who still waits, as they stand now: whoever has not been tried yet comes before those who were asked to wait."""
    waiting = Recipient.objects.filter(batch__in=batches, state=Recipient.State.WAITING).order_by("tries", "pk")
    person = ("pk", "batch", "tries", "subscriber", "subscriber__email", "subscriber__address_key", "subscriber__state")
    terms = tuple(f"subscriber__consents__{each}" for each in Agreed._fields)
    consents: dict[tuple[Any, ...], list[Agreed]] = {}
    for row in waiting.values_list(*person, *terms):
        own = consents.setdefault(row[:7], [])
        if row[7] is not None:
            own.append(Agreed(*row[7:]))
    suppressed = _suppressed(blog, [row[5] for row in consents])
    readers = []
    for (key, batch, tries, subscriber, email, address_key, state), own in consents.items():
        why = consent.in_force(own, today)
        reason = why_left_out(state, address_key in suppressed) or ("" if why else consent.why_not(own, today))
        readers.append(Reader(key, batch, tries, subscriber, email, why, reason))
    return readers


def why_left_out(state: str, suppressed: bool) -> str:
    """By how the subscriber stands now; empty when nothing is against writing."""
    if state == Subscriber.State.FORGOTTEN:
        return "They asked to be forgotten before their turn."
    if state != Subscriber.State.CONFIRMED:
        return "They unsubscribed before their turn."
    return "Their address may not be written to." if suppressed else ""


def _suppressed(blog: int, keys: Iterable[str]) -> set[str]:
    """Of these `address_key`s, those that may not be written to. In plain SQL: Django takes longer to write the question than the answer takes."""
    by_hash = {address_hash(key): key for key in keys}
    if not by_hash:
        return set()
    table, places = Suppression._meta.db_table, ", ".join(["%s"] * len(by_hash))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT address_hash FROM {table} WHERE blog_id = %s AND address_hash IN ({places})", [blog, *by_hash])
        return {by_hash[found] for (found,) in cursor.fetchall()}
