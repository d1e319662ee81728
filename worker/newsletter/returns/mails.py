"""What a mail in the returns mailbox says. Pure: bytes in, what it is out; whatever it is made of.

Delivery reports: https://www.rfc-editor.org/rfc/rfc3464 · complaints: https://www.rfc-editor.org/rfc/rfc5965 · automatic
answers: https://www.rfc-editor.org/rfc/rfc3834 · bounces of servers that keep to none of it: https://flufl-bounce.readthedocs.io
"""

import re
from binascii import a2b_base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr
from itertools import islice
from quopri import decodestring
from typing import Literal, NamedTuple

from flufl.bounce import scan_message

from worker.channels.email.bounce import bounce
from worker.lib.text import legible
from worker.models import Return

Kind = Return.Kind
Part = Message
_LEAVE = re.compile(r"\W*((me|se|stop|please|svp) )?(unsubscribe|d[ée]sabonne|d[ée]sinscri)", re.IGNORECASE)
_PRESSED = re.compile(r"unsubscribe \d+-\d+\.\w+")
"""The subject that our List-Unsubscribe gives: a mailbox provider writes that mail for whoever presses its button, and may well say so."""
_SENT_SINGLY = re.compile(r"<(confirm|doctor)\.[\w.-]+@", re.IGNORECASE)
"""Message-IDs of mails that we send one by one: what comes back of them needs nobody."""
_REFUSAL = re.compile(r"^.{0,200}\b5\d\d[ -].{0,300}$", re.MULTILINE)
_ACTION = re.compile("failed|delayed|delivered|relayed|expanded")
_COMPLAINTS = ("abuse", "fraud", "virus", "other")
_ENCODED: dict[str, Callable[[bytes], bytes]] = {"base64": a2b_base64, "quoted-printable": decodestring}
_BY_PROGRAMS = ("auto_reply", "bulk", "junk")
"""Said by those who answer for people on holiday, too, from before there was Auto-Submitted."""
_MOST_PARTS = 50


class Said(NamedTuple):
    """Of one copy. No `kind`: nothing that matters has come of it yet."""

    kind: str = ""
    status: str = ""
    words: str = ""
    address: str = ""


class Mail(NamedTuple):
    """`report`: it tells of a copy what stands in `said`. `leave`: its sender asks to be taken off. `nothing`: there is nothing to do.
    `unclear`: a person must read it. `text`: where to look for whose copy, or which reader, it is about."""

    what: Literal["report", "leave", "nothing", "unclear"]
    subject: str = ""
    sender: str = ""
    text: str = ""
    said: Said = Said()


def read_mail(raw: bytes) -> Mail:
    try:
        return _read(message_from_bytes(raw))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        # The library's parser, met by what nobody writes by accident.
        return Mail("unclear", "(a mail that cannot be read)")


def _read(mail: Part) -> Mail:
    subject, sender, parts = line(mail, "Subject"), parseaddr(line(mail, "From"))[1], list(islice(_parts(mail), _MOST_PARTS))
    text = "\n".join(each for part in parts for each in (_ids(part), _content(part)) if each)
    said = _complaint(parts) or _status(parts) or _bounce(mail, text)
    if said and said.kind and not _SENT_SINGLY.search(text):
        return Mail("report", subject, sender, text, said)
    if said or _is_automatic(mail) or _SENT_SINGLY.search(line(mail, "Message-ID")):
        return Mail("nothing", subject, sender)
    if _asks_to_leave(subject, mail, parts):
        return Mail("leave", subject, sender, "\n".join([subject, line(mail, "To"), line(mail, "Delivered-To"), text]))
    return Mail("unclear", subject, sender)


def _parts(mail: Part) -> Iterator[Part]:
    """Each of them; of a report or a mail of ours that a server has wrapped up, though it should have left it alone, what is in there."""
    for part in mail.walk():
        inside = _unwrapped(part) if part.get_content_maintype() == "message" else None
        yield from inside.walk() if inside else [part]


def _unwrapped(part: Part) -> Part | None:
    """Out of an encoding that no report or mail may have (RFC 2046, 5.2.1), or as it was called before addresses had accents (RFC 6533).

    None: there is no wrapping.
    """
    decode = _ENCODED.get(line(part, "Content-Transfer-Encoding").lower())
    kind = part.get_content_type().replace("/global-", "/")
    if decode is None and kind == part.get_content_type():
        return None
    inside = part.as_bytes().partition(b"\n\n")[2]
    return message_from_bytes(b"Content-Type: %b\n\n%b" % (kind.encode(), decode(inside) if decode else inside))


# Reports ------------------------------------------------------------------------------------------------------------------


def _complaint(parts: Sequence[Part]) -> Said | None:
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            kind = next((block["feedback-type"].lower() for block in _blocks(part) if "feedback-type" in block), "")
            if kind in _COMPLAINTS:
                return Said(Kind.COMPLAINED, words=f"Feedback-Type: {kind}")
            return Said(Kind.UNSUBSCRIBED if kind.startswith("opt-out") else "")
    return None


def _status(parts: Sequence[Part]) -> Said | None:
    for part in parts:
        if part.get_content_type() == "message/delivery-status":
            told = {found[0]: block for block in _blocks(part) if (found := _ACTION.match(block.get("action", "").lower()))}
            if "failed" in told:
                return _failure(told["failed"])
            return Said(Kind.DELIVERED if told.keys() == {"delivered"} else "") if told else None
    return None


def _failure(block: dict[str, str]) -> Said:
    status, words = block.get("status", ""), block.get("diagnostic-code", "")
    address = block.get("original-recipient") or block.get("final-recipient", "")
    return Said(bounce(status, words), status.partition(" ")[0], words, address.rpartition(";")[2].strip(" <>"))


def _bounce(mail: Part, text: str) -> Said | None:
    """Of a server that keeps to no standard."""
    if not scan_message(mail):
        return None
    refusal = _REFUSAL.search(text)
    words = " ".join(legible(refusal[0] if refusal else text[:500]).split())
    return Said(bounce("", words), words=words)


def _blocks(part: Part) -> list[dict[str, str]]:
    """The groups of fields of a report."""
    blocks = part.get_payload()
    return [
        {name.lower(): " ".join(legible(str(value)).split()) for name, value in block.items()}
        for block in blocks
        if isinstance(block, Message)
    ]


# Mails that people and their programs write -----------------------------------------------------------------------------------


def _is_automatic(mail: Part) -> bool:
    if _PRESSED.fullmatch(line(mail, "Subject")):
        return False
    if re.match(r"(?!no\b)\w", line(mail, "Auto-Submitted").lower()):  # a comment may follow
        return True
    if mail.get_content_type() == "multipart/report" and mail.get_param("report-type") == "disposition-notification":
        return True  # somebody's program says that it was read, which nobody asked
    return any(mail[name] for name in ("X-Autoreply", "X-Autorespond")) or line(mail, "Precedence").lower() in _BY_PROGRAMS


def _asks_to_leave(subject: str, mail: Part, parts: Sequence[Part]) -> bool:
    """By the subject, or by the first words somebody wrote; what they quote says nothing, nor does what comes from nobody (RFC 5321, 4.5.5)."""
    if line(mail, "Return-Path") == "<>":
        return False
    plain = next((_content(part) for part in parts if part.get_content_type() == "text/plain"), "")
    return bool(_LEAVE.match(subject) or _LEAVE.match(plain.strip()))


def line(mail: Part, name: str) -> str:
    """A header as people read it."""
    raw = next((value for key, value in mail.raw_items() if key.lower() == name.lower()), "")
    value = str(raw)[:2000].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    with suppress(ValueError, LookupError):
        value = str(make_header(decode_header(value)))
    return " ".join(value.split())


def _ids(part: Part) -> str:
    return "\n".join(str(part[name]) for name in ("Message-ID", "In-Reply-To", "References", "List-Unsubscribe") if part[name])


def _content(part: Part) -> str:
    if part.is_multipart() or part.get_content_maintype() not in ("text", "message"):
        return ""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    with suppress(ValueError, LookupError):
        return payload.decode(part.get_content_charset("utf-8"))
    return payload.decode("utf-8", "replace")
