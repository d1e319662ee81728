"""A whole list with each person's consent, for another program or a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from io import StringIO
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

from worker.lib.sheet import harmless
from worker.lib.signing import address_hash
from worker.models import Blog, Subscriber, Suppression
from worker.newsletter.people import Values, person, why_not

COLUMNS = (
    "email",
    "name",
    "language",
    "topics",
    "edition",
    "state",
    "subscribed_at",
    "left_at",
    "may_be_written_to",
    "why_not",
    "basis",
    "obtained_on",
    "ends_on",
    "proof",
)
AT_ONCE = 1000


class _Person(NamedTuple):
    """As much of a subscriber as is taken home: a whole row for each would take ten times as long."""

    pk: int
    address_key: str
    email: str
    name: str
    state: str
    language: str
    topics: list[str]
    edition: str
    created_at: datetime
    left_at: datetime | None


class _Agreed(NamedTuple):
    basis: str
    obtained_on: date
    ends_on: date | None
    proof: str
    wording: int | None
    network: str
    recorded_at: datetime
    recorded_by: str


def everybody(blog: Blog, day: date, state: str = "") -> Iterator[Values]:
    """Newest first, each with their consents, the latest last. Read in pieces: a list may be long."""
    barred = {one.address_hash: one for one in Suppression.objects.filter(blog=blog)}
    listed = Subscriber.objects.filter(blog=blog, state=state) if state else Subscriber.objects.filter(blog=blog)
    terms = [f"consents__{'wording__number' if each == 'wording' else each}" for each in _Agreed._fields]
    rows = listed.order_by("-pk", "consents__pk").values_list(*_Person._fields, *terms)
    for _, of_one in groupby(rows.iterator(chunk_size=AT_ONCE), key=itemgetter(0)):
        lines = list(of_one)
        one, consents = _Person(*lines[0][: len(_Person._fields)]), [_Agreed(*line[len(_Person._fields) :]) for line in lines]
        consents = consents if consents[0].basis else []
        reason = why_not(one, barred.get(address_hash(one.address_key)), consents, day)
        yield person(one, reason) | {"consent": [each._asdict() for each in consents]}


def as_csv(people: Iterator[Values]) -> Iterator[str]:
    """Many lines at a time, the header first; each person with the latest consent."""
    yield _lines([COLUMNS])
    while some := list(islice(people, AT_ONCE)):
        yield _lines([_cell(row.get(name)) for name in COLUMNS] for row in map(_with_consent, some))


def _with_consent(one: Values) -> Values:
    return one | one["consent"][-1] if one["consent"] else one


def _lines(rows: Iterable[Iterable[Any]]) -> str:
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    """What would be a formula gets an apostrophe in front; an import takes it away again."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return harmless(";".join(value) if isinstance(value, list) else value)
