"""What came of copies after the relay took them: 300 accepted, 4 came back."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q

from worker.models import Recipient, Return

Kind = Return.Kind
CAME_BACK = Q(kind__in=[Kind.HARD, Kind.SOFT, Kind.BLOCKED], recipient__state=Recipient.State.SENT)
COMPLAINED = Q(kind=Kind.COMPLAINED)


@dataclass(frozen=True)
class Returned:
    """Readers. `bounced`: of those whose copy the relay took; whom it refused at once is in the sum."""

    delivered: int = 0
    bounced: int = 0
    complained: int = 0


def returned_of(delivery_ids: Iterable[int]) -> dict[int, Returned]:
    """In two queries. A delivery of which nobody reported anything is left out."""
    ids = list(delivery_ids)
    reported = Return.objects.filter(delivery__in=ids, kind__in=[Kind.DELIVERED, Kind.COMPLAINED]).values_list("delivery", "kind")
    by_kind = {(delivery, kind): number for delivery, kind, number in reported.annotate(number=Count("pk")).order_by()}
    bounced = bounced_of(ids)
    return {
        pk: Returned(by_kind.get((pk, Kind.DELIVERED), 0), bounced.get(pk, 0), by_kind.get((pk, Kind.COMPLAINED), 0))
        for pk in {*bounced, *(delivery for delivery, _ in by_kind)}
    }


def bounced_of(delivery_ids: Iterable[int]) -> dict[int, int]:
    rows = Return.objects.filter(CAME_BACK, delivery__in=list(delivery_ids)).values_list("delivery")
    return dict(rows.annotate(number=Count("recipient", distinct=True)).order_by())
