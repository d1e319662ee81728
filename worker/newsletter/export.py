"""A whole list with each person's consent, for another program or a spreadsheet."""

import csv
from collections.abc import Iterator
from datetime import date
from io import StringIO
from typing import Any

from django.db.models import Prefetch

from worker.lib.signing import address_hash
from worker.models import Blog, Consent, Subscriber, Suppression
from worker.newsletter.people import Values, agreed, person, why_not

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
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula: https://owasp.org/www-community/attacks/CSV_Injection"""


def everybody(blog: Blog, day: date, state: str = "") -> Iterator[Values]:
    """Newest first, each with their consents, the latest last. Read in pieces: a list may be long."""
    barred = {one.address_hash: one for one in Suppression.objects.filter(blog=blog)}
    rows = Subscriber.objects.filter(blog=blog).order_by("-pk")
    in_order = Prefetch("consents", Consent.objects.select_related("wording").order_by("pk"))
    for one in (rows.filter(state=state) if state else rows).prefetch_related(in_order).iterator(chunk_size=1000):
        consents = list(one.consents.all())
        reason = why_not(one, barred.get(address_hash(one.address_key)), consents, day)
        yield person(one, reason) | {"consent": [agreed(each) for each in consents]}


def as_csv(people: Iterator[Values]) -> Iterator[str]:
    """Line by line, the header first; each person with the latest consent."""
    yield _line(COLUMNS)
    for each in people:
        row = each | (each["consent"][-1] if each["consent"] else {})
        yield _line([_cell(row.get(name)) for name in COLUMNS])


def _line(cells: Any) -> str:
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _cell(value: Any) -> str:
    """A cell that would be a formula gets an apostrophe in front; an import takes it away again."""
    text = ";".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
