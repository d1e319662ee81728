"""One batch, from its claim to its close: one copy after the other, each noted before it leaves and after it was answered."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from worker import gate
from worker.channels.base import DeliveryError, Envelope, Handed, Intent, Message, Rejected, Transient, Unauthorized
from worker.channels.email import RelaySettings
from worker.lib.backoff import delay
from worker.lib.blogs import BlogFile, blog_file
from worker.lib.crash import point
from worker.lib.deadline import deadly
from worker.lib.signing import address_hash
from worker.models import Attempt, Batch, Connection, Delivery, Recipient, Subscriber, Suppression
from worker.newsletter import batches, consent, mail
from worker.newsletter.audience import today
from worker.newsletter.batches import Claim
from worker.newsletter.conclusion import finish, spoken_for
from worker.record.transition import transition

log = logging.getLogger(__name__)
State, WaitsFor = Delivery.State, Delivery.WaitsFor

TRIES = 7  # about half an hour; after that a "later" counts as a "no"


def hand_over(batch_id: int) -> None:
    """Send a due batch as far as its time and the relay's pace allow. Returns quietly when it is not due, or somebody else has it.

    What is in the way of the whole newsletter (paused, refused by the gate, the relay's login refused) is said on the
    delivery, which then waits for its clock or for a person.
    """
    batch = Batch.objects.select_related("delivery__blog", "delivery__post", "delivery__rendition").get(pk=batch_id)
    delivery = batch.delivery
    if delivery.state != State.SENDING or batch.state != Batch.State.WAITING:
        return
    file = blog_file(delivery.blog.slug)
    if obstacle := _obstacle(delivery, file):
        put_off(delivery, obstacle)
        return
    assert file is not None, "a blog without a file is an obstacle"
    relay = mail.relay_of(file)
    assert relay is not None, "so is a blog without a relay"
    with deadly(batches.time_to_live()):
        claim = batches.claim(batch_id, mail.relay_name(file), relay)
        if claim is None:
            return
        point("batch-claimed")
        run = _Run(claim, delivery, file, relay)
        trouble = run.send()
        with transaction.atomic():
            batches.close(claim, trouble)
            if trouble:
                put_off(delivery, _after(trouble, delivery))
        point("batch-done")
    finish(delivery)


# What is in the way ---------------------------------------------------------------------------------------------------------


class Obstacle(NamedTuple):
    """How the delivery stands until it is out of the way."""

    state: str
    waits_for: str
    reason: str
    due_at: datetime | None = None


def put_off(delivery: Delivery, obstacle: Obstacle) -> None:
    """Its batches keep what they have done; when the delivery is let go again, they go on."""
    transition(
        delivery, Q(state=State.SENDING), state=obstacle.state, waits_for=obstacle.waits_for, reason=obstacle.reason, due_at=obstacle.due_at
    )


def _obstacle(delivery: Delivery, file: BlogFile | None) -> Obstacle | None:
    if file is None or "email" not in file.channels or file.channels["email"].mode != "live":
        reason = "E-mail is no longer live in this blog's file, so the rest was held back. Make it live again and release it, or cancel it."
        return Obstacle(State.HELD, WaitsFor.PERSON, reason)
    if missing := mail.cannot_send(file):
        return Obstacle(State.HELD, WaitsFor.PERSON, f"{missing} The rest was held back; release it then.")
    connection = Connection.objects.filter(blog=delivery.blog, channel="email").first() or Connection()
    if paused_by := delivery.blog.paused_by or connection.paused_by:
        reason = f"E-mail is paused by {paused_by}. What has not gone out yet goes once somebody resumes it."
        return Obstacle(State.PENDING, WaitsFor.PERSON, reason)
    if connection.broken:
        return Obstacle(State.PENDING, WaitsFor.PERSON, connection.broken)
    if connection.cooldown_until and connection.cooldown_until > timezone.now():
        return Obstacle(State.PENDING, WaitsFor.CLOCK, connection.cooldown, connection.cooldown_until)
    try:
        words = delivery.rendition
        gate.check(Message(text=words.text, link=words.link, subject=words.subject, html=words.html), file, "email")
    except gate.Refused as refused:
        return Obstacle(State.HELD, WaitsFor.PERSON, f"{refused} It was held back: mend it, then release it.")
    return None


def _after(trouble: DeliveryError, delivery: Delivery) -> Obstacle:
    """The relay itself is the obstacle: nobody's address is at fault."""
    if isinstance(trouble, Unauthorized):
        reason = f"{trouble.sentence} Correct it and start Postlark again, then resume e-mail: what has not gone out yet goes by itself."
        Connection.objects.update_or_create(blog=delivery.blog, channel="email", defaults={"broken": reason})
        return Obstacle(State.PENDING, WaitsFor.PERSON, reason, timezone.now())
    wait = delay(max(1, batches.failures_in_a_row(delivery)), Random())
    until = timezone.now() + wait
    return Obstacle(
        State.PENDING, WaitsFor.CLOCK, f"{trouble.sentence} Nobody gets it twice; the rest goes on at {spoken_for(delivery, until)}.", until
    )


# One run --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reader:
    """One recipient of the batch, as loaded at the claim."""

    recipient: Recipient
    address_hash: str

    @property
    def subscriber(self) -> Subscriber:
        return self.recipient.subscriber


class Outcome(NamedTuple):
    state: str
    reason: str


def outcome(error: DeliveryError | None, tries: int) -> Outcome:
    """What the relay's answer means for one reader, after so many tries."""
    match error:
        case None:
            return Outcome(Recipient.State.SENT, "The mail relay took it.")
        case Transient() if tries < TRIES:
            return Outcome(Recipient.State.WAITING, error.sentence)
        case Transient():
            return Outcome(Recipient.State.REFUSED, f"{error.sentence} Given up after {tries} tries.")
        case Rejected():
            return Outcome(Recipient.State.REFUSED, error.sentence)
    return Outcome(Recipient.State.UNKNOWN, f"{error.sentence} It may or may not have arrived.")


class _Run:
    """The claimed batch in the hands of a carrier. `over`: no further copy may begin."""

    def __init__(self, claim: Claim, delivery: Delivery, file: BlogFile, relay: RelaySettings) -> None:
        begun = time.monotonic()
        self.claim, self.delivery, self.file = claim, delivery, file
        self.interval = relay.interval.total_seconds()
        self.begin_until = begun + batches.time_to_begin().total_seconds()
        self.carrier = mail.carrier(relay, until=begun + 0.95 * batches.time_to_live().total_seconds())
        self.readers = {reader.recipient.pk: reader for reader in self._load()}
        self.has_called = False
        self.over = False

    def send(self) -> DeliveryError | None:
        """Hand the copies over. What comes back is the relay's own trouble, in which nobody else was written to."""
        conversation = self.carrier.send(mail.template(self.delivery, self.file), self._envelopes())
        go_on: bool | None = None
        try:
            while not self.over:
                match conversation.send(go_on):
                    case Intent(key):
                        go_on = self._intend(self.readers[key])
                    case Handed() as handed:
                        go_on = None
                        point("recipient-answered")
                        self._record(self.readers[handed.key], handed)
                        point("recipient-recorded")
        except StopIteration:
            pass
        except (Transient, Unauthorized) as trouble:
            return trouble
        finally:
            conversation.close()
        return None

    def _load(self) -> Iterator[_Reader]:
        """Those whose turn it is: whoever has not been tried yet comes before those who were asked to wait."""
        waiting = Recipient.objects.filter(batch=self.claim.batch, state=Recipient.State.WAITING).order_by("tries", "pk")
        chosen = list(waiting.select_related("subscriber").prefetch_related("subscriber__consents")[: self.claim.most])
        fresh = [one for one in chosen if not one.tries]
        for recipient in fresh or chosen:
            yield _Reader(recipient, address_hash(recipient.subscriber.address_key))

    def _envelopes(self) -> Iterator[Envelope]:
        """One at a time, at the relay's pace, until the time is up."""
        begun = time.monotonic()
        sent = 0
        for key, reader in self.readers.items():
            time.sleep(max(0.0, begun + sent * self.interval - time.monotonic()))
            if time.monotonic() > self.begin_until:
                return
            if self._leaves_out(reader):
                continue
            sent += 1
            why = consent.in_force(reader.subscriber.consents.all(), self._today())
            assert why is not None, "whoever has no consent in force was left out"
            yield mail.envelope(key, self.delivery, self.file, reader.subscriber, why)

    def _intend(self, reader: _Reader) -> bool:
        """The last look and the note that this copy may be out from now on, in one commit. False: its body must not begin."""
        with transaction.atomic():
            if time.monotonic() > self.begin_until or not batches.still_ours(self.claim):
                self.over = True
                return False
            if self._leaves_out(reader):
                return False
            Recipient.objects.filter(pk=reader.recipient.pk).update(state=Recipient.State.SENDING, at=timezone.now())
            self._note_call()
        point("recipient-calling")
        return True

    def _record(self, reader: _Reader, handed: Handed) -> None:
        """The outcome and the counter, in one commit; only where the batch is still ours."""
        tries = reader.recipient.tries + 1
        state, reason = outcome(handed.error, tries)
        detail = handed.error.detail if handed.error else handed.detail
        self._move(reader, state, reason, tries=tries, detail=detail)

    def _leaves_out(self, reader: _Reader) -> bool:
        """Skip whoever left, was suppressed or whose consent lapsed since the audience was written down."""
        suppressed = Exists(Suppression.objects.filter(blog=OuterRef("blog"), address_hash=reader.address_hash))
        now = Subscriber.objects.annotate(suppressed=suppressed).values_list("state", "suppressed").get(pk=reader.subscriber.pk)
        reason = why_left_out(*now) or consent.why_not(reader.subscriber.consents.all(), self._today())
        if reason:
            self._move(reader, Recipient.State.SKIPPED, reason)
        return bool(reason)

    def _move(self, reader: _Reader, state: str, reason: str, **fields: object) -> None:
        with transaction.atomic():
            if batches.count(self.claim, state):
                Recipient.objects.filter(pk=reader.recipient.pk).update(state=state, reason=reason, at=timezone.now(), **fields)
            else:
                self.over = True
                log.warning(
                    "outcome came too late to be written",
                    extra={"delivery_id": self.delivery.pk, "batch": self.claim.batch, "outcome": state},
                )

    def _note_call(self) -> None:
        if not self.has_called:
            Attempt.objects.filter(delivery=self.claim.delivery, number=self.claim.number).update(calling_at=timezone.now())
            self.has_called = True

    def _today(self) -> date:
        return today(self.delivery.blog, timezone.now())


def why_left_out(state: str, suppressed: bool) -> str:
    """By how the subscriber stands now; empty when nothing is against writing."""
    if state == Subscriber.State.FORGOTTEN:
        return "They asked to be forgotten before their turn."
    if state != Subscriber.State.CONFIRMED:
        return "They unsubscribed before their turn."
    return "Their address may not be written to." if suppressed else ""
