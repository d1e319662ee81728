"""Addresses that may not be written to: one place where they are added, so that every running send hears of each at once.

A suppression is a keyed hash and outlives the person's row. Whoever left by their own wish may come back by their own
wish, confirmed from their mailbox (docs/adr/0008-leaving-and-coming-back.md); whom staff, a complaint or a dead mailbox put here, only
staff let out again.
"""

import re
from datetime import date

from django.db import transaction
from django.db.models import F, QuerySet

from worker.lib import clock
from worker.lib.refused import Refused
from worker.lib.signing import address_hash
from worker.models import Blog, Consent, Subscriber, Suppression
from worker.newsletter.consent import today
from worker.record.transition import note
from worker.render.words import spoken_day

Cause = Suppression.Cause
BY_THEIR_OWN_WISH = (Cause.UNSUBSCRIBED, Cause.FORGOTTEN, Cause.MOVED)


def suppress(blog: Blog, key: str, cause: str, *, who: str, reason: str = "") -> bool:
    """Never write to this address (an `address_key`) again. False when it stood there for as strong a cause already.

    Commits together with the blog's counter, which every sender reads at least once a second.
    """
    with transaction.atomic():
        if not add(blog.pk, key, cause, reason):
            return False
        note(
            f"An address may not be written to any more: {_spoken(cause)}.",
            who=who,
            blog=blog,
            data={"cause": cause, "reason": named_nobody(reason)},
        )
    return True


def add(blog_id: int, key: str, cause: str, reason: str = "") -> bool:
    """As `suppress`, inside the transaction of a caller who writes the line of the record."""
    hashed, own_wish = address_hash(key), cause in BY_THEIR_OWN_WISH
    row = {"cause": cause, "since": clock.now(), "reason": named_nobody(reason)}
    known, is_new = Suppression.objects.get_or_create(blog_id=blog_id, address_hash=hashed, defaults=row)
    if not is_new:
        if own_wish or known.cause not in BY_THEIR_OWN_WISH:
            return False
        Suppression.objects.filter(pk=known.pk).update(**row)
    tell_senders(blog_id)
    return True


def tell_senders(blog_id: int) -> None:
    """Inside the transaction that changes who may be written to: senders under way look again before their next copy."""
    Blog.objects.filter(pk=blog_id).update(suppressions=F("suppressions") + 1)


def suppression_of(blog_id: int, key: str) -> Suppression | None:
    return Suppression.objects.filter(blog_id=blog_id, address_hash=address_hash(key)).first()


def of_own_wish(blog_id: int, key: str) -> QuerySet[Suppression]:
    """None, or the one under which this address left by itself."""
    return Suppression.objects.filter(blog_id=blog_id, address_hash=address_hash(key), cause__in=BY_THEIR_OWN_WISH)


def reopen(blog: Blog, key: str, *, who: str, reason: str) -> bool:
    """A mailbox that was taken for dead is tried again; its owner never took their consent back. False: that was not why."""
    with transaction.atomic():
        dead = Suppression.objects.filter(blog=blog, address_hash=address_hash(key), cause=Cause.BOUNCED)
        if not dead.delete()[0]:
            return False
        note("An address may be written to again.", who=who, blog=blog, data={"reason": named_nobody(reason)})
    return True


def allow(blog: Blog, key: str, *, who: str, obtained_on: date, proof: str) -> bool:
    """Staff let an address out again that staff, a complaint or a dead mailbox put here, on its owner's new consent. False: it was not here.

    Refused without proof, for a consent older than the ban, and for who left by their own wish.
    """
    known, proof = suppression_of(blog.pk, key), " ".join(proof.split())
    if known is None:
        return False
    if known.cause in BY_THEIR_OWN_WISH:
        raise Refused("They left by their own wish, so only they can come back: by the sign-up page, confirmed from their mailbox.")
    if not proof:
        raise Refused("The proof is missing; say where it can be seen that they asked to be written to again.")
    since = today(blog, known.since)
    if not since <= obtained_on <= today(blog, clock.now()):
        raise Refused(
            f"A new consent is needed, from {spoken_day(since, 'en')}, when the address was barred, or later; {spoken_day(obtained_on, 'en')} is not a day since then."
        )
    with transaction.atomic():
        if not Suppression.objects.filter(pk=known.pk, cause=known.cause).delete()[0]:
            return False
        reader = Subscriber.objects.filter(blog=blog, address_key=key, state=Subscriber.State.CONFIRMED).first()
        if reader:
            new = {"basis": Consent.Basis.EXPRESS, "obtained_on": obtained_on, "proof": proof}
            Consent.objects.create(subscriber=reader, recorded_at=clock.now(), recorded_by=who, **new)
        asked = {"reason": named_nobody(proof), "obtained_on": obtained_on.isoformat()}
        note("An address may be written to again.", who=who, blog=blog, subscriber=reader, data=asked)
    return True


def named_nobody(text: str) -> str:
    """The record and the suppressions hold no address, not even one that somebody typed into a reason."""
    return re.sub(r"[^\s@<>]+@[^\s@<>]+", "(an address)", " ".join(text.split()))


def _spoken(cause: str) -> str:
    label = Cause(cause).label
    return label[:1].lower() + label[1:]
