"""The returns mailboxes: when each is read, by one process at a time, and what staff hear of it."""

import time
from datetime import timedelta
from random import Random

from django.conf import settings
from django.db.models import F

from worker.channels.base import DeliveryError, Unauthorized
from worker.channels.email import MailboxSettings
from worker.lib import clock
from worker.lib.backoff import delay
from worker.lib.clock import Now
from worker.lib.deadline import deadly
from worker.models import Mailbox

EVERY = timedelta(minutes=1)
_AFTER_A_REFUSAL = timedelta(minutes=15)
_QUIET = timedelta(hours=1)
"""A mailbox may be away for so long before anybody hears of it."""


def due() -> list[str]:
    """Those that are to be read now."""
    resting = set(Mailbox.objects.filter(look_at__gt=Now()).values_list("name", flat=True))
    return [name for name in settings.MAILBOXES if name not in resting]


def collect(name: str) -> None:
    """Read what is new in it. Quietly nothing when it is not due, or somebody else is at it."""
    from worker.newsletter.returns.collect import read_new  # slow to import, and most installations read no mailbox

    mailbox: MailboxSettings = settings.MAILBOXES[name]
    Mailbox.objects.get_or_create(name=name, defaults={"look_at": clock.now()})
    mine, lease = Mailbox.objects.filter(name=name), settings.LEASE
    if not mine.filter(look_at__lte=Now()).update(look_at=Now() + lease, tries=F("tries") + 1):
        return
    row = mine.get()
    try:
        with deadly(0.9 * lease):
            seen = read_new(row, mailbox, until=time.monotonic() + lease.total_seconds() / 2)
    except DeliveryError as error:
        wait = _AFTER_A_REFUSAL if isinstance(error, Unauthorized) else delay(row.tries, Random())
        mine.update(trouble=error.sentence, look_at=clock.now() + wait)
        return
    now = clock.now()
    mine.update(trouble="", tries=0, starred=seen.starred, looked_at=now, look_at=now + EVERY if seen.through else now)


def sentence(name: str) -> str:
    """What a person should do about this mailbox; empty: nothing."""
    mailbox = settings.MAILBOXES.get(name)
    row = Mailbox.objects.filter(name=name).first() if mailbox else None
    if mailbox is None or row is None:
        return ""
    if row.trouble and (row.looked_at is None or row.looked_at < clock.now() - _QUIET):
        return f"{row.trouble} Until it can be read, nobody notices what comes back, or who asks by mail to be taken off."
    if row.starred == 1:
        return f"1 mail in the mailbox {mailbox.user} waits with a star, because Postlark does not understand it. Read it there, do what it asks, and take the star off or file it away."
    if row.starred:
        return f"{row.starred} mails in the mailbox {mailbox.user} wait with a star, because Postlark does not understand them. Read them there, do what they ask, and take the stars off or file them away."
    return ""
