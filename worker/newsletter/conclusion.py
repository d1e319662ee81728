"""How a newsletter stands as a whole: when it is done, what is said of it, and what a person settles."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Min, Q

from worker.lib import clock
from worker.lib.address import read_address
from worker.lib.blogs import blog_file
from worker.lib.clock import Now
from worker.lib.refused import Refused
from worker.models import Batch, Delivery, Recipient, Relay, Subscriber
from worker.newsletter.audience import readers
from worker.newsletter.mail import relay_name, relay_of
from worker.record.deliveries import taken_back
from worker.record.sums import Sum, sum_of
from worker.record.transition import POSTLARK, note, transition

State, WaitsFor = Delivery.State, Delivery.WaitsFor
_SHORTLY = timedelta(seconds=5)
_ENDED = (State.SENT, State.FAILED, State.UNKNOWN)

_NOBODY = {
    "failed": "Nobody to send to: nobody was refused who does not have it by now.",
    "new": "Nobody to send to: nobody has joined since the first send who does not have it.",
    "all": "Nobody to send to: nobody is subscribed to this blog by e-mail.",
}


class Conclusion(NamedTuple):
    state: str
    waits_for: str
    reason: str


def conclude(total: Sum, nobody: str) -> Conclusion:
    """Once nobody waits. `nobody`: the sentence for an empty audience."""
    if not total.audience:
        return Conclusion(State.SKIPPED, WaitsFor.NOTHING, nobody)
    others = _others(total)
    figures = f"{total.sent} of {total.audience} sent{f'; {others}' if others else ''}."
    in_doubt = (
        f" Of {total.unknown} it is not known whether they got it: Postlark does not write to them again by itself. Ask them or look in the relay's log, then settle it."
        if total.unknown
        else ""
    )
    if total.sent:
        return Conclusion(State.SENT, WaitsFor.NOTHING, figures + in_doubt)
    if total.unknown:
        return Conclusion(State.UNKNOWN, WaitsFor.PERSON, figures + in_doubt)
    if total.refused:
        return Conclusion(
            State.FAILED, WaitsFor.PERSON, figures + " Each reader's line says why; resend it to the failed ones once the cause is mended."
        )
    return Conclusion(State.SKIPPED, WaitsFor.NOTHING, figures + " Each reader's line says why.")


def finish(delivery: Delivery) -> bool:
    """Move it to its end when nobody waits any more; otherwise say when the next try is. True when it has ended."""
    unfinished = Batch.objects.filter(delivery=delivery).exclude(state=Batch.State.DONE)
    if unfinished.exists():
        _say_when(delivery)
        return False
    return _end(delivery, Q(state=State.SENDING) & ~Q(pk__in=unfinished.values("delivery")))


def stop(delivery: Delivery, who: str, because: str) -> bool:
    """A person withdraws it: nobody else gets it. What is on its way at this moment is still counted (`restate_stopped`)."""
    under_way = Q(state__in=[State.HELD, State.PENDING, State.PREPARING, State.SENDING])
    stopped: dict[str, Any] = {"withdrawn_by": who, "withdrawn_because": because, "due_at": None, "lease_until": None, "phase": ""}
    reason = why_stopped(who, because, sum_of([delivery.pk]).get(delivery.pk, Sum()))
    return transition(delivery, under_way, state=State.CANCELLED, waits_for=WaitsFor.NOTHING, reason=reason, who=who, **stopped)


def why_stopped(who: str, because: str, total: Sum) -> str:
    """`Withdrawn by Ann: the post has a mistake. 184 have it, 128 will not get it.`"""
    if not total.sent and not total.unknown:
        return f"Withdrawn by {who} before anybody got it: {because}"
    doubt = f", of {total.unknown} it is not known" if total.unknown else ""
    rest = total.waiting + total.skipped + total.refused
    left = f", {rest} will not get it" if rest else ""
    return f"Withdrawn by {who}: {because} {total.sent} {'has' if total.sent == 1 else 'have'} it{doubt}{left}."


def restate_stopped(delivery: Delivery) -> None:
    """Copies that were on their way when it was stopped have arrived, or not."""
    reason = why_stopped(delivery.withdrawn_by, delivery.withdrawn_because, sum_of([delivery.pk]).get(delivery.pk, Sum()))
    if reason != delivery.reason:
        stopped = Q(state=State.CANCELLED, reason=delivery.reason)
        transition(delivery, stopped, state=State.CANCELLED, waits_for=WaitsFor.NOTHING, reason=reason, finished_at=delivery.finished_at)


def settle(delivery: Delivery, who: str, *, sent: bool, recipients: Sequence[str] | None = None) -> None:
    """A person has found out about readers in doubt: these addresses, or all (None).

    Not sent: their turn comes again, once; of what was withdrawn or stopped meanwhile, it does not.
    """
    over = delivery.state == State.CANCELLED or _is_withdrawn(delivery)
    to = Recipient.State.SENT if sent else Recipient.State.SKIPPED if over else Recipient.State.WAITING
    try:
        with transaction.atomic():
            chosen = _in_doubt(delivery, recipients)
            for batch in Batch.objects.select_for_update().filter(pk__in={one.batch_id for one in chosen}).order_by("pk"):
                _settle_batch(batch, [one.pk for one in chosen], who, to)
            _restate(delivery, who, to, len(chosen))
    except IntegrityError:
        raise Refused("Another send of this post is under way; settle this one once that has ended.") from None


def _in_doubt(delivery: Delivery, addresses: Sequence[str] | None) -> list[Recipient]:
    unknown = delivery.recipients.filter(state=Recipient.State.UNKNOWN)
    if addresses is not None:
        keys = {_key(address): address for address in addresses}
        unknown = unknown.filter(subscriber__address_key__in=keys).select_related("subscriber")
        for one in unknown:
            del keys[one.subscriber.address_key]
        if keys:
            raise Refused(f"Nothing is in doubt about {', '.join(keys.values())} in delivery {delivery.pk}.")
    if not unknown:
        raise Refused(f"Nobody is in doubt in delivery {delivery.pk}: {delivery.reason}")
    return list(unknown)


def _key(address: str) -> str:
    try:
        return read_address(address).key
    except ValueError as error:
        raise Refused(f"{address} {error}") from None


_FOUND_OUT = {
    Recipient.State.SENT: "it arrived.",
    Recipient.State.WAITING: "it did not arrive, so it is sent again.",
    Recipient.State.SKIPPED: "it did not arrive, and was withdrawn or stopped meanwhile.",
}


def _is_withdrawn(delivery: Delivery) -> bool:
    return taken_back(delivery).issuperset(post.pk for post in delivery.posts())


def _settle_batch(batch: Batch, recipients: list[int], who: str, to: Recipient.State) -> None:
    doubtful = Recipient.objects.filter(pk__in=recipients, batch=batch, state=Recipient.State.UNKNOWN)
    moved = doubtful.update(state=to, reason=f"{who} found out: {_FOUND_OUT[to]}", tries=0, at=clock.now())
    batch.unknown -= moved
    setattr(batch, to, getattr(batch, to) + moved)
    if to == Recipient.State.WAITING and batch.state != Batch.State.SENDING:
        batch.state, batch.due_at = Batch.State.WAITING, None
    batch.save()


def found_out(delivery: Delivery, what: str) -> None:
    """Readers in doubt turned out to have it: `what` says by what. Inside the transaction that counts them."""
    delivery.refresh_from_db()
    if delivery.state in _ENDED:
        _end(delivery, Q(state=delivery.state), what=what)
    else:
        note(what, delivery=delivery)


def _restate(delivery: Delivery, who: str, to: Recipient.State, number: int) -> None:
    delivery.refresh_from_db()
    people = "1 reader" if number == 1 else f"{number} readers"
    what = f"{who} found out that {people} {'got' if to == Recipient.State.SENT else 'did not get'} it."
    if delivery.state not in (*_ENDED, State.SENDING):  # it waits for something else, and says so
        note(what, who=who, delivery=delivery)
    elif to == Recipient.State.WAITING:
        reason = f"{what} Their copies go out now."
        transition(
            delivery, Q(state=delivery.state), state=State.SENDING, waits_for=WaitsFor.NETWORK, reason=reason, who=who, unknown_since=None
        )
    elif delivery.state in _ENDED:
        _end(delivery, Q(state=delivery.state), who=who, what=what)
    else:
        note(what, who=who, delivery=delivery)
        _say_when(delivery)


def _end(delivery: Delivery, only_if: Q, *, who: str = POSTLARK, what: str = "") -> bool:
    total = sum_of([delivery.pk]).get(delivery.pk, Sum())
    end = conclude(total, "" if total.audience else _nobody(delivery))
    doubt_since = clock.now() if end.state == State.UNKNOWN else None
    return transition(
        delivery,
        only_if,
        state=end.state,
        waits_for=end.waits_for,
        reason=end.reason,
        who=who,
        what=what and f"{what} {end.reason}",
        due_at=None,
        unknown_since=doubt_since,
    )


def _nobody(delivery: Delivery) -> str:
    if delivery.audience in ("", "missing"):
        if readers(delivery):
            return "Nobody to send to: everybody on the list has this post already."
        others = delivery.blog.subscribers.filter(state=Subscriber.State.CONFIRMED).exists()
        return f"Nobody to send to: {'all readers have chosen another edition' if others else 'nobody is subscribed to this blog by e-mail yet'}."
    return _NOBODY.get(delivery.audience, "Nobody to send to: that address may no longer be written to.")


def _say_when(delivery: Delivery) -> None:
    """Where every batch waits for its time, or for the relay's pace, the delivery says for when."""
    unfinished = Batch.objects.filter(delivery=delivery).exclude(state=Batch.State.DONE)
    if unfinished.filter(state=Batch.State.SENDING).exists():
        return
    if unfinished.filter(Q(due_at=None) | Q(due_at__lte=Now())).exists():
        when = _at_the_relays_pace(delivery)
    else:
        next_at = unfinished.aggregate(next=Min("due_at"))["next"]
        when = next_at and f"still to go, next try at {delivery.spoken(next_at)}."  # none: somebody has taken them in this moment
    total = sum_of([delivery.pk])[delivery.pk]
    others = _others(total)
    reason = f"{total.sent} of {total.audience} sent so far{f' ({others})' if others else ''}; {total.waiting} {when}"
    if when and reason != delivery.reason:
        transition(delivery, Q(state=State.SENDING), state=State.SENDING, waits_for=WaitsFor.NETWORK, reason=reason)


def _at_the_relays_pace(delivery: Delivery) -> str:
    """Empty while the relay has a slot, or has one in a moment."""
    file = blog_file(delivery.blog.slug)
    relay = relay_of(file) if file else None
    if file is None or relay is None or not relay.interval:
        return ""
    late = Relay.objects.filter(name=relay_name(file), next_slot_at__gt=Now() + _SHORTLY).first()
    return f"waiting until {delivery.spoken(late.next_slot_at)}: the mail relay takes {relay.rate}." if late else ""


def _others(total: Sum) -> str:
    """9 skipped, 2 refused: the terms of the sum that are neither sent nor waiting."""
    terms = {
        f"{total.skipped} skipped": total.skipped,
        f"{total.refused} refused": total.refused,
        f"{total.unknown} in doubt": total.unknown,
    }
    return ", ".join(said for said, number in terms.items() if number)
