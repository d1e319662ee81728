"""A newsletter as bytes: encoded once, then each reader's copy joined from the pieces.

Building a message anew for each reader is what makes ordinary mailers slow. So the fixed words are encoded once, and only
what stands in place of a mark is encoded for each reader, in between. In the bodies a mark is set apart by soft line breaks
(RFC 2045, 6.7, rule 5), which vanish when the mail is read: whatever is put there, neither the words around it nor the
length of their lines change.

Everything is 7-bit, so no relay need offer 8BITMIME; no line begins with a dot, so there is none to double (RFC 5321, 4.5.2).
"""

import re
import unicodedata
from base64 import encodebytes
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from functools import lru_cache
from html import escape
from typing import NamedTuple

from worker.channels.base import Picture
from worker.channels.carrier import INLINE_PICTURE, MARK, Envelope, MailTemplate
from worker.channels.email.dkim import Signer

_WHOLE = {"list-unsubscribe", "list-id", "message-id"}
"""Headers that stay one word: folded or encoded, no mail program would read them."""
_ADDRESS = "to"
_LONG = 200  # a header's own words up to here are left in one line, which may have 998 (RFC 5322, 2.1.1)


_POLICY = EmailPolicy(linesep="\r\n")
_AS_IT_IS = _POLICY.clone(refold_source="none")


class _Slot(NamedTuple):
    """Where one reader's own words go, and how they are written there."""

    name: str
    encode: Callable[[str], bytes]


class Copies:
    """Copies of one template, and of those that an envelope brings. KeyError for a mark that an envelope has no words for."""

    def __init__(self, template: MailTemplate, signer: Signer | None = None) -> None:
        self._signer = signer
        self._template = template
        self._cut: dict[int, _Cut] = {}

    def copy(self, envelope: Envelope, end: bytes = b"") -> bytes:
        """As it goes over the wire. `end`: what is to follow it there."""
        template = envelope.template or self._template
        cut = self._cut.get(id(template)) or self._cut.setdefault(id(template), _Cut.of(template))
        words = {**envelope.personal, _ADDRESS: envelope.address}
        pieces = [*cut.pieces, end]
        for (name, encode), places in cut.slots:
            own = encode(words[name])
            for place in places:
                pieces[place] = own
        if self._signer is not None:
            pieces.insert(0, self._signer.header(b"".join(pieces[: cut.body]), b"".join(pieces[cut.body : -1])))
        return b"".join(pieces)


class _Cut(NamedTuple):
    """A template in pieces, those empty that a reader's own words fill: each slot with its places. `body`: the place where it begins.

    It holds the template, so that nothing else can come to have its id.
    """

    template: MailTemplate
    pieces: list[bytes]
    slots: list[tuple[_Slot, list[int]]]
    body: int

    @classmethod
    def of(cls, template: MailTemplate) -> "_Cut":
        head, body = _joined(_head(template)), _joined(_body(template))
        places: dict[_Slot, list[int]] = {}
        for place, piece in enumerate(head + body):
            if isinstance(piece, _Slot):
                places.setdefault(piece, []).append(place)
        return cls(template, [b"" if isinstance(piece, _Slot) else piece for piece in head + body], list(places.items()), len(head))


def mime(template: MailTemplate, envelope: Envelope) -> EmailMessage:
    """One reader's copy, read back from the very bytes that would leave."""
    return message_from_bytes(Copies(template).copy(envelope), policy=_AS_IT_IS)


def _joined(pieces: Iterator[bytes | _Slot]) -> list[bytes | _Slot]:
    """With neighbouring bytes in one piece."""
    joined: list[bytes | _Slot] = []
    for piece in pieces:
        if joined and isinstance(piece, bytes) and isinstance(joined[-1], bytes):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


# Headers ------------------------------------------------------------------------------------------------------------------


def _head(template: MailTemplate) -> Iterator[bytes | _Slot]:
    yield from (b"To: ", _Slot(_ADDRESS, _address), b"\r\n")
    yield from _header("Date", format_datetime(datetime.now(UTC)))
    for name, value in template.headers:
        yield from _header(name, value)
    yield b"MIME-Version: 1.0\r\n"


def _address(words: str) -> bytes:
    return one_line(words).encode()


def _header(name: str, value: str) -> Iterator[bytes | _Slot]:
    encode = _whole if name.lower() in _WHOLE else _words
    if encode is _words and not MARK.search(value):
        yield _POLICY.header_factory(name, one_line(value)).fold(policy=_POLICY).encode("ascii")
        return
    yield f"{name}: ".encode("ascii")
    for words, slot in _cut(one_line(value), encode):
        yield encode(words) if words else b""
        if slot:
            yield slot
    yield b"\r\n"


def _whole(words: str) -> bytes:
    return one_line(words).encode("ascii")


def _words(words: str) -> bytes:
    """A reader's own words in a header: as they are, or as encoded words (RFC 2047)."""
    line = one_line(words)
    if line.isascii() and len(line) < _LONG:
        return line.encode()
    return Header(line, "utf-8", maxlinelen=70, continuation_ws=" ").encode(linesep="\r\n").encode("ascii")


def one_line(value: str) -> str:
    """Whatever could end a header and begin another becomes a space."""
    if value.isascii() and value.isprintable() and "  " not in value:
        return value
    return " ".join("".join(" " if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") else sign for sign in value).split())


# Bodies -------------------------------------------------------------------------------------------------------------------

_ALTERNATIVE, _RELATED = b"=_alternative", b"=_related"  # "=_" occurs in no quoted-printable and in no base64 (RFC 2045, 6.7)


def _body(template: MailTemplate) -> Iterator[bytes | _Slot]:
    """From the Content-Type on."""
    if not template.html:
        yield from _text("plain", template.text, _plain)
        return
    yield b'Content-Type: multipart/alternative; boundary="%b"\r\n\r\n--%b\r\n' % (_ALTERNATIVE, _ALTERNATIVE)
    yield from _text("plain", template.text, _plain)
    yield b"\r\n--%b\r\n" % _ALTERNATIVE
    if template.picture:
        yield b'Content-Type: multipart/related; boundary="%b"\r\n\r\n--%b\r\n' % (_RELATED, _RELATED)
    yield from _text("html", template.html, _escaped)
    if template.picture:
        yield b"\r\n--%b\r\n%b\r\n--%b--\r\n" % (_RELATED, _enclosed(template.picture), _RELATED)
    yield b"\r\n--%b--\r\n" % _ALTERNATIVE


def _text(kind: str, text: str, encode: Callable[[str], bytes]) -> Iterator[bytes | _Slot]:
    yield b'Content-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n' % kind.encode()
    for words, slot in _cut(text, encode):
        yield quoted_printable(words)
        if slot:
            yield from (b"=\r\n", slot, b"=\r\n")


def _enclosed(picture: Picture) -> bytes:
    """Beside the HTML that shows it, not as an attachment."""
    kind = picture.media_type.partition("/")[2]
    head = (
        f"Content-Type: {picture.media_type}\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: inline; filename="picture.{kind}"\r\nContent-ID: <{INLINE_PICTURE.removeprefix("cid:")}>\r\n\r\n'
    )
    return head.encode() + encodebytes(picture.data).replace(b"\n", b"\r\n")


def _cut(text: str, encode: Callable[[str], bytes]) -> Iterator[tuple[str, _Slot | None]]:
    """The fixed words before each mark, with the mark's slot; then the rest."""
    *parts, last = MARK.split(text)
    for words, name in zip(parts[::2], parts[1::2], strict=True):
        yield words, _Slot(name, encode)
    yield last, None


@lru_cache(maxsize=256)
def _plain(words: str) -> bytes:
    return quoted_printable(words)


@lru_cache(maxsize=256)
def _escaped(words: str) -> bytes:
    return _plain(escape(words))


# Quoted-printable (RFC 2045, 6.7) -------------------------------------------------------------------------------------------

_PLAIN = re.compile(r"[!-<>-~]+")
_ROOM = 72  # of the 76 that a line may have: room for the break's "=" and for a first sign that must be written as =2E


def quoted_printable(text: str) -> bytes:
    """Exactly these words once decoded; every kind of line break becomes CRLF."""
    if _PLAIN.fullmatch(text):  # a link, as a rule
        line = text.encode()
        if len(line) <= _ROOM:
            return _begun(line)
        return b"=\r\n".join([_begun(line[at : at + _ROOM]) for at in range(0, len(line), _ROOM)])
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return b"\r\n".join([_line(line.encode("utf-8", "replace")) for line in lines])


def _line(line: bytes) -> bytes:
    signs = [_SIGNS[sign] for sign in line]
    if line[-1:] in (b" ", b"\t"):  # a space that ends a line would be dropped
        signs[-1] = b"=%02X" % line[-1]
    folded, length = [b""], 0
    for sign in signs:
        if length + len(sign) > _ROOM:
            folded.append(b"")
            length = 0
        folded[-1] += sign
        length += len(sign)
    return b"=\r\n".join([_begun(piece) for piece in folded])


def _begun(line: bytes) -> bytes:
    """A dot would be doubled, and a "From " would get a ">" from old servers."""
    if line.startswith((b".", b"From ")):
        return b"=%02X%b" % (line[0], line[1:])
    return line


_SIGNS = [bytes([sign]) if sign in b"\t " or (33 <= sign <= 126 and sign != 61) else b"=%02X" % sign for sign in range(256)]
