"""What a pay-per-use network costs: reserved before it is asked, given back when certainly nothing was posted.

In rows, money is whole thousandths of a US dollar, rounded up: sums are exact on both databases. A month is the calendar's, in the
blog's time zone. What a post may cost in reading it back is reserved with it, so that a lost answer never waits for money.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from django.db.models import Case, F, Q, Value, When

from worker import channels
from worker.channels.base import Message, Poster
from worker.deliver.claim import WaitsFor, still_ours
from worker.lib.blogs import BlogFile, blog_file
from worker.models import Attempt, Connection, Delivery
from worker.record.transition import transition

LOOKS = 2
"""Absence takes two readings."""


@dataclass(frozen=True)
class Price:
    """Of one call, and of one reading."""

    call: int
    look: int

    @property
    def whole(self) -> int:
        return self.call + LOOKS * self.look


def price(poster: Poster, message: Message) -> Price:
    return Price(thousandths(poster.price(message)), thousandths(poster.look_price))


def thousandths(dollars: Decimal) -> int:
    return int((dollars * 1000).to_integral_value(ROUND_CEILING))


def spoken(amount: int) -> str:
    """$0.21: to the cent, never less than it is."""
    return f"${_cents_up(amount) / 1000:,.2f}"


def _cents_up(amount: int) -> int:
    return -(-amount // 10) * 10


def ceiling(file: BlogFile, channel: str) -> int | None:
    """The most that this channel may cost in a month; None: no limit."""
    budget: Decimal | None = getattr(file.channels[channel], "monthly_budget", None)
    return None if budget is None else thousandths(budget)


def month(moment: datetime, file: BlogFile) -> str:
    return f"{file.local(moment):%Y-%m}"


def spent(connection: Connection, file: BlogFile, now: datetime) -> int:
    """In the month that `now` is in."""
    return connection.spent if connection.spent_in == month(now, file) else 0


def reserve(delivery: Delivery, file: BlogFile, cost: Price, now: datetime, *, capped: bool = True) -> bool:
    """For the attempt that has just been claimed; False when the month's ceiling forbids it (`capped`). Within a transaction."""
    if not _take(delivery, file, cost.whole, now, capped=capped):
        return False
    Attempt.objects.filter(delivery=delivery, number=delivery.attempt).update(cost=cost.call)
    return transition(
        delivery,
        still_ours(delivery),
        state=delivery.state,
        waits_for=WaitsFor.NETWORK,
        reason=f"{delivery.reason} Up to {spoken(cost.whole)} are set aside for it.",
        cost=delivery.cost + cost.whole,
        spare=cost.look * LOOKS,
    )


def allows(connection: Connection, file: BlogFile, cost: Price, now: datetime) -> bool:
    most = ceiling(file, connection.channel)
    return most is None or spent(connection, file, now) + cost.whole <= most


def pay_for_a_look(delivery: Delivery, file: BlogFile, poster: Poster, now: datetime) -> bool:
    """From what was set aside, else from the month's ceiling; False when neither allows it."""
    look = thousandths(poster.look_price)
    if delivery.spare < look:
        if not _take(delivery, file, look, now):
            return False
        delivery.cost += look
        delivery.spare += look
    set_aside(delivery, -look)
    return True


def set_aside(delivery: Delivery, more: int) -> None:
    delivery.spare += more
    Delivery.objects.filter(pk=delivery.pk).update(spare=delivery.spare, cost=delivery.cost)


def _take(delivery: Delivery, file: BlogFile, amount: int, now: datetime, *, capped: bool = True) -> bool:
    """One conditional UPDATE: two workers cannot pass the ceiling together."""
    this_month, most = month(now, file), ceiling(file, delivery.channel) if capped else None
    allowed = Q() if most is None else Q(spent_in=this_month, spent__lte=most - amount) | ~Q(spent_in=this_month)
    if most is not None and amount > most:
        return False
    connection = Connection.objects.filter(allowed, blog=delivery.blog_id, channel=delivery.channel)
    so_far = Case(When(spent_in=this_month, then=F("spent")), default=Value(0))
    return bool(connection.update(spent=so_far + amount, spent_in=this_month))


@dataclass(frozen=True)
class Refund:
    """What a delivery gets back: `fields` for its row, and `book` for the month, in the same transaction."""

    attempt: Attempt | None
    amount: int
    of_call: bool
    fields: dict[str, Any]

    def book(self, delivery: Delivery) -> None:
        if not self.attempt or not self.amount:
            return
        if self.of_call:
            Attempt.objects.filter(pk=self.attempt.pk).update(cost=0)
        if file := blog_file(delivery.blog.slug):
            account = Connection.objects.filter(
                blog=delivery.blog_id, channel=delivery.channel, spent_in=month(self.attempt.started_at, file)
            )
            account.filter(spent__gte=self.amount).update(spent=F("spent") - self.amount)


def refund(delivery: Delivery, *, posted: bool) -> Refund:
    """What was set aside for reading back; where certainly nothing was posted, the post's own price as well."""
    if not delivery.cost:
        return Refund(None, 0, False, {})
    attempt = delivery.attempts.filter(number=delivery.attempt).first()
    back = delivery.spare + (attempt.cost if attempt and not posted else 0)
    return Refund(attempt, back, not posted, {"cost": max(delivery.cost - back, 0), "spare": 0})


def balance(connection: Connection, file: BlogFile, now: datetime) -> str:
    """`$4.10 of $20.00 this month, $15.90 left`; empty where nothing is spent and no ceiling is set."""
    gone, most = spent(connection, file, now), ceiling(file, connection.channel)
    if most is None:
        return f"{spoken(gone)} this month, without a ceiling" if gone else ""
    return f"{spoken(gone)} of {spoken(most)} this month, {spoken(max(most - _cents_up(gone), 0))} left"


def too_dear(connection: Connection, file: BlogFile, cost: Price, now: datetime) -> str:
    """The sentence of one that the ceiling holds."""
    name, most = channels.find(connection.channel).name, ceiling(file, connection.channel) or 0
    local = file.local(now)
    again = (local.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (
        f"{name} costs about {spoken(cost.whole)} a post; {spoken(spent(connection, file, now))} of {spoken(most)} are spent this month: "
        f"held until 1 {again:%B} or until the ceiling is raised (monthly_budget in the blog's file)."
    )
