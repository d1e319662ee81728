"""Who gets a newsletter: written down once, in slices, and frozen when the sending begins."""

import time
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from worker.lib import clock
from worker.lib.address import read_address
from worker.lib.clock import Now
from worker.lib.crash import point
from worker.lib.editions import INSTANT
from worker.lib.refused import Refused
from worker.lib.signing import address_hash
from worker.models import Batch, Blog, Delivery, Post, Recipient, Subscriber, Suppression
from worker.newsletter import choices, consent
from worker.newsletter.consent import Terms
from worker.newsletter.editions import HAVE, places_of, readers_of_issue, readers_of_post, sends_of, waits_for_issue, what_they_have
from worker.newsletter.reader import agreed_by, suppressed
from worker.newsletter.sign_up import only_one
from worker.newsletter.suppress import BY_THEIR_OWN_WISH

BATCH = 100
SLICE = 10 * BATCH
_SHARE_OF_LEASE = 0.6  # a worker's task may take as long as a lease; the post's page is looked at before, and a slice is written after
WORDS = ("missing", "failed", "new", "all")


class Place(NamedTuple):
    """How a reader begins in a delivery, and why."""

    state: str
    reason: str = ""


def place(consents: Iterable[Terms], today: date, *, nothing_new: bool = False, topics: Sequence[str] = ()) -> Place:
    """Everybody subscribed has a place; who may no longer be written to, or for whom nothing is in it, is skipped, with the reason."""
    chose = f"They want only {', '.join(topics)}, and it brings nothing of that which they do not have already."
    reason = consent.why_not(consents, today) or ((chose if topics else "They have all of it already.") if nothing_new else "")
    return Place(Recipient.State.SKIPPED, reason) if reason else Place(Recipient.State.WAITING)


def readers(delivery: Delivery) -> int:
    """How many have chosen the newsletter that it is, lapsed consents included."""
    return _everybody(delivery).count()


def check_audience(blog: Blog, audience: str) -> str:
    """The word, or the `address_key` that a delivery keeps. Refused unless it is one of the words, or a subscriber who may be mailed."""
    if audience in WORDS:
        return audience
    try:
        key = read_address(audience).key
    except ValueError as error:
        raise Refused(f"{audience} {error} Allowed are {', '.join(WORDS)}, or a subscriber's address.") from None
    subscriber = Subscriber.objects.filter(blog=blog, address_key=key).prefetch_related("consents").first()
    if subscriber is None:
        raise Refused(f"{audience} is not a subscriber of {blog.slug}.")
    known = Suppression.objects.filter(blog=blog, address_hash=address_hash(key)).first()
    if subscriber.state == Subscriber.State.CONFIRMED and known and known.cause not in BY_THEIR_OWN_WISH:
        raise Refused(f"{audience} may not be written to ({known.get_cause_display()}). Let them in again on their page first.")
    if subscriber.state != Subscriber.State.CONFIRMED or known:
        raise Refused(f"{audience} has unsubscribed and may not be written to.")
    if reason := consent.why_not(subscriber.consents.all(), consent.today(blog, clock.now())):
        raise Refused(f"{audience} may not be written to: {reason}")
    return key


def prepare(delivery: Delivery) -> bool:
    """Write the audience down in batches, slice by slice, one transaction each; called again, it goes on after the last reader written.

    False: its time was up before everybody stood there, or the claim is no longer ours. Does nothing once a batch has been
    handed over: from then on the audience never grows.
    """
    if delivery.attempts.exists():
        return True
    until = time.monotonic() + _SHARE_OF_LEASE * settings.LEASE.total_seconds()
    brings = {post.pk: post for post in delivery.posts()}
    number, total = delivery.recipients.count(), readers(delivery)
    while time.monotonic() < until:
        says = f"Writing down who gets it: {number:,} so far, of {total:,} {'reader' if total == 1 else 'readers'}."
        written = _write_slice(delivery, brings, says)
        if written is None:
            return False
        number += written
        point("slice-written")
        if written < SLICE:
            return True
    return False


def _write_slice(delivery: Delivery, brings: dict[int, Post], says: str) -> int | None:
    """How many were written down, fewer than a slice when nobody is left; None: the claim is no longer ours. `says`: what staff read meanwhile."""
    with transaction.atomic():
        claimed = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.PREPARING, attempt=delivery.attempt)
        if not claimed.update(lease_until=Now() + settings.LEASE, reason=says):
            return None
        only_one(delivery.blog)  # whoever changes editions just now is in one of two newsletters that bring the same post, not in both
        chosen = _next(delivery)
        number = delivery.batches.aggregate(last=Max("number"))["last"] or 0
        for left_out, candidates in _by_what_is_left_out(delivery, brings, chosen).items():
            for begin in range(0, len(candidates), BATCH):
                number += 1
                _write_batch(delivery, number, candidates[begin : begin + BATCH], left_out, nothing_new=left_out == brings.keys())
    return len(chosen)


class _Candidate(NamedTuple):
    pk: int
    address_key: str
    topics: list[str]


def _next(delivery: Delivery) -> list[_Candidate]:
    """Those after the last one written down who may be written to: a slice at least, where there are so many."""
    after = delivery.recipients.aggregate(last=Max("subscriber_id"))["last"] or 0
    in_order = _candidates(delivery).order_by("pk").values_list(*_Candidate._fields)
    chosen: list[_Candidate] = []
    while len(chosen) < SLICE and (found := [_Candidate(*row) for row in in_order.filter(pk__gt=after)[:SLICE]]):
        after = found[-1].pk
        barred = suppressed(delivery.blog_id, [one.address_key for one in found])
        chosen += [one for one in found if one.address_key not in barred]
    return chosen


def _by_what_is_left_out(
    delivery: Delivery, brings: dict[int, Post], candidates: list[_Candidate]
) -> dict[frozenset[int], list[_Candidate]]:
    """What its reader has, or does not want to hear of. Where it is sent to all, or to one by name, it is whole."""
    if delivery.audience not in ("", "missing", "failed", "new"):
        return {frozenset(): candidates}
    had = what_they_have(delivery, brings, [one.pk for one in candidates]) if delivery.issue_id else {}
    groups: dict[frozenset[int], list[_Candidate]] = {}
    for one in candidates:
        unwanted = {pk for pk, post in brings.items() if not choices.wants(one.topics, post.categories)} if one.topics else set()
        groups.setdefault(had.get(one.pk, frozenset()) | unwanted, []).append(one)
    return groups


def _write_batch(delivery: Delivery, number: int, candidates: list[_Candidate], left_out: frozenset[int], *, nothing_new: bool) -> None:
    now = clock.now()
    day, agreed = consent.today(delivery.blog, now), agreed_by(one.pk for one in candidates)
    places = [place(agreed[one.pk], day, nothing_new=nothing_new, topics=one.topics) for one in candidates]
    waiting = sum(one.state == Recipient.State.WAITING for one in places)
    batch = Batch.objects.create(
        delivery=delivery,
        number=number,
        state=Batch.State.WAITING if waiting else Batch.State.DONE,
        size=len(places),
        waiting=waiting,
        skipped=len(places) - waiting,
    )
    Recipient.objects.bulk_create(
        Recipient(batch=batch, delivery=delivery, subscriber_id=candidate.pk, state=one.state, reason=one.reason, at=now)
        for candidate, one in zip(candidates, places, strict=True)
    )
    if left_out:
        batch.leaves_out.set(left_out)


def _candidates(delivery: Delivery) -> QuerySet[Subscriber]:
    """Who the delivery is for, before consent and suppression are looked at."""
    everybody = _everybody(delivery)
    if delivery.post_id:
        sends = sends_of([delivery.post_id]).exclude(pk=delivery.pk)
        places = places_of(delivery.post_id, sends).filter(subscriber=OuterRef("pk"))
        missing = everybody.exclude(Exists(places.filter(state__in=HAVE)))
    else:  # what each of them has is found when they are written down
        sends = Delivery.objects.filter(issue=delivery.issue_id).exclude(occasion=Delivery.Occasion.TEST).exclude(pk=delivery.pk)
        places = Recipient.objects.filter(subscriber=OuterRef("pk"), delivery__in=sends)
        missing = everybody
    match delivery.audience:
        case "" | "missing":
            return missing
        case "all":
            return everybody
        case "failed":
            return missing.filter(Exists(places.filter(state=Recipient.State.REFUSED)))
        case "new":
            first = sends.filter(batches__isnull=False).order_by("created_at").values_list("created_at", flat=True).first()
            return missing.filter(created_at__gte=first) if first else missing
        case address:
            return _subscribed(delivery.blog).filter(address_key=address)


def _everybody(delivery: Delivery) -> QuerySet[Subscriber]:
    """Whose newsletter it is. A post that is sent again is everybody's but theirs to whom an issue is still to bring it."""
    subscribed = _subscribed(delivery.blog)
    if delivery.issue:
        return subscribed.filter(readers_of_issue(delivery.issue))
    assert delivery.post is not None, "it brings an issue or a post"
    if delivery.occasion == Delivery.Occasion.RESEND:
        return subscribed.exclude(waits_for_issue(delivery.post))
    return subscribed.filter(readers_of_post(delivery.post, delivery.edition or INSTANT, delivery.created_at))


def _subscribed(blog: Blog) -> QuerySet[Subscriber]:
    return Subscriber.objects.filter(blog=blog, state=Subscriber.State.CONFIRMED)
