"""Where too many copies of a newsletter are refused, it is paused and a person asked, before more harm is done to the sender's name.

Why a share, and this one: docs/adr/0015-what-comes-back.md
"""

from typing import NamedTuple

from django.db.models import Count, Q

from worker.models import Delivery, Recipient
from worker.record.returned import bounced_of
from worker.record.sums import sum_of
from worker.record.transition import transition

ENOUGH = 50
"""So many copies must have been answered before their refusals tell anything."""
TOO_MANY = 0.25
_STILL_UNDER_WAY = Q(state=Delivery.State.SENDING, refusals_waived=False)


class Answered(NamedTuple):
    """`came_back`: of those that were taken."""

    taken: int
    refused: int
    came_back: int = 0

    @property
    def bad(self) -> int:
        return self.refused + self.came_back


def brakes(answered: Answered) -> bool:
    total = answered.taken + answered.refused
    return total >= ENOUGH and answered.bad >= TOO_MANY * total


def pull(delivery: Delivery) -> bool:
    """Pause it where too many were refused, unless a person has let it go on in spite of that. True: it was paused now."""
    if delivery.refusals_waived:
        return False
    total = sum_of([delivery.pk]).get(delivery.pk)
    if total is None or not total.waiting:
        return False
    answered = Answered(total.sent, total.refused, bounced_of([delivery.pk]).get(delivery.pk, 0))
    return brakes(answered) and transition(
        delivery,
        _STILL_UNDER_WAY,
        state=Delivery.State.HELD,
        waits_for=Delivery.WaitsFor.PERSON,
        held_for=Delivery.HeldFor.REFUSALS,
        reason=_sentence(answered, _most_often(delivery), total.waiting),
    )


def _sentence(answered: Answered, most_often: str, waiting: int) -> str:
    total = answered.taken + answered.refused
    what = "were refused or came back" if answered.came_back else "were refused"
    sentences = [
        f"Paused, because of the first {total:,} copies {answered.bad:,} {what}.",
        f"Most often: {most_often}" if most_often else "",
        f"{waiting:,} {'reader waits' if waiting == 1 else 'readers wait'}.",
        "Find out why before more are refused: look at the relay and at where the list comes from. Then let it go on, or stop it.",
    ]
    return " ".join(filter(None, sentences))


def _most_often(delivery: Delivery) -> str:
    refused = delivery.recipients.filter(state=Recipient.State.REFUSED).values("reason").annotate(number=Count("pk"))
    first = refused.order_by("-number").values_list("reason", flat=True).first()
    return first or ""
