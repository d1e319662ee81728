"""The mail that asks the owner of an address for their yes: `templates/email/confirm/`, through the blog's relay.

Its row is its queue. Who dies over it leaves it due again: such a mail may come twice and does no harm by it.
"""

from email.headerregistry import Address
from pathlib import Path
from random import Random

from django.conf import settings
from django.db.models import F

from worker.channels.base import DeliveryError, OutcomeUnknown, Transient
from worker.channels.carrier import Envelope, MailTemplate
from worker.channels.email import mime
from worker.gate.disclaimer import approved
from worker.lib import clock
from worker.lib.address import read_address
from worker.lib.backoff import delay
from worker.lib.blogs import BlogFile, Sender, blog_file
from worker.lib.clock import Now
from worker.lib.signing import confirmation_token
from worker.lib.text import one_line
from worker.models import Confirmation, Subscriber
from worker.newsletter import consent, mail
from worker.newsletter.confirm import is_barred
from worker.newsletter.consent import today
from worker.newsletter.sign_up import is_valid
from worker.newsletter.suppress import suppression_of
from worker.record.transition import note
from worker.render.paint import paint
from worker.render.template import fill, inlined, squeezed
from worker.render.words import WORDS, spoken_day

Kind = Confirmation.Kind
TRIES = 6


def due(slug: str | None = None) -> list[int]:
    """Whose mail is to go out now, of one blog or of all."""
    rows = Confirmation.objects.filter(mail_due_at__lte=Now())
    if slug is not None:
        rows = rows.filter(blog__slug=slug)
    return list(rows.order_by("mail_due_at").values_list("pk", flat=True)[:1000])


def send(confirmation_id: int) -> None:
    """Mail it if it is due, or keep it as a file where the blog rehearses. Quietly nothing when it is not, or somebody else has it."""
    mine = Confirmation.objects.filter(pk=confirmation_id, mail_due_at__lte=Now(), confirmed_at=None)
    if not mine.update(mail_due_at=Now() + settings.LEASE, tries=F("tries") + 1):
        return
    asked = Confirmation.objects.select_related("blog", "subscriber").get(pk=confirmation_id)
    file = blog_file(asked.blog.slug)
    if trouble := _must_not(asked, file):
        _note(asked, trouble)
        return
    assert file is not None, "a blog without a file is a trouble"
    if file.channels["email"].mode == "rehearsal":
        kept = _keep(asked, file)
        _note(asked, f"Rehearsed: kept as {kept.name}.", mailed=True)
        return
    try:
        mail.send_one(_letter(asked, file), file)
    except Transient as error:
        again = clock.now() + (error.retry_after or delay(asked.tries, Random()))
        _note(asked, error.sentence, again=again if asked.tries < TRIES else None)
    except OutcomeUnknown as error:
        _note(asked, error.sentence, mailed=True)  # a second one would do no harm, but it most likely has arrived
    except DeliveryError as error:
        _note(asked, error.sentence)
    else:
        _note(asked, "", mailed=True)


def _must_not(asked: Confirmation, file: BlogFile | None) -> str:
    """Why nothing may be mailed; empty when it may."""
    if file is None or "email" not in file.channels or file.channels["email"].mode == "off":
        return "This blog sends no newsletter any more."
    if not is_valid(asked, clock.now()):
        return "It is too old."
    if is_barred(asked.blog, asked.address_key):
        return "This address may not be written to."
    if asked.kind == Kind.RENEW:
        return _must_not_ask(asked)
    if file.channels["email"].mode == "live":
        return mail.cannot_send(file)
    return ""


def _must_not_ask(asked: Confirmation) -> str:
    """To ask for consent by mail is itself a message that needs one: only while the implied consent holds (CASL, s. 1 (3))."""
    reader = asked.subscriber
    assert reader is not None, "who is asked to go on is on the list"
    if reader.state != Subscriber.State.CONFIRMED or suppression_of(asked.blog_id, asked.address_key):
        return "They have left."
    return consent.why_not(reader.consents.all(), today(asked.blog, clock.now()))


def _keep(asked: Confirmation, file: BlogFile) -> Path:
    path = mail.kept_as(f"confirm-{asked.pk}")
    path.write_bytes(mime(*_letter(asked, file)).as_bytes())
    return path


def _note(asked: Confirmation, trouble: str, *, mailed: bool = False, again: object = None) -> None:
    Confirmation.objects.filter(pk=asked.pk, confirmed_at=None).update(
        trouble=trouble, mail_due_at=again, mailed_at=clock.now() if mailed else None
    )
    if trouble and not mailed and again is None:
        note(
            f"A mail that asks for confirmation was not sent: {trouble}",
            blog=asked.blog,
            subscriber=asked.subscriber,
            data={"confirmation": asked.pk},
        )


def _letter(asked: Confirmation, file: BlogFile) -> mail.Letter:
    return mail.Letter(_template(asked, file), Envelope(asked.pk, read_address(asked.email).wire, {}))


def _template(asked: Confirmation, file: BlogFile) -> MailTemplate:
    file = file.in_language(asked.language)
    sender = file.sender
    assert sender is not None, "a blog with an e-mail channel has a sender; its file was refused otherwise"
    values = {
        "blog": file,
        "sender": sender,
        "words": WORDS[asked.language],
        "paint": paint(file),
        "french": asked.language == "fr-CA",
        "kind": asked.kind,
        "link": f"{settings.PUBLIC_URL}/confirm/{confirmation_token(asked.pk)}",
        "unsubscribe": mail.unsubscribe_address(asked.blog_id, asked.subscriber_id or 0),
        "ends_on": _ends_on(asked),
        "disclaimer": next(iter(approved(file)), ""),
    }
    subject = one_line(fill("email/confirm/subject.txt", **values))
    text = squeezed(fill("email/confirm/body.txt", **values)) + "\n"
    html = inlined(fill("email/confirm/body.html", title=subject, **values))
    return MailTemplate(
        tuple(_headers(asked, sender, subject, str(values["unsubscribe"]))), sender=mail.sendable(sender.email), text=text, html=html
    )


def _ends_on(asked: Confirmation) -> str:
    if asked.kind != Kind.RENEW or asked.subscriber is None:
        return ""
    holds = consent.in_force(asked.subscriber.consents.all(), today(asked.blog, clock.now()))
    return spoken_day(holds.ends_on, asked.language) if holds and holds.ends_on else ""


def _headers(asked: Confirmation, sender: Sender, subject: str, unsubscribe: str) -> list[tuple[str, str]]:
    own = mail.sendable(sender.email)
    headers = [
        ("From", str(Address(display_name=sender.name, addr_spec=own))),
        ("Subject", subject),
        ("Message-ID", f"<confirm.{asked.pk}@{own.rpartition('@')[2]}>"),
        ("Auto-Submitted", "auto-generated"),
    ]
    if sender.reply_to:
        headers.append(("Reply-To", mail.sendable(sender.reply_to)))
    if asked.kind == Kind.RENEW:
        headers += [("List-Unsubscribe", f"<{unsubscribe}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]
    return headers
