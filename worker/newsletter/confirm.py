"""The owner of a mailbox said yes: a new reader, a reader's new address, or a reader who goes on."""

from django.db import transaction

from worker.lib import clock
from worker.lib.refused import Refused
from worker.models import Blog, Confirmation, Consent, Delivery, Recipient, Subscriber, Suppression
from worker.newsletter import editions, suppress
from worker.newsletter.consent import today
from worker.newsletter.sign_up import is_valid
from worker.record.transition import note

Kind, State = Confirmation.Kind, Subscriber.State
BY_LINK = "The reader"
_NOBODY = 0  # for a moment within a transaction: a newsletter never has two places of one person, but whether there is one is looked at when it ends


def confirm(asked: Confirmation, machine: str) -> Subscriber:
    """Do what was asked for, once. `machine`: the address that said yes.

    Refused when the link was used before, is too old, leads to a reader's own page, or names an address that staff, a complaint or a dead mailbox barred.
    """
    with transaction.atomic():
        unused = Confirmation.objects.filter(pk=asked.pk, confirmed_at=None).exclude(kind=Kind.OWN)
        if not is_valid(asked, clock.now()) or not unused.update(confirmed_at=clock.now(), mail_due_at=None):
            raise Refused("This link was used before, or it is too old.")
        if is_barred(asked.blog, asked.address_key):
            raise Refused("This address may not be written to.")
        suppress.of_own_wish(asked.blog_id, asked.address_key).delete()
        return _move(asked) if asked.kind == Kind.MOVE else _join(asked, machine)


def is_barred(blog: Blog, key: str) -> bool:
    known = suppress.suppression_of(blog.pk, key)
    return known is not None and known.cause not in suppress.BY_THEIR_OWN_WISH


def _join(asked: Confirmation, machine: str) -> Subscriber:
    """On the list from now on, with express consent; who was there already gets the consent beside the others."""
    reader, is_new = _whose(asked)
    came_back = reader.state != State.CONFIRMED
    reader.state, reader.left_at = State.CONFIRMED, None
    if asked.kind == Kind.JOIN:
        editions.move(reader, asked.edition or reader.edition)
        reader.language, reader.topics = asked.language, asked.topics
    reader.save()
    _agree(reader, asked, machine)
    what = "A reader subscribed." if is_new else "A reader came back." if came_back else "A reader confirmed that they want the newsletter."
    note(what, who=BY_LINK, blog=asked.blog, subscriber=reader)
    return reader


def _whose(asked: Confirmation) -> tuple[Subscriber, bool]:
    """Whose yes it is, and whether they are new. Who was asked to go on is known, also where they have moved since."""
    known = asked.subscriber if asked.kind == Kind.RENEW else None
    if known and known.state == State.CONFIRMED:
        return known, False
    return Subscriber.objects.get_or_create(
        blog=asked.blog, address_key=asked.address_key, defaults={"email": asked.email, "created_at": clock.now()}
    )


def _agree(reader: Subscriber, asked: Confirmation, machine: str) -> None:
    now = clock.now()
    where = "the sign-up page" if asked.kind == Kind.JOIN else "a mail that asked whether they want to go on"
    Consent.objects.create(
        subscriber=reader,
        basis=Consent.Basis.EXPRESS,
        obtained_on=today(asked.blog, now),
        proof=f"Asked on {where} at {asked.asked_at:%Y-%m-%d %H:%M:%S} UTC; confirmed from the mailbox at {now:%Y-%m-%d %H:%M:%S} UTC, from {machine or 'an unknown address'}.",
        wording=asked.wording,
        network=asked.network,
        recorded_at=now,
        recorded_by=BY_LINK,
    )


def _move(asked: Confirmation) -> Subscriber:
    """Their newsletters go to the new address from now on, and never again to the old one."""
    assert asked.subscriber_id is not None, "who changes an address is on the list"
    reader = Subscriber.objects.select_for_update().filter(pk=asked.subscriber_id, state=State.CONFIRMED).select_related("blog").first()
    if reader is None:
        raise Refused("This subscription has ended.")
    if reader.address_key == asked.address_key:
        reader.email = asked.email
        reader.save(update_fields=["email"])
        return reader
    suppress.add(asked.blog_id, reader.address_key, Suppression.Cause.MOVED)
    # what was asked at the old address is found by their row from now on, where they want to be forgotten: leave.forget
    Confirmation.objects.filter(blog=asked.blog, address_key=reader.address_key, subscriber=None).update(subscriber=reader)
    Delivery.objects.filter(blog=asked.blog_id, channel="email", audience=reader.address_key).update(audience=asked.address_key)
    note("A reader changed their address.", who=BY_LINK, blog=asked.blog, subscriber=reader)
    if other := Subscriber.objects.filter(blog=asked.blog, address_key=asked.address_key).first():
        _end(other, reader)
    reader.email, reader.address_key = asked.email, asked.address_key
    reader.save(update_fields=["email", "address_key"])
    return reader


def _end(other: Subscriber, reader: Subscriber) -> None:
    """The list knew the new address already. That place ends: what it had and agreed to is this reader's now, and its links lead to them.

    Whoever had left has taken back what they agreed to: coming to an address is no new consent.
    """
    written = other.recipients.exclude(delivery__state=Delivery.State.PREPARING)  # while that lasts, it goes by the order of its readers
    written.exclude(delivery__in=reader.recipients.values("delivery")).update(subscriber=reader)
    _keep_what_arrived(other, reader)
    for consent in other.consents.all() if other.state == State.CONFIRMED else ():
        consent.pk, consent.subscriber = None, reader
        consent.save()
    other.before.update(goes_on_as=reader)
    Subscriber.objects.filter(pk=other.pk).update(
        address_key=f"moved {other.pk}", state=State.UNSUBSCRIBED, left_at=clock.now(), goes_on_as=reader
    )
    note("Their place went over to another, whose address this is now.", who=BY_LINK, blog=other.blog, subscriber=other)


def _keep_what_arrived(other: Subscriber, reader: Subscriber) -> None:
    """A newsletter in which both had a place: the copy that came to this address, or is on its way to it, is the reader's, so that no other comes."""
    missed = reader.recipients.exclude(state__in=[Recipient.State.SENT, Recipient.State.UNKNOWN])
    came = other.recipients.filter(state__in=editions.HAVE).exclude(delivery__state=Delivery.State.PREPARING)
    for theirs in came.filter(delivery__in=missed.values("delivery")):
        own = missed.get(delivery=theirs.delivery_id)
        for place, whose in ((own.pk, _NOBODY), (theirs.pk, reader.pk), (own.pk, other.pk)):
            Recipient.objects.filter(pk=place).update(subscriber=whose)
