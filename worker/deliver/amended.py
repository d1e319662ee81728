"""What came of a deletion or an edit, written down as `outcome` does for a post.

Both may be asked for twice: a network that has deleted a post, or has its new words, says so and changes nothing. So a lost
answer is found out by asking again, once nothing can be on its way any more. What the network refuses is for a person, and
the post stands as it did: out.
"""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import transaction
from django.db.models import Max, Q

from worker import channels, gate
from worker.channels.base import DeliveryError, OutcomeUnknown, Receipt, Transient, Unauthorized
from worker.deliver import outcome
from worker.deliver.claim import Kind, State, WaitsFor, kind_of
from worker.deliver.retry import Again, next_try
from worker.lib import clock
from worker.lib.clock import Now
from worker.models import Attempt, Delivery
from worker.record.transition import transition

Outcome = Attempt.Outcome
ASK_AGAIN = timedelta(seconds=10)


def record(delivery: Delivery, answer: Receipt | Exception) -> None:
    """After the request: a receipt, or what the adapter raised."""
    if isinstance(answer, Receipt):
        _done(delivery, answer)
    elif isinstance(answer, DeliveryError) and not isinstance(answer, OutcomeUnknown):
        not_done(delivery, answer)
    else:
        answer_lost(delivery, str(getattr(answer, "detail", "")) or type(answer).__name__)


def not_done(delivery: Delivery, error: DeliveryError | gate.Refused) -> None:
    """The network has refused, or could not be asked."""
    if isinstance(error, Transient):
        _later(delivery, error)
    elif isinstance(error, Unauthorized):
        outcome.not_called(delivery, error)
    else:
        _given_up(delivery, Outcome.REJECTED, str(error), _words(error))


def answer_lost(delivery: Delivery, detail: str, only_if: Q | None = None) -> None:
    """Also of a process that died after it may have asked."""
    now = clock.now()
    decision = next_try(_tries(delivery), None, now, Random())
    if not isinstance(decision, Again):
        sentence = f"{_name(delivery)} was asked {_tries(delivery)} times, and each time its answer was lost."
        _given_up(delivery, Outcome.UNKNOWN, sentence, {"detail": detail}, only_if)
        return
    at = max(decision.at, (delivery.call_by or now) + ASK_AGAIN)
    doubt = "it is down" if kind_of(delivery) == Kind.DELETE else "it has its new words"
    reason = f"The answer of {_name(delivery)} was lost, so nobody knows yet whether {doubt}. Postlark asks again at {delivery.spoken(at)}; nothing to do yet."
    stands: dict[str, Any] = {"state": State.UNKNOWN, "waits_for": WaitsFor.NETWORK, "reason": reason, "due_at": at}
    outcome.close(delivery, Outcome.UNKNOWN, detail=detail, only_if=only_if, **stands)


def ask_again(delivery: Delivery) -> bool:
    """Nothing can be on its way any more: let the next attempt find out. False: not yet, or somebody else has done so."""
    lost = Q(state=State.UNKNOWN, waits_for=WaitsFor.NETWORK, attempt=delivery.attempt, due_at__lte=Now())
    what = f"Asks {_name(delivery)} again: where it was heard the first time, nothing changes."
    stands: dict[str, Any] = {"state": State.PENDING, "waits_for": WaitsFor.CLOCK, "due_at": clock.now()}
    return transition(delivery, lost, **stands, reason=goes_on(delivery), what=what, lease_until=None)


def goes_on(delivery: Delivery) -> str:
    """What happens next with one that waited, whatever it is to do."""
    match kind_of(delivery):
        case Kind.DELETE:
            return f"It is taken down from {_name(delivery)} now."
        case Kind.EDIT:
            return f"It is corrected on {_name(delivery)} now."
    return "Goes out now."


def posted_at(delivery: Delivery) -> datetime | None:
    """When it went out, whatever was done with it since."""
    created = delivery.attempts.filter(kind=Kind.CREATE, finished_at__isnull=False).order_by("-number")
    return created.values_list("finished_at", flat=True).first()


def _done(delivery: Delivery, receipt: Receipt) -> None:
    at = f"{_name(delivery)} at {delivery.spoken(clock.now())}"
    closed: dict[str, Any] = {"detail": receipt.detail, "waits_for": WaitsFor.NOTHING, "due_at": None}
    if kind_of(delivery) == Kind.EDIT:
        closed |= {"remote_id": receipt.remote_id, "remote_url": receipt.url or delivery.remote_url}
        outcome.close(delivery, Outcome.OK, **closed, state=State.SENT, reason=f"Corrected on {at}.")
        return
    reason = f"Taken down from {at}. {delivery.withdrawn_by} asked for it: {delivery.withdrawn_because}"
    with transaction.atomic():
        if outcome.close(delivery, Outcome.OK, **closed, state=State.WITHDRAWN, reason=reason):
            over = Q(state__in=[State.SENT, State.FAILED])
            for correction in delivery.corrections.filter(over):
                transition(correction, over, state=State.WITHDRAWN, waits_for=WaitsFor.NOTHING, reason=reason)


def _later(delivery: Delivery, error: Transient) -> None:
    tries = _tries(delivery)
    decision = next_try(tries, error.retry_after, clock.now(), Random())
    if not isinstance(decision, Again):
        _given_up(delivery, Outcome.TRANSIENT, f"{error.sentence} Postlark has tried {tries} times.", _words(error))
        return
    yet = "It may still be out" if kind_of(delivery) == Kind.DELETE else "It may have its old words still"
    reason = f"{error.sentence} {yet}; trying again at {delivery.spoken(decision.at)}."
    stands: dict[str, Any] = {"state": State.PENDING, "waits_for": WaitsFor.CLOCK, "reason": reason, "due_at": decision.at}
    with transaction.atomic():
        outcome.cool_down(delivery, error, decision.at)
        outcome.close(delivery, Outcome.TRANSIENT, **_words(error), **stands)


def _given_up(delivery: Delivery, result: str, sentence: str, words: dict[str, Any], only_if: Q | None = None) -> None:
    """A person has to do it; the post is out as before."""
    name = _name(delivery)
    closed: dict[str, Any] = words | {"only_if": only_if, "waits_for": WaitsFor.PERSON, "due_at": None}
    if kind_of(delivery) == Kind.EDIT:
        reason = f"{sentence} {name} shows the words it had. Correct it there by hand, or withdraw the post and send it again."
        outcome.close(delivery, result, **closed, state=State.FAILED, reason=reason)
        return
    reason = f"{sentence} It may still be out on {name}: take it down there by hand, or withdraw it once more."
    closed |= {"state": State.SENT, "finished_at": posted_at(delivery), "withdrawn_by": "", "withdrawn_because": ""}
    outcome.close(delivery, result, **closed, reason=reason)


def _tries(delivery: Delivery) -> int:
    """Since it was asked for last: a withdrawal that was given up may be asked for once more."""
    asked_at = delivery.events.filter(data__from=State.SENT, data__to=State.PENDING).aggregate(last=Max("at"))["last"]
    tries = delivery.attempts.filter(kind=kind_of(delivery))
    return (tries.filter(started_at__gte=asked_at) if asked_at else tries).count()


def _words(error: DeliveryError | gate.Refused) -> dict[str, Any]:
    return (
        {"status": error.status, "detail": error.detail or error.sentence} if isinstance(error, DeliveryError) else {"detail": str(error)}
    )


def _name(delivery: Delivery) -> str:
    return channels.find(delivery.channel).name
