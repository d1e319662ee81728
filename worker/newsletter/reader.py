"""The readers of a batch as its sender needs them: two queries, plain values, fresh from the database."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection

from worker.lib.address import wire
from worker.lib.signing import address_hashes
from worker.models import Consent, Recipient, Subscriber, Suppression
from worker.newsletter import consent


class Agreed(NamedTuple):
    """What a consent says; a whole row for each reader would cost more than the mail."""

    basis: str
    obtained_on: date
    ends_on: date | None


class Reader(NamedTuple):
    """One recipient of a batch. `key`: the recipient's row, `pk`: the subscriber's; `address`: as a relay understands it.

    `left_out`: why there is no copy; empty: there is one. `language`: that they chose; empty: the blog's.
    """

    key: int
    batch: int
    tries: int
    pk: int
    address: str
    why: Agreed | None
    left_out: str
    language: str


_WAITING = f"""
SELECT r.id, r.batch_id, r.tries, s.id, s.email, s.address_key, s.state, s.language, c.basis, c.obtained_on, c.ends_on
FROM {Recipient._meta.db_table} r
JOIN {Subscriber._meta.db_table} s ON s.id = r.subscriber_id
LEFT JOIN {Consent._meta.db_table} c ON c.subscriber_id = s.id
WHERE r.batch_id = %s AND r.state = '{Recipient.State.WAITING}'
ORDER BY r.tries, r.id"""
"""A row for each of a reader's consents. In plain SQL: Django takes longer to write the question than the answer takes."""


def load(batch: int, blog: int, today: date) -> list[Reader]:
    """Who still waits, as they stand now: whoever has not been tried yet comes before those who were asked to wait."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [batch])
        rows = cursor.fetchall()
    barred = suppressed(blog, [row[5] for row in rows])
    readers = []
    for _, several in groupby(rows, itemgetter(0)):
        own = list(several)
        key, batch, tries, subscriber, email, address_key, state, language = own[0][:8]
        why, lapsed = _standing(tuple([row[8:] for row in own]), today)
        reason = why_left_out(state, address_key in barred) or lapsed
        readers.append(Reader(key, batch, tries, subscriber, "" if reason else wire(email, address_key), why, reason, language))
    return readers


@lru_cache(maxsize=1024)  # most of a list agreed in one of a few ways, on one of a few days
def _standing(terms: tuple[tuple[Any, ...], ...], today: date) -> tuple[Agreed | None, str]:
    """The consent in force, and why there is none. `terms`: without a consent, one row of nothing."""
    agreed = [Agreed(*each) for each in terms if each[0] is not None]
    return consent.in_force(agreed, today), consent.why_not(agreed, today)


def agreed_by(subscribers: Iterable[int]) -> dict[int, list[Agreed]]:
    """Each one's consents; none is an empty list."""
    agreed = defaultdict[int, list[Agreed]](list)
    for subscriber, *terms in Consent.objects.filter(subscriber__in=list(subscribers)).values_list("subscriber", *Agreed._fields):
        agreed[subscriber].append(Agreed(*terms))
    return agreed


def why_left_out(state: str, suppressed: bool) -> str:
    """By how the subscriber stands now; empty when nothing is against writing."""
    if state == Subscriber.State.CONFIRMED:
        return "Their address may not be written to." if suppressed else ""
    if state == Subscriber.State.FORGOTTEN:
        return "They asked to be forgotten before their turn."
    return "They unsubscribed before their turn."


def suppressed(blog: int, keys: Iterable[str]) -> set[str]:
    """Of these `address_key`s, those that may not be written to. In plain SQL, as above."""
    by_hash = address_hashes(keys)
    if not by_hash:
        return set()
    table, places = Suppression._meta.db_table, ", ".join(["%s"] * len(by_hash))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT address_hash FROM {table} WHERE blog_id = %s AND address_hash IN ({places})", [blog, *by_hash])
        return {by_hash[found] for (found,) in cursor.fetchall()}
