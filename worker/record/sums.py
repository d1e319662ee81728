"""The sum of a newsletter: audience = sent + skipped + refused + unknown + waiting, at every instant."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Sum as Total

from worker.models import Batch


@dataclass(frozen=True)
class Sum:
    """`waiting` counts those whose copy is on its way just now, too."""

    audience: int = 0
    sent: int = 0
    skipped: int = 0
    refused: int = 0
    unknown: int = 0
    waiting: int = 0


def sum_of(delivery_ids: Iterable[int]) -> dict[int, Sum]:
    """In one query, from the batches' counters. A delivery without any batch (nothing written down yet, or nobody to write to) is left out."""
    rows = (
        Batch.objects.filter(delivery__in=list(delivery_ids))
        .values("delivery")
        .annotate(
            audience=Total("size"),
            all_sent=Total("sent"),
            all_skipped=Total("skipped"),
            all_refused=Total("refused"),
            all_unknown=Total("unknown"),
            all_waiting=Total("waiting"),
        )
        .order_by()
    )
    return {
        row["delivery"]: Sum(
            row["audience"], row["all_sent"], row["all_skipped"], row["all_refused"], row["all_unknown"], row["all_waiting"]
        )
        for row in rows
    }
