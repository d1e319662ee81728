"""What is new in a returns mailbox is read: what its mails say becomes returns, leavers leave, and what nobody understands gets a star.

A mail is put away only when what it says is committed, and a report that comes twice changes nothing: whoever dies in
between leaves it to be read again. Over a mail on which two readers have died a person is asked.

| crash point | where | left behind |
|---|---|---|
| `mail-read` | it is read, nothing of it recorded | it is read again |
| `mail-recorded` | what it says is committed, it lies where it was | it is read again, and changes nothing |
"""

import time
from typing import NamedTuple

from worker.channels.email import MailboxSettings
from worker.channels.email.imap import Mailbox
from worker.lib import clock
from worker.lib.blogs import blogs
from worker.lib.crash import point
from worker.models import Blog, Recipient
from worker.models import Mailbox as Row
from worker.newsletter.leave import leaver_of, unsubscribe_by_mail
from worker.newsletter.look_up import it_left
from worker.newsletter.mail import mailbox_name
from worker.newsletter.outcome import Outcome
from worker.newsletter.returns.mails import Kind, Mail, read_mail
from worker.newsletter.returns.record import Report, record
from worker.newsletter.returns.whose import newest_of, of_copy

THE_MAILBOX = "The returns mailbox"
_TRIES_A_MAIL = 2


class Seen(NamedTuple):
    """`through`: False where there is more than the time allowed. `starred`: mails that need a person."""

    through: bool
    starred: int


def read_new(row: Row, mailbox: MailboxSettings, until: float) -> Seen:
    """Raises a DeliveryError when it cannot be read. `until`: on time.monotonic(), when no further mail may be begun."""
    with Mailbox(mailbox) as box:
        new, blog = box.new(), _only_blog(row.name)
        for uid in new:
            if time.monotonic() > until:
                break
            _take(row, box, uid, blog)
        else:
            Row.objects.filter(pk=row.pk).update(reading=None, stumbled=0)
            return Seen(True, box.starred())
        return Seen(False, box.starred())


def _take(row: Row, box: Mailbox, uid: int, blog: Blog | None) -> None:
    row.stumbled = row.stumbled + 1 if row.reading == uid else 0
    row.reading = uid
    row.save(update_fields=["reading", "stumbled"])
    is_understood = row.stumbled < _TRIES_A_MAIL and _act_on(read_mail(box.read(uid)), blog)
    point("mail-recorded")
    if is_understood:
        box.put_away(uid)
    else:
        box.star(uid)


def _act_on(mail: Mail, blog: Blog | None) -> bool:
    """False: a person must read it."""
    point("mail-read")
    match mail.what:
        case "report":
            recipient = of_copy(mail.text) or (_by_the_reader(mail.text) if mail.said.kind == Kind.COMPLAINED else None)
            if recipient is None:
                return False
            kind, status, words, address = mail.said
            if recipient.state == Recipient.State.UNKNOWN:
                _end_the_doubt(recipient, words)
            record(recipient, Report(kind, THE_MAILBOX, clock.now(), words, status, address))
            return True
        case "leave":
            return unsubscribe_by_mail(blog, mail.sender, mail.text) is not None
    return mail.what == "nothing"


def _end_the_doubt(recipient: Recipient, words: str) -> None:
    """What came back must have left."""
    proof = Outcome(Recipient.State.SENT, "The answer was lost, but the copy had left: it came back.", recipient.tries, clock.now(), words)
    it_left(recipient.batch_id, {recipient.pk: proof}, "A copy that was in doubt came back, so it had left.")


def _by_the_reader(text: str) -> Recipient | None:
    """Who passes complaints on takes out the Message-ID at times; the unsubscribe link names the reader, too."""
    reader = leaver_of(text)
    return newest_of(reader) if reader else None


def _only_blog(name: str) -> Blog | None:
    """Whose mailbox it is; None where several blogs share it."""
    slugs = [file.slug for file in blogs().values() if mailbox_name(file) == name]
    return Blog.objects.filter(slug=slugs[0]).first() if len(slugs) == 1 else None
