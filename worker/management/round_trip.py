"""A test mail goes out as a newsletter would and is awaited in the returns mailbox; what became of it on its way is told."""

import secrets
import time
from collections.abc import Callable, Iterator
from email.headerregistry import Address

from django.conf import settings

from worker.channels.base import DeliveryError
from worker.channels.carrier import Envelope, MailTemplate
from worker.channels.email.imap import Mailbox
from worker.lib.blogs import BlogFile
from worker.newsletter import mail
from worker.newsletter.returns.arrived import Verdict, verdicts

WITHIN = 90.0
EVERY = 2.0
NO_MAILBOX = "Whether a mail arrives signed and aligned was not looked at: that takes a mailbox that Postlark reads. Set RETURNS_URL."


def round_trip(file: BlogFile, tell: Callable[[str], object]) -> Iterator[Verdict]:
    """`tell`: hears how long it is being waited for. The mail is left where mails go that were dealt with."""
    name, relay = mail.mailbox_name(file), mail.relay_of(file)
    if not name or relay is None:
        yield Verdict("test mail", True, NO_MAILBOX)
        return
    own = f"doctor.{secrets.token_urlsafe(12)}"
    try:
        with Mailbox(settings.MAILBOXES[name]) as box:
            mail.send_one(_letter(file, own), file)
            began = time.monotonic()
            arrived = _await(box, own, tell)
            if arrived is None:
                sentence = f"It was handed to the relay and had not come to the mailbox after {WITHIN:.0f} seconds. Look whether {mail.comes_back_to(file)} leads there, and into its spam folder."
                yield Verdict("test mail", False, sentence)
                return
            uid, raw = arrived
            box.put_away(uid)
    except DeliveryError as error:
        yield Verdict("test mail", False, error.sentence)
        return
    yield Verdict("test mail", True, f"It came to the mailbox within {time.monotonic() - began:.0f} seconds.")
    yield from verdicts(raw, is_own_machine=relay.is_loopback)


def _letter(file: BlogFile, own: str) -> mail.Letter:
    """The headers of a newsletter, since what is looked at are they. Its link names nobody."""
    sender = file.sender
    assert sender is not None, "a blog with an e-mail channel has a sender; its file was refused otherwise"
    address = mail.sendable(sender.email)
    domain = address.rpartition("@")[2]
    headers = (
        ("From", str(Address(display_name=sender.name, addr_spec=address))),
        ("Subject", "Postlark looks whether its mail arrives"),
        ("Message-ID", f"<{own}@{domain}>"),
        ("List-Id", f"<{file.slug}.{domain}>"),
        ("List-Unsubscribe", f"<{mail.unsubscribe_address(0, 0)}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Auto-Submitted", "auto-generated"),
    )
    text = "A test by `postlark doctor`: nobody needs to do anything with it.\n"
    ours = mail.comes_back_to(file)
    return mail.Letter(MailTemplate(headers, sender=ours, text=text, html=""), Envelope(0, ours, {}))


def _await(box: Mailbox, own: str, tell: Callable[[str], object]) -> tuple[int, bytes] | None:
    began = time.monotonic()
    while (waited := time.monotonic() - began) < WITHIN:
        if found := box.find(own):
            return found
        tell(f"Waiting for the test mail, {waited:.0f} of at most {WITHIN:.0f} seconds ...")
        time.sleep(EVERY)
    return None
