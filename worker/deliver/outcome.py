"""What came of a try, written down: the attempt closed, the delivery moved, the sentence and the event, in one transaction.

Written only where the row is still as this attempt left it; who finds it otherwise has been overtaken and keeps silent.
"""

import logging
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from worker import channels, gate, newsletter
from worker.channels.base import DeliveryError, Receipt, RefusedAsDuplicate, Rejected, Transient, Unauthorized
from worker.connections.check import SOON
from worker.connections.poster import declared_if_any
from worker.deliver import money
from worker.deliver.admission import or_late
from worker.deliver.claim import State, WaitsFor, still_ours
from worker.deliver.retry import MOST_TRIES, Again, next_try
from worker.lib import clock
from worker.lib.address import masked
from worker.lib.blogs import blog_file
from worker.models import Attempt, Connection, Delivery
from worker.record.standing import held, held_back
from worker.record.transition import note, transition

log = logging.getLogger(__name__)
Outcome = Attempt.Outcome

FIRST_LOOK = timedelta(seconds=10)


class Withheld(Exception):
    """It waits for a person, or for what it is `held_for` to be over; the text is the sentence."""

    def __init__(self, held_for: str, sentence: str) -> None:
        super().__init__(sentence)
        self.held_for = held_for


def record(delivery: Delivery, answer: Receipt | Exception) -> None:
    """After the request: a receipt, or what the adapter raised."""
    if isinstance(answer, Receipt):
        _sent(delivery, answer)
    elif isinstance(answer, RefusedAsDuplicate):
        _refused_as_duplicate(delivery, answer)
    elif isinstance(answer, Transient | Unauthorized | Rejected):
        not_called(delivery, answer)
    else:
        _unknown(delivery, answer)


def not_called(delivery: Delivery, error: DeliveryError | gate.Refused | Withheld) -> None:
    """Certainly nothing went out."""
    if isinstance(error, Transient):
        _transient(delivery, error)
    elif isinstance(error, Unauthorized):
        _unauthorized(delivery, error)
    elif isinstance(error, Withheld):
        close(delivery, Outcome.REJECTED, detail=str(error), **held(str(error), error.held_for).fields)
    elif isinstance(error, gate.Refused):
        close(delivery, Outcome.REJECTED, detail=str(error), **held_back(str(error)).fields)
    else:
        close(delivery, Outcome.REJECTED, **_words(error), state=State.FAILED, waits_for=WaitsFor.PERSON, reason=error.sentence)


def rehearsed(delivery: Delivery, kept: Path | None) -> None:
    if delivery.channel == "email":
        readers = newsletter.readers(delivery)
        who = "nobody is subscribed yet" if not readers else f"it would have gone to {readers} reader{'s' if readers != 1 else ''}"
        reason = f"Rehearsed: the newsletter was made and kept; {who}. Nothing was sent."
    else:
        reason = f"Rehearsed: this is what {_name(delivery)} would have shown. Nothing was sent."
    close(
        delivery,
        Outcome.OK,
        detail=f"kept as {kept.name}" if kept else "",
        state=State.REHEARSED,
        waits_for=WaitsFor.NOTHING,
        reason=reason,
    )


def _sent(delivery: Delivery, receipt: Receipt) -> None:
    done = channels.find(delivery.channel).done
    if delivery.occasion == Delivery.Occasion.TEST:
        reason = f"Test copy sent to {masked(delivery.audience)} at {delivery.spoken(clock.now())}."
    else:
        paid = delivery.attempts.values_list("cost", flat=True).get(number=delivery.attempt) if delivery.cost else 0
        reason = f"{done} on {_name(delivery)} at {delivery.spoken(clock.now())}{f', for about {money.spoken(paid)}' if paid else ''}."
    try:
        close(
            delivery,
            Outcome.OK,
            detail=receipt.detail,
            state=State.SENT,
            waits_for=WaitsFor.NOTHING,
            reason=reason,
            remote_id=receipt.remote_id,
            remote_url=receipt.url,
        )
    except IntegrityError:
        # The network named a post that another delivery has already: which of the two it is, only a person can see.
        reason = f"{_name(delivery)} answered with a post that Postlark had already recorded. Look there: is this one out?"
        detail = f"{receipt.remote_id} {receipt.detail}".strip()
        close(
            delivery,
            Outcome.UNKNOWN,
            detail=detail,
            state=State.UNKNOWN,
            waits_for=WaitsFor.PERSON,
            reason=reason,
            unknown_since=clock.now(),
        )


def _transient(delivery: Delivery, error: Transient) -> None:
    now = clock.now()
    tries = delivery.attempt if delivery.occasion == Delivery.Occasion.TEST else min(delivery.attempt, MOST_TRIES - 1)
    decision = next_try(tries, error.retry_after, now, Random())  # but for test copies, being late is what ends it
    with transaction.atomic():
        if isinstance(decision, Again):
            cool_down(delivery, error, decision.at)
            file = blog_file(delivery.blog.slug)
            reason = f"{error.sentence} Nothing went out; trying again at {delivery.spoken(decision.at)}."
            reason += or_late(delivery, file, now) if file else ""
            close(
                delivery,
                Outcome.TRANSIENT,
                **_words(error),
                state=State.PENDING,
                waits_for=WaitsFor.CLOCK,
                reason=reason,
                due_at=decision.at,
            )
        else:
            reason = f"{error.sentence} Nothing went out in {delivery.attempt} tries, so Postlark has stopped trying. Resend it once the cause is mended."
            close(delivery, Outcome.TRANSIENT, **_words(error), state=State.FAILED, waits_for=WaitsFor.PERSON, reason=reason)


def cool_down(delivery: Delivery, error: Transient, until: datetime) -> None:
    """A limit of the connection makes everything on it wait: for as long as the network says, else until `until`."""
    if not error.cooldown:
        return
    until = clock.now() + error.retry_after if error.retry_after else until
    reason = f"{error.sentence} {_name(delivery)} asked us to wait until {delivery.spoken(until)}."
    Connection.objects.filter(blog=delivery.blog, channel=delivery.channel).update(cooldown_until=until, cooldown=reason)


def _unauthorized(delivery: Delivery, error: Unauthorized) -> None:
    reason = f"{error.sentence} Mend the connection to {_name(delivery)}; what waits for it goes out by itself then."
    stops: dict[str, Any] = {"broken": reason}
    if error.passing:
        reason += (
            f" Postlark also asks once more at {delivery.spoken(clock.now() + SOON)}, since {_name(delivery)} itself may be in trouble."
        )
        stops = {"broken": reason, "refusals": 1, "next_check_at": clock.now() + SOON}
    with transaction.atomic():
        connection = Connection.objects.filter(blog=delivery.blog, channel=delivery.channel)
        if connection.filter(broken="").update(**stops):
            note(f"{_name(delivery)} is paused. {error.sentence}", blog=delivery.blog, data={"channel": delivery.channel, "alert": True})
        close(
            delivery,
            Outcome.UNAUTHORIZED,
            **_words(error),
            state=State.PENDING,
            waits_for=WaitsFor.PERSON,
            reason=reason,
            due_at=clock.now(),
        )


def _refused_as_duplicate(delivery: Delivery, error: RefusedAsDuplicate) -> None:
    """Proof that an earlier call of this delivery worked, once the post reads back; otherwise only a clue."""
    name = _name(delivery)
    called_before = delivery.attempts.filter(calling_at__isnull=False, number__lt=delivery.attempt).exists()
    clue = f" It names the post {error.remote_id}." if error.remote_id else ""
    if called_before and _reads_back(delivery):
        reason = f"{name} says it has this text already.{clue} Postlark is looking for it there; nothing to do yet."
        _to_unknown(delivery, reason, _words(error), look_at=clock.now() + FIRST_LOOK, clue=error.remote_id)
    elif called_before and error.remote_id and not _known(delivery, error.remote_id):
        _adopt(delivery, error)
    else:
        reason = f"{name} says it has this text already, though Postlark had not posted it.{clue} Networks refuse for a day or two even what was deleted. Look there: is this post out?"
        _to_unknown(delivery, reason, _words(error), look_at=None)


def _adopt(delivery: Delivery, error: RefusedAsDuplicate) -> None:
    """Nobody can read what this network shows, and a person let it go again: its refusal, which names the post, is the answer."""
    reason = f"{channels.find(delivery.channel).done} on {_name(delivery)}: asked again, it said that it had this post already."
    stands: dict[str, Any] = {"state": State.SENT, "waits_for": WaitsFor.NOTHING, "reason": reason}
    close(
        delivery,
        Outcome.OK,
        **_words(error),
        **stands,
        remote_id=error.remote_id,
        remote_url=error.url,
        refund=money.refund(delivery, posted=False),
    )


def _known(delivery: Delivery, remote_id: str) -> bool:
    """Another delivery's post: networks refuse for a while the words even of what was deleted."""
    others = Delivery.objects.filter(blog=delivery.blog_id, channel=delivery.channel, remote_id=remote_id)
    return others.exclude(pk=delivery.pk).exists()


def _unknown(delivery: Delivery, error: Exception) -> None:
    words = _words(error) if isinstance(error, DeliveryError) else {"detail": f"{type(error).__name__}"}
    answer_lost(delivery, words)


def answer_lost(delivery: Delivery, words: dict[str, Any], only_if: Q | None = None) -> None:
    """The request may have been heard: find out by reading back, or ask a person where nothing can be read."""
    name = _name(delivery)
    if _reads_back(delivery):
        look_at = clock.now() + FIRST_LOOK
        reason = f"The answer of {name} was lost, so it may or may not be out. Postlark looks there at {delivery.spoken(look_at)}; nothing to do yet."
        _to_unknown(delivery, reason, words, look_at=look_at, only_if=only_if)
    else:
        reason = f"The answer of {name} was lost, and what it shows cannot be read from here. Look there: is this post out?"
        if _refuses_duplicates(delivery):
            reason += f" If you say it is not, {name} is asked once more and refuses what it has already, so that nothing is doubled."
        _to_unknown(delivery, reason, words, look_at=None, only_if=only_if)


def _to_unknown(
    delivery: Delivery, reason: str, words: dict[str, Any], look_at: datetime | None, only_if: Q | None = None, clue: str = ""
) -> None:
    stands: dict[str, Any] = {
        "state": State.UNKNOWN,
        "waits_for": WaitsFor.NETWORK if look_at else WaitsFor.PERSON,
        "reason": reason,
        "due_at": look_at,
        "clue": clue,
    }
    close(delivery, Outcome.UNKNOWN, **words, **stands, only_if=only_if, unknown_since=clock.now(), absences=0)


def close(
    delivery: Delivery,
    outcome: str,
    *,
    status: str = "",
    detail: str = "",
    only_if: Q | None = None,
    refund: money.Refund | None = None,
    **moved_to: Any,
) -> bool:
    """Close the attempt and move the delivery; False when that came too late. `call_by` stays: reading back must know when nothing can be on its way."""
    if refund is None and outcome != Outcome.UNKNOWN:
        refund = money.refund(delivery, posted=outcome == Outcome.OK)
    moved_to = {"phase": "", "lease_until": None} | (refund.fields if refund else {}) | moved_to
    with transaction.atomic():
        if not transition(delivery, only_if or still_ours(delivery), **moved_to, data={"attempt": delivery.attempt, "outcome": outcome}):
            log.warning(
                "outcome came too late to be written", extra={"delivery_id": delivery.pk, "attempt": delivery.attempt, "outcome": outcome}
            )
            return False
        if refund:
            refund.book(delivery)
        delivery.attempts.filter(number=delivery.attempt).update(finished_at=clock.now(), outcome=outcome, status=status, detail=detail)
    return True


def _words(error: DeliveryError) -> dict[str, Any]:
    return {"status": error.status, "detail": error.detail or error.sentence}


def _reads_back(delivery: Delivery) -> bool:
    poster = declared_if_any(blog_file(delivery.blog.slug), delivery.channel)
    return poster is not None and poster.reads_back


def _refuses_duplicates(delivery: Delivery) -> bool:
    poster = declared_if_any(blog_file(delivery.blog.slug), delivery.channel)
    return poster is not None and poster.refuses_duplicates


def _name(delivery: Delivery) -> str:
    return channels.find(delivery.channel).name
