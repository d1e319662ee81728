"""A reader leaves, at once and for good: the address is suppressed, whatever list it is imported from later."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from worker.lib.signing import address_hash
from worker.models import Blog, Recipient, Subscriber, Suppression
from worker.record.transition import note

State = Subscriber.State
BY_LINK = "The reader"


def unsubscribe(subscriber: Subscriber, who: str = BY_LINK) -> bool:
    """False when they had left already; nothing changes then."""
    with transaction.atomic():
        on_the_list = Subscriber.objects.filter(pk=subscriber.pk, state=State.CONFIRMED)
        if not on_the_list.update(state=State.UNSUBSCRIBED, left_at=timezone.now()):
            return False
        _suppress(subscriber, "unsubscribed")
        note("A reader unsubscribed.", who=who, blog=subscriber.blog, subscriber=subscriber)
    subscriber.refresh_from_db()
    return True


def forget(subscriber: Subscriber, who: str) -> bool:
    """Erase the person and keep the hash of the address, so that nobody writes to it again. False when that was done before.

    What was sent stays counted, under a row that names nobody.
    """
    with transaction.atomic():
        known = Subscriber.objects.filter(pk=subscriber.pk).exclude(state=State.FORGOTTEN)
        hashed = address_hash(subscriber.address_key)
        erased = {"email": "", "address_key": hashed, "name": "", "language": "", "topics": []}
        if not known.update(state=State.FORGOTTEN, left_at=timezone.now(), **erased):
            return False
        _suppress(subscriber, "forgotten")
        subscriber.consents.all().delete()
        Recipient.objects.filter(subscriber=subscriber).update(detail="")
        note("A reader was forgotten.", who=who, blog=subscriber.blog, subscriber=subscriber)
    subscriber.refresh_from_db()
    return True


def _suppress(subscriber: Subscriber, reason: str) -> None:
    """`subscriber` as it was before: its address_key is still the address."""
    key = address_hash(subscriber.address_key)
    Suppression.objects.get_or_create(blog=subscriber.blog, address_hash=key, defaults={"since": timezone.now(), "reason": reason})
    Blog.objects.filter(pk=subscriber.blog_id).update(suppressions=F("suppressions") + 1)
