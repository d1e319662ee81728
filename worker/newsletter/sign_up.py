"""Somebody typed an address. It is written down, and a mail asks its owner; nobody learns whether it was known.

Floods and confirm-mail bombing: a mailbox gets few mails whoever asks, a network and a blog may ask so often and no oftener.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet

from worker.lib import clock
from worker.lib.address import Address, read_address
from worker.lib.refused import Refused
from worker.models import Blog, Confirmation, Connection, ImportDraft, Subscriber, Wording

Kind = Confirmation.Kind
VALID_FOR = {Kind.JOIN: timedelta(days=7), Kind.MOVE: timedelta(days=7), Kind.RENEW: timedelta(days=60), Kind.OWN: timedelta(hours=1)}
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class Limit(NamedTuple):
    most: int
    within: timedelta


MAILBOX = (Limit(1, timedelta(minutes=10)), Limit(3, _DAY))
"""Mails to one person, whichever blog's form was used, with or without a plus tag."""
NETWORK = (Limit(50, _HOUR), Limit(200, _DAY))
BLOG = (Limit(500, _HOUR),)


class TooMany(Refused):
    """Said openly: it tells nothing of any address."""


@dataclass(frozen=True)
class Wish:
    """What was chosen on the form."""

    address: Address
    language: str
    topics: list[str]
    edition: str


def ask(
    blog: Blog, wish: Wish, machine: str, *, kind: str = Kind.JOIN, subscriber: Subscriber | None = None, wording: Wording | None = None
) -> Confirmation:
    """Write the wish down and let a mail ask the owner of the address, unless they had their share of such mails.

    `machine`: the address it was asked from. Raises TooMany when its network, or everybody together, asks too often.
    """
    now, around, box = clock.now(), neighbourhood(machine), mailbox(wish.address.key)
    with transaction.atomic():
        only_one(blog)
        strangers = Confirmation.objects.exclude(kind=Kind.RENEW)
        if _over(NETWORK, now, strangers.filter(neighbourhood=around)) or _over(BLOG, now, strangers.filter(blog=blog)):
            raise TooMany("Too many people have signed up from here just now. Try again in an hour.")
        mailed = strangers.filter(mailbox=box).filter(Q(mail_due_at__isnull=False) | Q(tries__gt=0))
        return Confirmation.objects.create(
            blog=blog,
            kind=kind,
            subscriber=subscriber,
            email=wish.address.written,
            address_key=wish.address.key,
            mailbox=box,
            language=wish.language,
            topics=wish.topics,
            edition=wish.edition,
            wording=wording,
            network=machine,
            neighbourhood=around,
            asked_at=now,
            mail_due_at=None if _over(MAILBOX, now, mailed) else now,
        )


def ask_for_own_page(reader: Subscriber, language: str, machine: str) -> Confirmation:
    """Whoever holds a reader's newsletter asks for their data: a link goes to the reader's own mailbox, and nowhere else. Raises TooMany."""
    wish = Wish(read_address(reader.email), language, reader.topics, reader.edition)
    return ask(reader.blog, wish, machine, kind=Kind.OWN, subscriber=reader)


def mailbox(key: str) -> str:
    """The person behind `ann.lee+news@`: Gmail and others let one mailbox have any number of such addresses."""
    local, _, domain = key.rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"


def neighbourhood(machine: str) -> str:
    """The network that one household or office has: /24, or /56 in IPv6."""
    try:
        address = ip_address(machine)
    except ValueError:
        return machine
    address = getattr(address, "ipv4_mapped", None) or address
    return str(ip_network(f"{address}/{24 if address.version == 4 else 56}", strict=False))


def is_valid(asked: Confirmation, now: datetime) -> bool:
    return now < asked.asked_at + VALID_FOR[Kind(asked.kind)]


def drop_old() -> None:
    """Addresses whose owners never answered are not kept, nor lists to which nobody said yes within a day."""
    now = clock.now()
    ImportDraft.objects.filter(made_at__lt=now - _DAY).delete()
    for kind, valid_for in VALID_FOR.items():
        Confirmation.objects.filter(kind=kind, asked_at__lt=now - max(valid_for, _DAY)).delete()  # a day's mails are counted by their rows


def only_one(blog: Blog) -> None:
    """Inside a transaction: whoever else is at this point waits for its end. The lock is the row of the blog's e-mail channel,
    not the blog's own, which every unsubscribe writes to."""
    Connection.objects.select_for_update().get_or_create(blog=blog, channel="email")


def _over(limits: tuple[Limit, ...], now: datetime, asked: QuerySet[Confirmation]) -> bool:
    return any(asked.filter(asked_at__gt=now - limit.within).count() >= limit.most for limit in limits)
