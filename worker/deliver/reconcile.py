"""A lost answer: find out what happened instead of guessing.

Read back from the network by link, text and time. Found is proof. Absent is two complete readings, a settling time
apart, both after the moment by which the caller was certainly dead; what follows absence the adapter declares.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from worker import channels
from worker.channels.base import DeliveryError, Look, Poster, Receipt, Rejected, Transient, Unauthorized
from worker.deliver import amended, handover, money
from worker.deliver.claim import State, WaitsFor, amends, its_turn, next_in_line
from worker.lib import clock
from worker.lib.backoff import delay
from worker.lib.blogs import BlogFile, blog_file
from worker.lib.clock import Now
from worker.models import Attempt, Delivery
from worker.record.transition import transition

log = logging.getLogger(__name__)
CLOCKS_DIFFER = timedelta(minutes=5)
LONGEST_SEARCH = timedelta(hours=24)
MOST_REPEATS = 1


@dataclass(frozen=True)
class LookAgain:
    at: datetime
    absences: int


@dataclass(frozen=True)
class Repeat:
    """It is certainly absent, and the network itself would refuse a second one."""


@dataclass(frozen=True)
class AskPerson:
    pass


def after_absence(
    *, absences: int, repeats: int, call_by: datetime, settle: timedelta, refuses_duplicates: bool, now: datetime
) -> LookAgain | Repeat | AskPerson:
    """What follows a complete reading that did not find the post. `absences`: those counted before this one.

    A reading before `call_by` does not count: the request could still have been on its way.
    """
    if now <= call_by:
        return LookAgain(call_by + timedelta(seconds=1), absences)
    if absences == 0:
        return LookAgain(now + settle, 1)
    return Repeat() if refuses_duplicates and repeats < MOST_REPEATS else AskPerson()


def reconcile(delivery_id: int) -> list[int]:
    """One look, if one is due and nobody else talks to this network. Returns the deliveries that waited for it to end."""
    delivery = Delivery.objects.select_related("blog", "post", "rendition").get(pk=delivery_id)
    if amends(delivery):
        return [delivery.pk] if amended.ask_again(delivery) else []
    if not _take_the_look(delivery):
        return []
    _look(delivery, blog_file(delivery.blog.slug))
    return next_in_line(delivery.channel)


def _look(delivery: Delivery, file: BlogFile | None) -> None:
    name = channels.find(delivery.channel).name
    try:
        if file is None:
            raise Rejected("The blog's file is gone.")
        poster = handover.poster_for(delivery, file)
        looked_at = clock.now()  # before the reading: a request that arrives while we read may be missed by it
        look = _of_its_own(delivery, _paid(delivery, file, poster, looked_at))
    except (Unauthorized, Rejected) as error:
        reason = f"{error.sentence} So Postlark cannot find out whether this is out on {name}. Look there: is it?"
        _move(delivery, State.UNKNOWN, WaitsFor.PERSON, reason, what=f"Could not look at {name}: {error.sentence}", due_at=None)
    except Transient as error:
        _look_failed(delivery, name, error, file)
    else:
        _settle(delivery, Reading(poster, look, looked_at))


def _paid(delivery: Delivery, file: BlogFile, poster: Poster, now: datetime) -> Look:
    if not money.pay_for_a_look(delivery, file, poster, now):
        raise Rejected(f"Reading {poster.name} costs money, and this month's is spent.")
    try:
        return _read(delivery, poster)
    except Transient:  # nothing was read, so nothing was paid
        money.set_aside(delivery, money.thousandths(poster.look_price))
        raise
    except DeliveryError:
        raise
    except Exception as error:  # as in send.py: what an adapter raises beside tells nothing
        log.exception("adapter failed", extra={"delivery_id": delivery.pk, "channel": delivery.channel})
        raise Transient(f"{poster.name} gave an answer that Postlark cannot read.", detail=type(error).__name__) from None


def _read(delivery: Delivery, poster: Poster) -> Look:
    """The post that the network has named, if it did and that is ours; else our own posts, from before the first call on."""
    message = handover.message_of(delivery)
    with suppress(Rejected):
        if delivery.clue and (named := poster.confirm(delivery.clue, message)):
            return Look(named, 1, f"the post {delivery.clue}, which {poster.name} named")
    return poster.find(message, _window_opens(delivery))


def _take_the_look(delivery: Delivery) -> bool:
    """Push the next look past this one's lease: one look at a time, and a dead looker's look comes again."""
    due = Q(state=State.UNKNOWN, waits_for=WaitsFor.NETWORK, due_at__lte=Now()) & its_turn(delivery)
    until = Now() + settings.LEASE
    return bool(Delivery.objects.filter(due, pk=delivery.pk).update(due_at=until, lease_until=until))


def _window_opens(delivery: Delivery) -> datetime:
    first = (
        delivery.attempts.filter(calling_at__isnull=False, kind=Attempt.Kind.CREATE)
        .order_by("number")
        .values_list("calling_at", flat=True)
        .first()
    )
    return (first or delivery.created_at) - CLOCKS_DIFFER


def _of_its_own(delivery: Delivery, look: Look) -> Look:
    """A resend says the words of what went out before it: a post that another delivery has is not this one."""
    others = Delivery.objects.filter(blog=delivery.blog, channel=delivery.channel).exclude(pk=delivery.pk)
    if look.found and others.filter(remote_id=look.found.remote_id).exists():
        return replace(look, found=None)
    return look


# What a complete reading means ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    poster: Poster
    look: Look
    at: datetime

    @property
    def evidence(self) -> dict[str, Any]:
        look = {"at": self.at.isoformat(), "seen": self.look.seen, "detail": self.look.detail}
        return {"look": look, "found": self.look.found.remote_id} if self.look.found else {"look": look}


@dataclass(frozen=True)
class Verdict:
    """How the delivery stands from now on; `what` happened, as its timeline tells it."""

    state: str
    waits_for: str
    reason: str
    what: str
    fields: Mapping[str, Any]


def judge(delivery: Delivery, reading: Reading) -> Verdict:
    """Found is proof; what follows absence is told by `after_absence`."""
    seen = f"Looked at our own posts on {reading.poster.name} ({reading.look.seen} of them)"
    if reading.look.found:
        return _found(reading.poster, reading.look.found, f"{seen}: it is there.")
    match _after(delivery, reading):
        case LookAgain(at, absences):
            return _not_yet(delivery, reading.poster.name, f"{seen}: not there yet.", at, absences)
        case Repeat():
            return _goes_again(delivery, reading, f"{seen}: not there.")
        case AskPerson():
            return _a_person_decides(delivery, reading, f"{seen}: not there.")


def _after(delivery: Delivery, reading: Reading) -> LookAgain | Repeat | AskPerson:
    return after_absence(
        absences=delivery.absences,
        repeats=delivery.repeats,
        call_by=delivery.call_by or reading.at - timedelta(seconds=1),
        settle=reading.poster.settle,
        refuses_duplicates=reading.poster.refuses_duplicates and not delivery.clue,  # it has refused this text: it would again
        now=reading.at,
    )


def _found(poster: Poster, receipt: Receipt, what: str) -> Verdict:
    reason = f"{poster.done} on {poster.name}. The answer was lost, but Postlark looked and found it there."
    out = {"remote_id": receipt.remote_id, "remote_url": receipt.url, "due_at": None}
    return Verdict(State.SENT, WaitsFor.NOTHING, reason, what, out)


def _not_yet(delivery: Delivery, name: str, what: str, again: datetime, absences: int) -> Verdict:
    at = delivery.spoken(again)
    reason = f"The answer of {name} was lost. It is not there yet; Postlark looks again at {at}. Nothing to do yet."
    return Verdict(State.UNKNOWN, WaitsFor.NETWORK, reason, what, {"due_at": again, "absences": absences})


def _goes_again(delivery: Delivery, reading: Reading, what: str) -> Verdict:
    name = reading.poster.name
    reason = f"It is not on {name}: Postlark looked twice. {name} refuses the same text twice, so it goes out again by itself."
    goes = {"due_at": reading.at, "first_due_at": reading.at, "repeats": delivery.repeats + 1}
    return Verdict(State.PENDING, WaitsFor.CLOCK, reason, what, goes)


def _a_person_decides(delivery: Delivery, reading: Reading, what: str) -> Verdict:
    name, stuck = reading.poster.name, reading.poster.stuck
    if delivery.clue:
        reason = f"{name} says it has this text already and names the post {delivery.clue}, but it is not there. Networks refuse for a day or two even what was deleted. Please look there too: is it there, or shall it go out?"
    else:
        advice = f" {stuck}" if delivery.repeats and stuck else ""
        reason = f"Postlark looked at {name} and did not find it, most recently at {delivery.spoken(reading.at)}.{advice} Please look there too: is it there, or shall it go out?"
    return Verdict(State.UNKNOWN, WaitsFor.PERSON, reason, what, {"due_at": None})


# Written down --------------------------------------------------------------------------------------------------------------


def _settle(delivery: Delivery, reading: Reading) -> None:
    verdict = judge(delivery, reading)
    outcome = Attempt.Outcome.OK if verdict.state == State.SENT else ""
    said: dict[str, Any] = {"what": verdict.what, "data": reading.evidence, "outcome": outcome}
    _move(delivery, verdict.state, verdict.waits_for, verdict.reason, **said, **verdict.fields)


def _look_failed(delivery: Delivery, name: str, error: Transient, file: BlogFile | None) -> None:
    now = clock.now()
    what = f"Could not look at {name}: {error.sentence}"
    looks = delivery.events.filter(what__startswith="Could not look").count() + 1
    if delivery.unknown_since and now - delivery.unknown_since > LONGEST_SEARCH:
        _move(
            delivery,
            State.UNKNOWN,
            WaitsFor.PERSON,
            f"{name} could not be read for a day. Please look there: is this post out?",
            what=what,
            due_at=None,
        )
        return
    at = now + max(delay(looks, Random()), error.retry_after or timedelta())
    reason = f"It may or may not be out on {name}, which cannot be read just now. Postlark looks again at {delivery.spoken(at)}."
    _move(delivery, State.UNKNOWN, WaitsFor.NETWORK, reason, what=what, due_at=at, data={"detail": error.detail})


def _move(delivery: Delivery, state: str, waits_for: str, reason: str, *, outcome: str = "", **fields: Any) -> None:
    """What was set aside for looks is given back after the last one; after certain absence the price of the post as well."""
    refund = None if waits_for == WaitsFor.NETWORK else money.refund(delivery, posted=state != State.PENDING)
    fields |= {"lease_until": None} | (refund.fields if refund else {})
    as_we_left_it = Q(state=State.UNKNOWN, attempt=delivery.attempt)
    with transaction.atomic():
        if transition(delivery, as_we_left_it, state=state, waits_for=waits_for, reason=reason, **fields):
            if refund:
                refund.book(delivery)
            if outcome:
                delivery.attempts.filter(number=delivery.attempt).update(outcome=outcome)
