"""What is handed over, to whom, and the last look at it: no path to a network avoids `check`."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from worker import gate
from worker.channels.base import Message, Picture, Poster, Receipt
from worker.connections import poster as connections
from worker.deliver import approval, money
from worker.deliver.claim import Kind, kind_of
from worker.deliver.outcome import Withheld
from worker.lib.blogs import BlogFile
from worker.models import Delivery
from worker.newsletter import mail
from worker.render.images import again

Call = Callable[[], Receipt]


def message_of(delivery: Delivery) -> Message:
    """The rendition as values."""
    words = delivery.rendition
    return Message(
        text=words.text,
        link=words.link,
        title=words.title,
        description=words.description,
        image=words.image,
        alt=words.alt,
        subject=words.subject,
        html=words.html,
    )


def check(delivery: Delivery, file: BlogFile) -> Message:
    """The gate, on exactly what would leave. gate.Refused says what is missing or too long."""
    if not hasattr(delivery, "rendition"):
        raise gate.Refused("There is no text for it.")
    message = replace(message_of(delivery), picture=_picture(delivery, file))
    gate.check(message, file, delivery.channel)
    return message


def _picture(delivery: Delivery, file: BlogFile) -> Picture | None:
    """As the rendition names it. On a machine that lacks it, it is made anew; the name follows, unless it has been called already.

    Withheld where it has become another than the one that was approved.
    """
    words = delivery.rendition
    if not words.picture:
        return None
    name, picture = again(words.picture, delivery.posts()[0], file, delivery.channel)
    if name != words.picture and not delivery.attempts.filter(calling_at__isnull=False).exists():
        words.picture = name
        words.save(update_fields=["picture"])
        Delivery.objects.filter(pk=delivery.pk).update(**approval.TAKEN_BACK)
        if sentence := approval.missing(file, ""):
            raise Withheld(Delivery.HeldFor.APPROVAL, sentence)
    return picture


def prepare(delivery: Delivery, file: BlogFile) -> Call:
    """Everything before the one request; what comes back makes that request. Raises gate.Refused or a DeliveryError."""
    kind = kind_of(delivery)
    if kind == Kind.DELETE:
        return _deletion(delivery.remote_id, poster_for(delivery, file))
    message = check(delivery, file)
    if delivery.channel == "email":
        return _test_copy(delivery, file)
    poster = poster_for(delivery, file)
    if kind == Kind.EDIT:
        out = delivery.corrects.remote_id if delivery.corrects else ""
        return lambda: poster.edit(out, message)
    ready = poster.prepare(message)
    return lambda: poster.send(ready)


def _deletion(remote_id: str, poster: Poster) -> Call:
    return lambda: Receipt(remote_id, detail=poster.delete(remote_id))


def poster_for(delivery: Delivery, file: BlogFile) -> Poster:
    """Ready to speak. Raises Rejected for a channel that is no network, Unauthorized or Transient where it cannot be connected."""
    return connections.poster_for(file, delivery.channel)


def price(delivery: Delivery, file: BlogFile) -> money.Price:
    """Of the next attempt."""
    poster = connections.declared(file, delivery.channel)
    match kind_of(delivery):
        case Kind.DELETE:
            return money.Price(money.thousandths(poster.delete_price), 0)
        case Kind.EDIT:
            return money.Price(0, 0)
    return money.price(poster, message_of(delivery))


def _test_copy(delivery: Delivery, file: BlogFile) -> Call:
    letter = mail.test_copy(delivery, file)
    return lambda: Receipt(remote_id="", detail=mail.send_one(letter, file))


def keep_rehearsal(delivery: Delivery, file: BlogFile) -> Path | None:
    """E-mail only."""
    if delivery.channel != "email":
        return None
    path = mail.kept_as(str(delivery.pk))
    path.write_bytes(mail.sample(delivery, file).as_bytes())
    return path
