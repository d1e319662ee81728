"""A rendition as mail: the headers of a list, one reader's own words, and the relay that takes it."""

import ipaddress
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Greatest

from worker.channels.base import DeliveryError, OutcomeUnknown, Transient
from worker.channels.carrier import INLINE_PICTURE, Envelope, Handed, MailTemplate, mark
from worker.channels.email import Email, MailboxSettings, RelaySettings, mime
from worker.lib import clock
from worker.lib.address import read_address
from worker.lib.blogs import BlogFile, Sender
from worker.lib.clock import Now
from worker.lib.signing import copy_ids, reading_token, unsubscribe_token, unsubscribe_tokens
from worker.models import Consent, Delivery, Relay, Rendition
from worker.newsletter.reader import Reader
from worker.render import sections
from worker.render.images import again
from worker.render.words import spoken_day

WITHOUT_A_RELAY = timedelta(minutes=30)
_NOBODY = 0  # the subscriber that a test copy's link names

_WHY = {
    "en-CA": {
        Consent.Basis.EXPRESS: "You get this because you asked for it on {day}.",
        Consent.Basis.PURCHASE: "You get this because you did business with {sender} on {day}.",
        Consent.Basis.INQUIRY: "You get this because you wrote to {sender} on {day}.",
    },
    "fr-CA": {
        Consent.Basis.EXPRESS: "Vous recevez ce courriel parce que vous l’avez demandé le {day}.",
        Consent.Basis.PURCHASE: "Vous recevez ce courriel parce que vous avez fait affaire avec {sender} le {day}.",
        Consent.Basis.INQUIRY: "Vous recevez ce courriel parce que vous avez écrit à {sender} le {day}.",
    },
}
_TEST = {
    "en-CA": ("[Test] ", "This is a test copy for the practice’s own staff; its unsubscribe link names nobody."),
    "fr-CA": ("[Essai] ", "Ceci est une copie d’essai pour le personnel ; son lien de désabonnement ne désigne personne."),
}


class Letter(NamedTuple):
    """What a carrier needs for one copy."""

    template: MailTemplate
    envelope: Envelope


def relay_name(file: BlogFile) -> str:
    """The relay's name in `settings.RELAYS`, and its row's."""
    return (file.sender and file.sender.relay) or "default"


def relay_of(file: BlogFile) -> RelaySettings | None:
    relay: RelaySettings | None = settings.RELAYS.get(relay_name(file))
    return relay


def mailbox_name(file: BlogFile) -> str:
    """Of the mailbox to which this blog's newsletters come back: its relay's own, or the one for all. Empty: none is read."""
    return next((name for name in (relay_name(file), "default") if name in settings.MAILBOXES), "")


def comes_back_to(file: BlogFile) -> str:
    """The address that a mail server tells of a copy it cannot bring."""
    mailbox: MailboxSettings | None = settings.MAILBOXES.get(mailbox_name(file))
    return (mailbox and mailbox.address) or sendable(_sender(file).email)


def cannot_send(file: BlogFile) -> str:
    """The sentence that says what is missing before any mail can leave; empty when nothing is."""
    if file.sender is None:
        return f"The file {file.slug}.toml has no [sender]; the law asks who writes."
    if relay_of(file) is None:
        variable = f"EMAIL_URL_{file.sender.relay.upper()}" if file.sender.relay else "EMAIL_URL"
        return f"No mail relay is set up: set {variable} to smtp://USER:PASSWORD@HOST:PORT, then start Postlark again."
    return ""


def label(delivery: Delivery) -> str:
    """Its name in a provider's log. Signed: no other program that uses the same account can have one like it."""
    return reading_token(delivery.pk)


def send_one(letter: Letter, file: BlogFile) -> str:
    """The relay's own words once it took this one mail. Raises the DeliveryError that it gave instead; Transient where no relay is set up."""
    relay = relay_of(file)
    if relay is None:
        raise Transient(cannot_send(file), retry_after=WITHOUT_A_RELAY)
    _take_a_slot(relay_name(file), relay)
    steps = carrier(relay).send(letter.template, [letter.envelope])
    came = next((step for step in steps if isinstance(step, Handed)), None)
    with suppress(DeliveryError):  # what came of the mail is known; this is only how the conversation ends
        for _ in steps:
            pass
    if came is None:
        raise OutcomeUnknown("The relay ended the conversation without an answer.")
    if came.error:
        raise came.error
    return came.detail


def _take_a_slot(name: str, relay: RelaySettings) -> None:
    """A single mail does not wait for its turn: it goes, and those after it go one interval later."""
    row, _ = Relay.objects.get_or_create(name=name, defaults={"next_slot_at": clock.now()})
    Relay.objects.filter(pk=row.pk).update(next_slot_at=Greatest(F("next_slot_at"), Now()) + relay.interval)


def carrier(relay: RelaySettings, until: float = float("inf"), lines: int | None = None) -> Email:
    """`until`: on time.monotonic(), when the caller must have its last answer. `lines`: so many connections; None: all it may have."""
    return Email(relay, hello=_own_name(), until=until, lines=lines, signer=settings.DKIM)


class Words(NamedTuple):
    """A rendition's in one language."""

    subject: str
    text: str
    html: str
    sections: list[Any]
    language: str = ""


def words_of(rendition: Rendition, language: str) -> Words:
    """In the reader's language where it was made in it; else in the blog's."""
    if translated := rendition.translations.get(language):
        return Words(translated["subject"], translated["text"], translated["html"], translated["sections"], language)
    return Words(rendition.subject, rendition.text, rendition.html, rendition.sections)


def template(
    delivery: Delivery, file: BlogFile, *, subject_prefix: str = "", left_out: Iterable[int] = (), language: str = ""
) -> MailTemplate:
    """The frozen rendition with its headers; what differs between readers stands as marks. `left_out`: a digest's posts that these have."""
    words = words_of(delivery.rendition, language)
    sender = _sender(file)
    own = sendable(sender.email)
    by_mail = f", <mailto:{comes_back_to(file)}?subject=unsubscribe%20{mark('token')}>" if mailbox_name(file) else ""
    headers = [
        ("From", str(Address(display_name=sender.name, addr_spec=own))),
        ("Subject", subject_prefix + words.subject),
        ("Message-ID", f"<{mark('copy')}@{own.rpartition('@')[2]}>"),
        ("List-Id", f"<{file.slug}.{own.rpartition('@')[2]}>"),
        ("List-Unsubscribe", f"<{mark('unsubscribe')}>{by_mail}"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Auto-Submitted", "auto-generated"),
    ]
    if sender.reply_to:
        headers.insert(1, ("Reply-To", sendable(sender.reply_to)))
    names, addresses = [sections.of_post(pk) for pk in left_out], _addresses(delivery, file, words.language)
    text, html = (sections.without(part, kind, names, words.sections) for kind, part in (("text", words.text), ("html", words.html)))
    for name, address in addresses.items():
        text, html = text.replace(mark(name), address), html.replace(mark(name), escape(address))
    name = delivery.rendition.picture
    picture = again(name, delivery.posts()[0], file, "email")[1] if name and INLINE_PICTURE in html else None
    return MailTemplate(tuple(headers), sender=comes_back_to(file), text=text, html=html, picture=picture, label=label(delivery))


class Envelopes:
    """Of one delivery. What its copies have in common is looked up once: to ask the settings takes longer than to sign."""

    def __init__(self, delivery: Delivery, file: BlogFile) -> None:
        self._sign, self._name_copy = unsubscribe_tokens(delivery.blog_id), copy_ids(delivery.pk)
        self._page = _unsubscribe_page("")
        self._languages, self._language, self._sender = delivery.rendition.translations, file.language, _sender(file).name

    def of(self, reader: Reader, template: MailTemplate | None = None) -> Envelope:
        """One reader's copy. The same copy always has the same Message-ID: a mailbox that gets it twice shows it once."""
        assert reader.why is not None, "whoever has no consent in force is left out"
        token = self._sign(reader.pk)
        language = reader.language if reader.language in self._languages else self._language
        words = {
            "copy": self._name_copy(reader.pk),
            "token": token,
            "unsubscribe": self._page + token,
            "why": _why(reader.why.basis, reader.why.obtained_on, language, self._sender),
        }
        return Envelope(reader.key, reader.address, words, template)


@lru_cache(maxsize=1024)
def _why(basis: str, day: date, language: str, sender: str) -> str:
    return _WHY[language][Consent.Basis(basis)].format(day=spoken_day(day, language), sender=sender)


def test_copy(delivery: Delivery, file: BlogFile) -> Letter:
    """The marked copy for one address of the staff's own, which `delivery.audience` names."""
    prefix, _ = _TEST[file.language]
    return Letter(template(delivery, file, subject_prefix=prefix), _for_nobody(delivery, file, sendable(delivery.audience)))


def sample(delivery: Delivery, file: BlogFile, language: str = "") -> EmailMessage:
    """How it would look in a reader's mailbox; for rehearsal, preview and evidence."""
    return mime(template(delivery, file, language=language), _for_nobody(delivery, file, "a.reader@example.com"))


def kept_as(name: str) -> Path:
    """Where a rehearsed mail lies, as a file that any mail program opens."""
    folder: Path = settings.POSTLARK_DATA / "rehearsal"
    folder.mkdir(exist_ok=True)
    return folder / f"{name}.eml"


def unsubscribe_address(blog: int, subscriber: int) -> str:
    return _unsubscribe_page(unsubscribe_token(blog, subscriber))


def _unsubscribe_page(token: str) -> str:
    return f"{settings.PUBLIC_URL}/u/{token}"


def _addresses(delivery: Delivery, file: BlogFile, language: str) -> dict[str, str]:
    """The same in all copies of one language, and not known before they are made."""
    read = browser_address(delivery.pk)
    return {"read": f"{read}?lang={language}" if language else read, "archive": f"{settings.PUBLIC_URL}/archive/{file.slug}"}


def browser_address(delivery: int) -> str:
    return f"{settings.PUBLIC_URL}/read/{reading_token(delivery)}"


def sendable(address: str) -> str:
    """As a relay understands it. An address on this machine (news@localhost) stays as it is."""
    return address if address.isascii() else read_address(address).wire


def _for_nobody(delivery: Delivery, file: BlogFile, address: str) -> Envelope:
    _, why = _TEST[file.language]
    words = {
        "copy": f"{delivery.pk}.test.{clock.now():%Y%m%d%H%M%S}",
        "token": unsubscribe_token(delivery.blog_id, _NOBODY),
        "unsubscribe": unsubscribe_address(delivery.blog_id, _NOBODY),
        "why": why,
    }
    return Envelope(_NOBODY, address, words)


def _sender(file: BlogFile) -> Sender:
    assert file.sender is not None, "a blog with an e-mail channel has a sender; its file was refused otherwise"
    return file.sender


def _own_name() -> str:
    """How we introduce ourselves to a relay: by the name that readers' links lead to."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return f"[IPv6:{host}]" if address.version == 6 else f"[{host}]"
