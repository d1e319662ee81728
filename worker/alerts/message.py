"""One message for everything that one blog's staff have not been told yet, to each address in `alerts.to`.

Told at least once: a process that dies between the message and its note tells again. A mail goes through the blog's own relay,
everything else through Apprise (https://github.com/caronc/apprise).
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.headerregistry import Address
from random import Random

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import translation

from worker.alerts.notice import TOGETHER
from worker.channels.base import DeliveryError
from worker.channels.carrier import Envelope, MailTemplate
from worker.lib import clock
from worker.lib.backoff import delay
from worker.lib.blogs import BlogFile, blog_file
from worker.lib.text import one_line
from worker.models import Alert, Blog, Delivery, Event
from worker.newsletter import mail
from worker.record import by_link
from worker.record.transition import note
from worker.render.paint import paint
from worker.render.template import fill, inlined, squeezed
from worker.render.words import WORDS

log = logging.getLogger(__name__)
WITHIN = timedelta(minutes=2)
"""So long nobody else tells the same; a process that dies over it leaves it to be told again."""
MOST_TOLD = 10
"""So many are told one by one; the others are counted, and the console, which puts together what belongs together, shows them."""
_UNTOLD = Q(told_at=None, over_at=None) | Q(over_at__isnull=False, end_told_at=None)


@dataclass(frozen=True)
class Line:
    """One thing, as the message says it. `button`: what stands before `address`."""

    about: str
    sentence: str
    button: str
    address: str


def due(slug: str | None = None) -> list[int]:
    """Blogs whose staff are to be told something now; or one of them."""
    rows = Alert.objects.filter(try_at__lte=clock.now())
    return list((rows.filter(blog__slug=slug) if slug else rows).values_list("blog", flat=True).distinct())


def tell(blog_id: int) -> None:
    """Quietly nothing when there is nothing to tell, or somebody else is telling it."""
    mine = _waiting(blog_id)
    now = clock.now()
    if not mine.filter(try_at__lte=now).exists():
        return
    soon = now + TOGETHER
    if not mine.filter(try_at__lte=soon).update(try_at=soon + WITHIN, tries=F("tries") + 1):
        return
    blog, alerts = Blog.objects.get(pk=blog_id), list(mine.select_related("delivery").order_by("pk"))
    file = blog_file(blog.slug)
    if file is None:
        mine.update(try_at=None)
        return
    news = {to: others for to in file.alerts.to if (others := _not_done_by(to, alerts))}
    with translation.override(file.language.partition("-")[0]):
        troubles = [trouble for to, others in news.items() if (trouble := _tell_at(to, file, others))]
    if not news or len(troubles) < len(news):
        _note_told(blog, alerts, troubles, bool(news))
    else:
        again = clock.now() + delay(max(alert.tries for alert in alerts), Random())
        Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(try_at=again, trouble=" ".join(troubles))


def _waiting(blog_id: int) -> QuerySet[Alert]:
    return Alert.objects.filter(_UNTOLD, blog=blog_id, try_at__isnull=False)


def _not_done_by(to: str, alerts: Sequence[Alert]) -> list[Alert]:
    """All but what the person at this address held back themselves: they know."""
    held = Event.objects.filter(delivery__in=[alert.delivery_id for alert in alerts if alert.delivery_id], data__to=Delivery.State.HELD)
    by = {delivery: who.partition(" ")[0] for delivery, who in held.order_by("pk").values_list("delivery", "who")}
    return [alert for alert in alerts if by.get(alert.delivery_id or 0, "").casefold() != to.casefold()]


def _note_told(blog: Blog, alerts: Sequence[Alert], troubles: Sequence[str], to_anybody: bool) -> None:
    """What came to its end while it was told is told of once more, where its end is."""
    now, trouble = clock.now(), " ".join(troubles)
    needs = Alert.objects.filter(pk__in=[alert.pk for alert in alerts if alert.over_at is None])
    needs.update(told_at=now, try_at=None, trouble=trouble)
    needs.filter(over_at__isnull=False, recovers=True).update(try_at=now + TOGETHER, tries=0)
    ends = Alert.objects.filter(pk__in=[alert.pk for alert in alerts if alert.over_at is not None])
    ends.update(end_told_at=now, try_at=None, trouble=trouble)
    if not to_anybody:
        return
    count = "one thing" if len(alerts) == 1 else f"{len(alerts)} things"
    note(f"Staff were told of {count}.", blog=blog, data={"alerts": [alert.pk for alert in alerts], "troubles": list(troubles)})


def _tell_at(to: str, file: BlogFile, alerts: Sequence[Alert]) -> str:
    """The sentence that says why nobody was told there; empty when somebody was. An Apprise address may hold a secret and is never part of it."""
    if "://" in to:
        return _by_apprise(to, file, alerts)
    try:
        _by_mail(to, file, alerts)
    except DeliveryError as error:
        return f"{to} could not be told: {error.sentence}"
    return ""


def _by_apprise(to: str, file: BlogFile, alerts: Sequence[Alert]) -> str:
    import apprise  # slow to import, and most installations never tell anybody but by mail

    service = apprise.Apprise.instantiate(to)
    name = to.partition("://")[0]
    if service is None:
        return f"The address that begins with {name}:// in alerts.to is none that Apprise knows."
    try:
        taken = service.notify(title=_subject(file, alerts), body=_text(to, file, alerts), body_format="text")
    except Exception as error:  # a plug-in's own mistake must not keep the others from being told
        log.warning("alert failed", extra={"blog": file.slug, "service": name, "error": type(error).__name__})
        taken = False
    return "" if taken else f"{name}:// did not take the message."


def _by_mail(to: str, file: BlogFile, alerts: Sequence[Alert]) -> None:
    """Raises a DeliveryError unless the relay took it."""
    if file.sender is None:
        raise DeliveryError(mail.cannot_send(file))
    subject, own = _subject(file, alerts), mail.sendable(file.sender.email)
    headers = (
        ("From", str(Address(display_name=f"Postlark, {file.name}", addr_spec=own))),
        ("Subject", subject),
        ("Message-ID", f"<alert.{max(alert.pk for alert in alerts)}.{max(alert.tries for alert in alerts)}@{own.rpartition('@')[2]}>"),
        ("Auto-Submitted", "auto-generated"),
    )
    html = inlined(fill("email/alert/body.html", title=subject, **_values(to, file, alerts)))
    template = MailTemplate(headers, sender=own, text=_text(to, file, alerts), html=html)
    mail.send_one(mail.Letter(template, Envelope(0, mail.sendable(to), {})), file)


def _subject(file: BlogFile, alerts: Sequence[Alert]) -> str:
    return one_line(fill("email/alert/subject.txt", blog=file, **_counted(alerts)))


def _text(to: str, file: BlogFile, alerts: Sequence[Alert]) -> str:
    return squeezed(fill("email/alert/body.txt", **_values(to, file, alerts))) + "\n"


def _values(to: str, file: BlogFile, alerts: Sequence[Alert]) -> dict[str, object]:
    needs = [alert for alert in alerts if alert.over_at is None]
    return {
        "blog": file,
        "sender": file.sender,
        "words": WORDS[file.language],
        "paint": paint(file),
        "needs": [line for alert in needs[:MOST_TOLD] for line in _lines(alert, to)],
        "more": max(len(needs) - MOST_TOLD, 0),
        "over": [alert for alert in alerts if alert.over_at is not None],
        "console": settings.PUBLIC_URL,
    }


def _counted(alerts: Sequence[Alert]) -> dict[str, object]:
    needs = [alert for alert in alerts if alert.over_at is None]
    return {"count": len(needs), "first": (needs or alerts)[0]}


def _lines(alert: Alert, to: str) -> Iterator[Line]:
    page = f"{settings.PUBLIC_URL}{alert.page}"
    yield Line(alert.about, alert.sentence, "Look", page)
    held = alert.delivery
    if held and held.state == Delivery.State.HELD and held.held_for not in _ANSWERED_ON_ITS_PAGE and "@" in to and "://" not in to:
        yield Line("", "", "Let it go", by_link.link(held, "release", to))


_ANSWERED_ON_ITS_PAGE = (Delivery.HeldFor.APPROVAL, Delivery.HeldFor.UNSURE)
"""An approval is given by one person, signed in; whether two posts are the same is no yes or no to one channel."""
