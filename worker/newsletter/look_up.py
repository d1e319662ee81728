"""Who is in doubt is looked up in the provider's log, where it has one. Found is proof; not found leaves it to a person.

A provider may carry a request out late, so that nobody is written to again because of a log. It is read until it has been
complete twice, a settling time apart.
"""

import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q

from worker.channels.base import DeliveryError, Transient
from worker.channels.email import Email, RelaySettings
from worker.lib import clock
from worker.lib.address import read_address
from worker.lib.backoff import delay
from worker.lib.blogs import blogs
from worker.lib.clock import Now
from worker.lib.crash import point
from worker.lib.deadline import deadly
from worker.models import Batch, Recipient, Subscriber
from worker.newsletter import mail
from worker.newsletter.batches import time_to_live
from worker.newsletter.conclusion import found_out
from worker.newsletter.outcome import Outcome, write
from worker.record.transition import note

MOST_LOOKS = 2
LONGEST_SEARCH = timedelta(hours=24)
_CLOCKS_DIFFER = timedelta(minutes=5)


class Next(NamedTuple):
    """`looks`: counted so far. `at`: when to look again; None: a person decides."""

    looks: int
    at: datetime | None


def next_look(*, complete: bool, looks: int, since: datetime, settle: timedelta, wait: timedelta, now: datetime) -> Next:
    """After a reading that left somebody in doubt. `since`: when the last of them came in doubt; `wait`: before a reading that broke off is begun again.

    A reading within the settling time does not count: the log could not have had it yet.
    """
    if now - since > LONGEST_SEARCH:
        return Next(MOST_LOOKS, None)
    if not complete:
        return Next(looks, now + wait)
    if now < since + settle:
        return Next(looks, since + settle)
    return Next(looks + 1, now + settle if looks + 1 < MOST_LOOKS else None)


def due(blog: str | None = None) -> list[int]:
    """Batches with somebody in doubt whose relay has a log, of every blog or of one."""
    slugs = [slug for slug, file in blogs().items() if (relay := mail.relay_of(file)) and Email(relay).settle and blog in (None, slug)]
    wanted = Batch.objects.filter(_unfinished(), delivery__blog__slug__in=slugs)
    return list(wanted.order_by("pk").values_list("pk", flat=True)[:100])


def _unfinished() -> Q:
    return Q(unknown__gt=0, looks__lt=MOST_LOOKS) & (Q(look_at=None) | Q(look_at__lte=Now()))


def look_up(batch_id: int) -> None:
    """One reading for everybody of this batch who is in doubt, if it is due and nobody else is at it."""
    if not Batch.objects.filter(_unfinished(), pk=batch_id).update(look_at=Now() + settings.LEASE):
        return
    batch = Batch.objects.select_related("delivery__blog").get(pk=batch_id)
    file = blogs().get(batch.delivery.blog.slug)
    relay = mail.relay_of(file) if file else None
    if relay is None or not (settle := Email(relay).settle):
        return
    with deadly(time_to_live()):
        found, trouble = _read(batch, relay, time.monotonic() + 0.9 * time_to_live().total_seconds())
    point("looked-up")
    if found:
        it_left(batch.pk, found, f"The log of {relay.name} has {len(found)} of the copies that were in doubt.")
    _decide(batch, relay, settle, trouble)


def _read(batch: Batch, relay: RelaySettings, until: float) -> tuple[dict[int, Outcome], DeliveryError | None]:
    """Recipient -> what the log says, and why the reading broke off; None: it did not."""
    carrier, label, since = mail.carrier(relay, until), mail.label(batch.delivery), batch.delivery.created_at - _CLOCKS_DIFFER
    reason = f"The answer was lost, but the log of {relay.name} has it."
    found: dict[int, Outcome] = {}
    for one in _in_doubt(batch):
        if time.monotonic() >= until:
            return found, Transient("There was not enough time to read the whole log.")
        try:
            words = carrier.find(label, read_address(one.subscriber.email).wire, since)
        except DeliveryError as error:
            return found, error
        if words:
            found[one.pk] = Outcome(Recipient.State.SENT, reason, one.tries, clock.now(), words)
    return found, None


def _in_doubt(batch: Batch) -> Iterable[Recipient]:
    """Whoever was erased meanwhile has no address to be looked up by."""
    unknown = batch.recipients.filter(state=Recipient.State.UNKNOWN).select_related("subscriber")
    return unknown.exclude(subscriber__state=Subscriber.State.FORGOTTEN)


def _decide(batch: Batch, relay: RelaySettings, settle: timedelta, trouble: DeliveryError | None) -> None:
    now = clock.now()
    since = batch.recipients.filter(state=Recipient.State.UNKNOWN).aggregate(last=Max("at"))["last"]
    if since is None:
        return
    if trouble and not isinstance(trouble, Transient):
        then = Next(MOST_LOOKS, None)
    else:
        wait = max(delay(4, Random()), (isinstance(trouble, Transient) and trouble.retry_after) or timedelta())
        then = next_look(complete=trouble is None, looks=batch.looks, since=since, settle=settle, wait=wait, now=now)
    Batch.objects.filter(pk=batch.pk, looks=batch.looks).update(looks=then.looks, look_at=then.at)
    if then.at is None:
        _leave_to_a_person(batch, relay, trouble)


def _leave_to_a_person(batch: Batch, relay: RelaySettings, trouble: DeliveryError | None) -> None:
    left = batch.recipients.filter(state=Recipient.State.UNKNOWN)
    if trouble:
        reason = f"It may or may not have arrived, and the log of {relay.name} cannot be read: {trouble.sentence}"
    else:
        reason = f"It may or may not have arrived: the log of {relay.name} was read twice and does not have it."
    number = left.update(reason=reason)
    note(
        f"1 reader is still in doubt. {reason}" if number == 1 else f"{number} readers are still in doubt. {reason}",
        delivery=batch.delivery,
    )


def it_left(batch_id: int, proven: Mapping[int, Outcome], what: str) -> None:
    """Proof that these had their copy. Whoever is not in doubt any more stays as they are. `what`: as the record tells it."""
    with transaction.atomic():
        batch = Batch.objects.select_for_update(of=("self",)).select_related("delivery").get(pk=batch_id)
        doubtful = batch.recipients.filter(pk__in=proven, state=Recipient.State.UNKNOWN).values_list("pk", flat=True)
        moved = {pk: proven[pk] for pk in doubtful}
        if moved:
            write(moved)
            batch.unknown, batch.sent = batch.unknown - len(moved), batch.sent + len(moved)
            batch.save(update_fields=["unknown", "sent"])
            found_out(batch.delivery, what)


def reported(recipient: Recipient, who: str, words: str) -> None:
    """A report on a copy in doubt proves that it left. `who`: the provider."""
    if recipient.state == Recipient.State.UNKNOWN:
        reason = f"The answer was lost, but {who} reported on it."
        proof = Outcome(Recipient.State.SENT, reason, recipient.tries, clock.now(), words)
        it_left(recipient.batch_id, {recipient.pk: proof}, f"{who} reported on a copy that was in doubt.")
