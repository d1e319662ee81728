"""The record's chain: its lines are closed in batches, each seal's hash running over its lines and the seal before.

Whoever changes, removes or slips in a line afterwards breaks the chain at that seal; whoever recomputes the whole chain
changes its last hash, which is why `postlark record verify` prints it: note it down somewhere else now and then.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction

from worker.models import Event, Seal

MOST = 1000
SETTLED = timedelta(minutes=1)
"""How old a line is before it is sealed, so that the lines of one moment lie in few seals."""
BEGINNING = "0" * 64


@dataclass(frozen=True)
class Verdict:
    """`broken`: one sentence for each seal that does not hold. `head`: the last seal's hash; empty: there is none yet."""

    seals: int
    lines: int
    unsealed: int
    head: str
    broken: tuple[str, ...]


def seal(now: datetime) -> Seal | None:
    """Close the oldest open lines; None when there are none of that age, or another process is closing them."""
    try:
        with transaction.atomic():
            last = Seal.objects.order_by("-number").first()
            lines = list(Event.objects.filter(seal=None, at__lte=now - SETTLED).order_by("pk")[:MOST])
            if not lines:
                return None
            made = Seal.objects.create(
                number=last.number + 1 if last else 1,
                sealed_at=now,
                lines=len(lines),
                hash=closed(last.hash if last else BEGINNING, lines),
            )
            Event.objects.filter(pk__in=[line.pk for line in lines]).update(seal=made)
    except IntegrityError:  # the number is taken: somebody else closed the same lines
        return None
    return made


def closed(before: str, lines: list[Event]) -> str:
    """The hash of a seal over `lines`, in the order of their ids, after the seal whose hash is `before`."""
    digest = hashlib.sha256(before.encode())
    for line in lines:
        digest.update(b"\n" + written(line).encode())
    return digest.hexdigest()


def written(line: Event) -> str:
    """A line as it is sealed: one JSON array, the same on every machine and database."""
    at = line.at.astimezone(UTC).isoformat(timespec="microseconds")
    about = [line.blog_id, line.post_id, line.delivery_id, line.subscriber_id]
    return json.dumps([line.pk, at, line.who, line.what, *about, line.data], ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def verify() -> Verdict:
    """Recompute the whole chain."""
    broken: list[str] = []
    before, expected, seals, lines = BEGINNING, 1, 0, 0
    for each in Seal.objects.order_by("number").iterator():
        broken += _gap(expected, each.number)
        events = list(Event.objects.filter(seal=each).order_by("pk"))
        if closed(before, events) != each.hash:
            broken.append(_sentence(each, len(events)))
        before, expected = each.hash, each.number + 1
        seals, lines = seals + 1, lines + len(events)
    return Verdict(seals, lines, Event.objects.filter(seal=None).count(), before if seals else "", tuple(broken))


def noted(head: str) -> Seal | None:
    """The seal with this hash: what was noted down then still is part of the chain."""
    return Seal.objects.filter(hash=head.strip().lower()).first()


def _gap(expected: int, number: int) -> Iterator[str]:
    if number != expected:
        missing = f"Seal {expected}" if number == expected + 1 else f"Seals {expected} to {number - 1}"
        yield f"{missing} of the record {'is' if number == expected + 1 else 'are'} missing, with the lines under it."


def _sentence(each: Seal, found: int) -> str:
    when = f"{each.sealed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if found < each.lines:
        return f"Seal {each.number} ({when}) was set over {each.lines} lines, and {each.lines - found} of them {'is' if each.lines - found == 1 else 'are'} gone."
    if found > each.lines:
        return f"Seal {each.number} ({when}) was set over {each.lines} lines, and {found - each.lines} {'was' if found - each.lines == 1 else 'were'} slipped in."
    return f"Seal {each.number} ({when}) does not fit its {each.lines} lines: one of them was changed, or a seal before it was."
