"""How far a newsletter is that is being sent: the sum, how fast it goes, how long it will take yet. Read from the rows, at any moment."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Min

from worker.lib.blogs import blog_file
from worker.models import Batch, Delivery, Recipient, Relay
from worker.newsletter.mail import relay_name, relay_of
from worker.record.sums import Sum, sum_of

_LATELY = timedelta(minutes=1)
_BATCHES = 20  # the latest ones tell; no need to count a million rows


class Progress(NamedTuple):
    """`rate`: readers a second, lately; zero: nothing went out in the last minute. `left`: None where that cannot be told.

    `waits_until`: the relay's next slot, where its pace makes the newsletter wait; `pace`: as people read it, 10/s.
    """

    sum: Sum
    rate: float
    left: timedelta | None
    waits_until: datetime | None = None
    pace: str = ""

    @property
    def sentence(self) -> str:
        """What a stop would mean now."""
        people = "1 has" if self.sum.sent == 1 else f"{self.sum.sent:,} have"
        return f"{people} it, {self.sum.waiting:,} will not." if self.sum.waiting else f"{people} it."


def progress(delivery: Delivery, now: datetime) -> Progress:
    total = sum_of([delivery.pk]).get(delivery.pk, Sum())
    rate = _rate(delivery, now)
    file = blog_file(delivery.blog.slug)
    relay = relay_of(file) if file else None
    if file is None or relay is None or not relay.interval:
        return Progress(total, rate, time_left(total.waiting, rate))
    slot = Relay.objects.filter(name=relay_name(file)).values_list("next_slot_at", flat=True).first()
    rate = min(rate or float("inf"), 1 / relay.interval.total_seconds())
    in_hand = Batch.objects.filter(delivery=delivery, state=Batch.State.SENDING).exists()
    waits = slot if slot and slot > now and total.waiting and not in_hand else None
    return Progress(total, rate, time_left(total.waiting, rate), waits, relay.rate)


def time_left(waiting: int, rate: float) -> timedelta | None:
    if not waiting:
        return timedelta(0)
    return timedelta(seconds=waiting / rate) if rate else None


def _rate(delivery: Delivery, now: datetime) -> float:
    """Of the batches that were written last: how many readers were answered, and since when."""
    recent = Batch.objects.filter(delivery=delivery, written_at__gte=now - _LATELY).order_by("-written_at").values("pk")[:_BATCHES]
    answered = Recipient.objects.filter(
        batch__in=list(recent.values_list("pk", flat=True)),
        at__gte=now - _LATELY,
        state__in=[Recipient.State.SENT, Recipient.State.REFUSED],
    )
    told = answered.aggregate(number=Count("pk"), since=Min("at"))
    seconds = max(1.0, (now - told["since"]).total_seconds()) if told["since"] else 1.0
    return int(told["number"]) / seconds
