"""One batch, from its claim to its close: one copy after the other, each noted before it leaves and after it was answered."""

import logging
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from worker import gate
from worker.channels.base import DeliveryError, Message, Transient, Unauthorized
from worker.channels.carrier import Envelope, Handed, Intent, MailTemplate
from worker.channels.email import RelaySettings
from worker.lib import clock
from worker.lib.backoff import delay
from worker.lib.blogs import BlogFile, blog_file
from worker.lib.crash import point
from worker.lib.deadline import deadly
from worker.models import Attempt, Batch, Blog, Connection, Delivery, Recipient
from worker.newsletter import batches, brake, mail
from worker.newsletter.batches import Claim
from worker.newsletter.conclusion import finish
from worker.newsletter.consent import today
from worker.newsletter.journal import Journal, Page
from worker.newsletter.later import Laters
from worker.newsletter.outcome import Outcome, outcome
from worker.newsletter.reader import Reader, load
from worker.newsletter.sweep import take_back
from worker.record.standing import Standing, held, held_back, to_mend, waiting
from worker.record.sums import sum_of
from worker.record.transition import transition

log = logging.getLogger(__name__)
State, WaitsFor = Delivery.State, Delivery.WaitsFor


def hand_over(batch_id: int) -> bool:
    """Send a due batch and those after it, as far as time and the relay's pace allow. False, quietly: it is not due, or somebody else has it.

    What is in the way of the whole newsletter (paused, refused by the gate, the relay's login refused) is said on the
    delivery, which then waits for its clock or for a person.
    """
    batch = Batch.objects.select_related("delivery__blog", "delivery__post", "delivery__issue", "delivery__rendition").get(pk=batch_id)
    delivery = batch.delivery
    if delivery.state != State.SENDING or batch.state != Batch.State.WAITING:
        return False
    file = blog_file(delivery.blog.slug)
    if obstacle := _obstacle(delivery, file):
        put_off(delivery, obstacle)
        return False
    assert file is not None, "a blog without a file is an obstacle"
    relay = mail.relay_of(file)
    assert relay is not None, "so is a blog without a relay"
    take_back()
    if brake.pull(delivery):
        return False
    with deadly(batches.time_to_live()), Journal() as journal:
        claim = batches.claim(batch_id, mail.relay_name(file), relay, journal.holder)
        if claim is None:
            return False
        trouble = _Run(claim, delivery, file, relay, journal).send()
        if trouble and batches.is_unfinished(delivery):
            put_off(delivery, _after(trouble, delivery))
        point("batch-done")
    finish(delivery)
    return True


# What is in the way ---------------------------------------------------------------------------------------------------------


def put_off(delivery: Delivery, obstacle: Standing) -> None:
    """Its batches keep what they have done; when the delivery is let go again, they go on."""
    transition(delivery, Q(state=State.SENDING), **obstacle.fields)


def _obstacle(delivery: Delivery, file: BlogFile | None) -> Standing | None:
    """How the delivery stands until what is in the way is out of it."""
    if file is None or "email" not in file.channels or file.channels["email"].mode != "live":
        reason = "E-mail is no longer live in this blog's file, so the rest was held back. Make it live again and release it, or cancel it."
        return held(reason)
    if missing := mail.cannot_send(file):
        return held(f"{missing} The rest was held back; release it then.")
    connection = Connection.objects.filter(blog=delivery.blog, channel="email").first() or Connection()
    if paused_by := delivery.blog.paused_by or connection.paused_by:
        reason = f"E-mail is paused by {paused_by}. What has not gone out yet goes once somebody resumes it."
        return to_mend(reason)
    if connection.broken:
        return to_mend(connection.broken)
    if connection.cooldown_until and connection.cooldown_until > clock.now():
        return waiting(connection.cooldown, connection.cooldown_until)
    try:
        for language in ("", *delivery.rendition.translations):
            words, link = mail.words_of(delivery.rendition, language), delivery.rendition.link
            gate.check(Message(text=words.text, link=link, subject=words.subject, html=words.html), file.in_language(language), "email")
    except gate.Refused as refused:
        return held_back(str(refused))
    return None


_DOUBTFUL = 3
"""So many runs in a row that left readers in doubt and took nobody's copy: each more is more work for a person."""


def _after(trouble: DeliveryError, delivery: Delivery) -> Standing:
    """The relay itself is the obstacle: nobody's address is at fault."""
    if isinstance(trouble, Unauthorized):
        reason = f"{trouble.sentence} Correct it and start Postlark again, then resume e-mail: what has not gone out yet goes by itself."
        Connection.objects.update_or_create(blog=delivery.blog, channel="email", defaults={"broken": reason})
        return to_mend(reason, clock.now())
    in_vain = batches.in_vain(delivery)
    if in_vain[:_DOUBTFUL] == [Attempt.Outcome.UNKNOWN] * _DOUBTFUL:
        return held(
            f"{trouble.sentence} Several tries in a row ended so, and each left readers in doubt. "
            "So that no more are, the rest waits for you: see to the relay, then let it go on, or stop it."
        )
    wait = delay(max(1, len(in_vain)), Random())
    if isinstance(trouble, Transient) and trouble.retry_after:
        wait = max(wait, trouble.retry_after)
    until = clock.now() + wait
    return waiting(f"{trouble.sentence} Nobody gets it twice; the rest goes on at {delivery.spoken(until)}.", until)


# One run --------------------------------------------------------------------------------------------------------------------

LOOK_EVERY = 1.0
"""Seconds between two looks at what may stop the next body: an unsubscribe, a pause, a lost claim. P8 allows two."""


@dataclass
class _InHand:
    """A claim that is ours. `unread`: its batches whose readers are still to be looked up; `readers`: those of a batch that was.
    By batch and reader: `outcomes` of those who were answered or left out, `fresh` those of them that are not in the rows yet.
    `left_out`: a digest's posts, by batch. `asked`: whose copy is with the carrier; `begun`: of them, those whose body may be out."""

    claim: Claim
    unread: deque[int]
    left_out: dict[int, frozenset[int]]
    notes: Page
    readers: deque[Reader] = field(default_factory=deque)
    outcomes: dict[int, dict[int, Outcome]] = field(default_factory=lambda: defaultdict(dict))
    fresh: dict[int, dict[int, Outcome]] = field(default_factory=lambda: defaultdict(dict))
    asked: dict[int, Reader] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)
    calling_at: datetime | None = None

    @property
    def is_answered(self) -> bool:
        return not self.unread and not self.readers and not self.asked

    def came(self, reader: Reader, outcome: Outcome) -> None:
        self.outcomes[reader.batch][reader.key] = self.fresh[reader.batch][reader.key] = outcome


_A_WHILE = 0.5
"""Seconds for which a claim should do: on a slow relay a machine that is gone leaves few in doubt."""


class _Run:
    """One newsletter in the hands of a carrier, batch after batch, until its time is up. `over`: no further body may begin. `some_refused`: since the last turn."""

    def __init__(self, first: Claim, delivery: Delivery, file: BlogFile, relay: RelaySettings, journal: Journal) -> None:
        self.begun_at, self.begun = clock.now(), time.monotonic()
        self.delivery, self.file, self.relay, self.journal = delivery, file, relay, journal
        self.begin_until = self.begun + batches.time_to_begin().total_seconds()
        self.carrier = mail.carrier(relay, until=self.begun + 0.95 * batches.time_to_live().total_seconds(), lines=first.lines)
        self.over = self.some_refused = False
        self.in_hand: list[_InHand] = []
        self.envelopes = mail.Envelopes(delivery, file)
        self.templates: dict[tuple[frozenset[int], str], MailTemplate] = {}
        self.of: dict[int, _InHand] = {}
        self.look_at = self.begun + LOOK_EVERY
        self.at_once, self.turned_at = 1, self.begun
        self.laters = Laters(sum_of([delivery.pk])[delivery.pk])
        self.seen = self._standing()
        self._take(first)

    def send(self) -> DeliveryError | None:
        """Hand the copies over. What comes back is the relay's own trouble, in which nobody else was written to."""
        first = self.in_hand[0]
        conversation = self.carrier.send(self._template(first.left_out.get(first.claim.batches[0], frozenset()), ""), self._envelopes())
        trouble: DeliveryError | None = None
        go_on = None
        try:
            while True:
                step = conversation.send(go_on)
                if isinstance(step, Intent):
                    go_on = self._intend(step.key)
                else:
                    go_on = None
                    self._answered(step)
        except StopIteration:
            trouble = self.laters.trouble(self.relay.name)
        except (Transient, Unauthorized) as error:
            trouble = error
        finally:
            conversation.close()
        with transaction.atomic():
            self._close(self.in_hand, trouble)
        return trouble

    # To the carrier, and back ---------------------------------------------------------------------------------------------

    def _envelopes(self) -> Iterator[Envelope]:
        while not self._is_over():
            hand = self.in_hand[-1]
            if not hand.readers:
                if hand.unread:
                    self._read(hand)
                elif not self._turn():
                    return
                continue
            reader = hand.readers.popleft()
            if reader.left_out:
                self._leave_out(hand, reader)
                continue
            hand.asked[reader.key] = reader
            self.of[reader.key] = hand
            template = self._template(hand.left_out.get(reader.batch, frozenset()), reader.language)
            yield self.envelopes.of(reader, template)

    def _intend(self, key: int) -> bool:
        """The last look, and the note that this copy may be out from now on. False: its body must not begin."""
        if self._is_over():
            return False
        hand = self.of.get(key)
        if hand is None:  # left meanwhile
            return False
        hand.notes.intend(key)
        hand.begun.add(key)
        hand.calling_at = hand.calling_at or self._now()
        point("recipient-calling")
        return True

    def _answered(self, handed: Handed) -> None:
        point("recipient-answered")
        hand = self.of.pop(handed.key, None)
        if hand is None:  # left meanwhile
            return
        reader = hand.asked.pop(handed.key)
        tries = max(reader.tries, 1) if self.laters.hear(handed.error) else reader.tries + 1
        came = outcome(handed.error, tries, self._now(), handed.detail)
        hand.notes.answered(handed.key, came)
        hand.came(reader, came)
        self.some_refused = self.some_refused or bool(came.bounce)
        point("recipient-recorded")

    def _leave_out(self, hand: _InHand, reader: Reader) -> None:
        hand.came(reader, Outcome(Recipient.State.SKIPPED, reader.left_out, reader.tries, self._now()))

    def _now(self) -> datetime:
        """Without asking the database for every copy."""
        return self.begun_at + timedelta(seconds=time.monotonic() - self.begun)

    # Batches --------------------------------------------------------------------------------------------------------------

    def _turn(self) -> bool:
        """Close what is answered and take the next batch, in one commit. False: there is none, or the relay's pace says later."""
        now = time.monotonic()
        self.at_once = max(1, min(int(self.at_once * _A_WHILE / (now - self.turned_at)), batches.AT_ONCE))
        self.turned_at = now
        left, name = timedelta(seconds=self.begin_until - now), mail.relay_name(self.file)
        with transaction.atomic():
            self._close([hand for hand in self.in_hand[:-1] if hand.is_answered], None)
            if self.some_refused and brake.pull(self.delivery):
                return False
            self.some_refused = False
            following = batches.claim_next(self.in_hand[-1].claim, self.at_once, name, self.relay, self.journal.holder, left)
        if following:
            self._take(following)
        return following is not None

    def _take(self, claim: Claim) -> None:
        left_out = batches.left_out(claim.batches) if self.delivery.issue_id else {}
        page = self.journal.page(claim.delivery, claim.number)
        self.in_hand.append(_InHand(claim, deque(claim.batches), left_out, page))
        point("batch-claimed")

    def _read(self, hand: _InHand) -> None:
        """Batch by batch, so that the lines never wait for long."""
        waiting = load(hand.unread.popleft(), self.delivery.blog_id, self.seen.today)
        fresh = [one for one in waiting if not one.tries] or waiting
        hand.readers.extend(fresh[: hand.claim.most])

    def _template(self, left_out: frozenset[int], language: str) -> MailTemplate:
        """Made once for all whose copies leave out the same and speak the same language."""
        if (left_out, language) not in self.templates:
            self.templates[left_out, language] = mail.template(self.delivery, self.file, left_out=left_out, language=language)
        return self.templates[left_out, language]

    def _close(self, hands: list[_InHand], trouble: DeliveryError | None) -> None:
        for hand in list(hands):
            began = hand.calling_at if any(hand.outcomes.values()) else None  # of a refused request nothing has left
            run = batches.Run(hand.outcomes, began, trouble)
            if not batches.close(hand.claim, hand.fresh, run):
                self._came_too_late(hand)
            self.in_hand.remove(hand)
            transaction.on_commit(hand.notes.close)

    def _came_too_late(self, hand: _InHand) -> None:
        self.over = True
        log.warning("outcomes came too late to be written", extra={"delivery_id": self.delivery.pk, "attempt": hand.claim.number})

    # Looking up -----------------------------------------------------------------------------------------------------------

    def _is_over(self) -> bool:
        now = time.monotonic()
        if now >= self.look_at and not self.over:
            self._look()
            self.look_at = time.monotonic() + LOOK_EVERY
        self.over = self.over or now > self.begin_until
        return self.over

    def _look(self) -> None:
        """Write down what has come, so that staff see it; then see whether we may go on, and with whom."""
        for hand in self.in_hand:
            if hand.fresh and not batches.record(hand.claim, hand.fresh):
                self._came_too_late(hand)
            hand.fresh = defaultdict(dict)
        brake.pull(self.delivery)
        standing = self._standing()
        if not standing.may_send or not batches.still_ours([hand.claim for hand in self.in_hand]):
            self.over = True
        elif standing != self.seen:
            self.seen = standing
            for hand in self.in_hand:
                self._look_again(hand)

    def _look_again(self, hand: _InHand) -> None:
        """Somebody left or moved, or a new day has begun: those whose body has not begun are read anew."""
        read = [batch for batch in hand.claim.batches if batch not in hand.unread]
        now = {one.key: one for batch in read for one in load(batch, self.delivery.blog_id, self.seen.today)}
        hand.readers = deque(now[one.key] for one in hand.readers if one.key in now)
        for key in hand.asked.keys() - hand.begun:
            if now[key].left_out:
                del self.of[key]
                self._leave_out(hand, hand.asked.pop(key)._replace(left_out=now[key].left_out))
            elif now[key].address != hand.asked[key].address:  # not to the old address; the new one has its turn in the next run
                del self.of[key], hand.asked[key]

    def _standing(self) -> "_Standing":
        blog = Blog.objects.values_list("paused_by", "suppressions").get(pk=self.delivery.blog_id)
        state = Delivery.objects.values_list("state", flat=True).get(pk=self.delivery.pk)
        paused = Connection.objects.filter(blog=self.delivery.blog_id, channel="email").exclude(paused_by="").exists()
        may_send = state == State.SENDING and not blog[0] and not paused
        return _Standing(may_send, blog[1], today(self.delivery.blog, clock.now()))


class _Standing(NamedTuple):
    """What may stop a body. `suppressions`: the blog's counter."""

    may_send: bool
    suppressions: int
    today: date
