"""A reader leaves, at once and for good: the address is suppressed, whatever list it is imported from later."""

import re
from functools import partial

from django.db import transaction
from django.db.models import Q

from worker.lib import clock
from worker.lib.address import read_address
from worker.lib.signing import read_unsubscribe_token
from worker.models import Attempt, Blog, Confirmation, Delivery, Recipient, Return, Subscriber, Suppression
from worker.newsletter import mail, suppress
from worker.record.transition import note

State, Cause = Subscriber.State, Suppression.Cause
BY_LINK = "The reader"
BY_MAIL = "The reader, by mail"


def unsubscribe(subscriber: Subscriber, who: str = BY_LINK, because: str = "") -> bool:
    """False when they had left already; nothing changes then."""
    with transaction.atomic():
        on_the_list = Subscriber.objects.filter(pk=subscriber.pk, state=State.CONFIRMED)
        if not on_the_list.update(state=State.UNSUBSCRIBED, left_at=clock.now()):
            return False
        suppress.add(subscriber.blog_id, subscriber.address_key, Cause.UNSUBSCRIBED, because)
        note("A reader unsubscribed.", who=who, blog=subscriber.blog, subscriber=subscriber, data=_why(because))
    subscriber.refresh_from_db()
    return True


def forget(subscriber: Subscriber, who: str, because: str = "") -> bool:
    """Erase the person and keep the hash of the address, so that nobody writes to it again. False when that was done before.

    What was sent stays counted, under a row that names nobody and cannot be found by the address.
    """
    with transaction.atomic():
        known = Subscriber.objects.filter(pk=subscriber.pk).exclude(state=State.FORGOTTEN)
        erased = {"email": "", "address_key": f"forgotten {subscriber.pk}", "name": "", "language": "", "topics": []}
        if not known.update(state=State.FORGOTTEN, left_at=clock.now(), **erased):
            return False
        if not suppress.add(subscriber.blog_id, subscriber.address_key, Cause.FORGOTTEN):
            suppress.of_own_wish(subscriber.blog_id, subscriber.address_key).update(cause=Cause.FORGOTTEN, reason="")
        rows = Q(subscriber=subscriber) | Q(subscriber__goes_on_as=subscriber)
        # by their row, too: also what was asked at addresses that they had, or wanted to have
        asked = Confirmation.objects.filter(rows | Q(address_key=subscriber.address_key), blog=subscriber.blog_id)
        for pk in asked.values_list("pk", flat=True):
            transaction.on_commit(partial(mail.kept_as(f"confirm-{pk}").unlink, missing_ok=True))
        asked.delete()
        subscriber.consents.all().delete()
        for before in subscriber.before.all():
            subscriber.before.filter(pk=before.pk).update(state=State.FORGOTTEN, **erased | {"address_key": f"forgotten {before.pk}"})
            before.consents.all().delete()
        places = Recipient.objects.filter(rows)
        Return.objects.filter(recipient__in=places).update(words="")
        places.update(detail="")
        _forget_in_the_ledger(subscriber)
        note("A reader was forgotten.", who=who, blog=subscriber.blog, subscriber=subscriber, data=_why(because))
    subscriber.refresh_from_db()
    return True


def _forget_in_the_ledger(subscriber: Subscriber) -> None:
    """What staff sent to this address by name no longer names it; what has not gone out yet finds nobody."""
    by_name = Delivery.objects.filter(blog=subscriber.blog_id, channel="email", audience__contains="@").values_list("pk", "audience")
    theirs = [pk for pk, audience in by_name if _key(audience) == subscriber.address_key]
    Attempt.objects.filter(delivery__in=theirs).update(detail="")
    Delivery.objects.filter(pk__in=theirs).update(audience=f"forgotten {subscriber.pk}")


def _why(because: str) -> dict[str, str]:
    return {"because": suppress.named_nobody(because)} if because else {}


def leaver_of(text: str) -> Subscriber | None:
    """Whose unsubscribe token stands somewhere in this text: the subject, body or recipient of a mail."""
    return next(filter(None, map(reader_of, re.findall(r"\d+-\d+\.[\w-]{20,}", text))), None)


def reader_of(token: str) -> Subscriber | None:
    """Whom an unsubscribe token names, or as whom they go on."""
    named = read_unsubscribe_token(token)
    known = Subscriber.objects.select_related("blog", "goes_on_as__blog")
    found = named and known.filter(pk=named.subscriber, blog=named.blog).first()
    return (found.goes_on_as or found) if found else None


def unsubscribe_by_mail(blog: Blog | None, sender: str, *texts: str) -> Subscriber | None:
    """Somebody wrote to be taken off. Whom we took off (or who had left already): by the token in the mail, else by who sent it.

    `blog`: whose mailbox it was; None where it serves several, and then only a token tells. None when nobody was found:
    a person has to read the mail then. A forged sender can take somebody off; they are told how to come back, and the law
    asks us to believe a request rather than to doubt it.
    """
    subscriber = leaver_of("\n".join(texts)) or (_on_the_list(blog, sender) if blog else None)
    if subscriber is None:
        return None
    unsubscribe(subscriber, BY_MAIL)
    return subscriber


def _on_the_list(blog: Blog, sender: str) -> Subscriber | None:
    key = _key(sender)
    return Subscriber.objects.filter(blog=blog, address_key=key).select_related("blog").first() if key else None


def _key(address: str) -> str:
    """Empty for what is no address."""
    try:
        return read_address(address).key
    except ValueError:
        return ""
