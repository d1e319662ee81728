"""E-mail over an SMTP relay: one conversation, an own copy for each reader.

What a relay may answer, and when a message counts as taken: https://www.rfc-editor.org/rfc/rfc5321 (4.2.5 and 6.1).
Headers of a list that can be left with one click: https://www.rfc-editor.org/rfc/rfc8058
"""

import ipaddress
import re
import smtplib
import ssl
import time
import unicodedata
from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from html import escape
from typing import Literal, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import field_validator

from worker.channels.base import (
    INLINE_PICTURE,
    Carrier,
    DeliveryError,
    Envelope,
    Handed,
    Intent,
    Limits,
    MailTemplate,
    OutcomeUnknown,
    Picture,
    PictureRules,
    Rejected,
    Transient,
    Unauthorized,
)
from worker.lib.blogs import ChannelOptions

Tls = Literal["starttls", "ssl", "none"]

_PORTS: dict[Tls, int] = {"starttls": 587, "ssl": 465, "none": 25}
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_SHAPE = "smtp://USER:PASSWORD@HOST:PORT?tls=starttls"

REPLY_WITHIN = 60.0  # seconds; RFC 5321 4.5.3.2 would wait up to ten minutes, longer than a claim lives
_QUIT_WITHIN = 2.0
_LOST_IN_A_ROW = 5
"""So many lines lost without one message taken: the relay is ill, and each more would put one more reader in doubt."""


@dataclass(frozen=True)
class RelaySettings:
    """One relay, as EMAIL_URL names it. `interval`: the least time between two messages; zero: no limit."""

    host: str
    port: int
    tls: Tls
    user: str = ""
    password: str = field(default="", repr=False)
    interval: timedelta = timedelta(0)
    connections: int = 4

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """By its name alone; nothing is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def parse_relay(url: str) -> RelaySettings:
    """ValueError with a sentence that goes on after the variable's name. It never repeats what stands there: it may hold a password.

    `tls` unset: ssl on port 465, none on this machine, else starttls.
    """
    parts = _split(url)
    options = _options(parts.query)
    host = (parts.hostname or "").lower()
    tls = _tls(options.get("tls", ""), host, parts.port)
    return RelaySettings(
        host=host,
        port=parts.port or _PORTS[tls],
        tls=tls,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        interval=_interval(options.get("rate", "")),
        connections=_connections(options.get("connections", "4")),
    )


def _split(url: str) -> SplitResult:
    if url.startswith("anymail"):
        raise ValueError(f"names a provider's own interface; this version sends through SMTP only: {_SHAPE}.")
    if not url.startswith("smtp://"):
        raise ValueError(f"must begin with smtp://, as in {_SHAPE}.")
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        has_port = False
    if not has_port:
        raise ValueError(
            "has a port that is not a number from 1 to 65535; signs like : / ? # @ in a password are written %3A %2F %3F %23 %40."
        )
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]+", (parts.hostname or "").lower()):
        raise ValueError(f"does not name the relay's host; the form is {_SHAPE}.")
    if parts.path not in ("", "/") or parts.fragment:
        raise ValueError("has something between the port and the options; signs like / ? # in a password are written %2F %3F %23.")
    if bool(parts.username) != bool(parts.password):
        raise ValueError("has a user name without a password, or a password without a user name.")
    return parts


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    if not options.keys() <= {"tls", "rate", "connections"}:
        raise ValueError("has an option that Postlark does not know; allowed are tls, rate and connections.")
    return options


def _tls(value: str, host: str, port: int | None) -> Tls:
    match value:
        case "starttls" | "ssl" | "none":
            return value
        case "":
            return "ssl" if port == _PORTS["ssl"] else "none" if is_loopback(host) else "starttls"
    raise ValueError("has an option tls that Postlark does not know; allowed are tls=starttls, tls=ssl and tls=none.")


def _interval(rate: str) -> timedelta:
    if not rate:
        return timedelta(0)
    match = re.fullmatch(r"(\d{1,6})/([smh])", rate)
    if not match or not int(match[1]):
        raise ValueError("has an option rate that is not a number a second, minute or hour, for example rate=10/s.")
    return timedelta(seconds=_SECONDS[match[2]]) / int(match[1])


def _connections(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 100:
        raise ValueError("has an option connections that is not a number from 1 to 100.")
    return int(value)


# One copy -----------------------------------------------------------------------------------------------------------------

_MARK = re.compile("\ue000([a-z_]+)\ue001")
_WHOLE = {"list-unsubscribe", "list-id", "message-id"}


class _OnTheWire(EmailPolicy):
    """Like email.policy.SMTP, but never folds what must stay one word: the library would write a long
    List-Unsubscribe as =?utf-8?q?...?=, which no mail program reads (https://github.com/python/cpython/issues/100293)."""

    def fold(self, name: str, value: str) -> str:
        return f"{name}: {value}{self.linesep}" if name.lower() in _WHOLE else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("ascii") if name.lower() in _WHOLE else super().fold_binary(name, value)


_POLICY = _OnTheWire(linesep="\r\n")


def mime(template: MailTemplate, envelope: Envelope) -> EmailMessage:
    """One reader's copy: marks replaced, escaped where it is HTML. KeyError for a mark that the envelope has no words for."""
    message = EmailMessage(policy=_POLICY)
    message["To"] = _one_line(envelope.address)
    message["Date"] = format_datetime(datetime.now(UTC))
    for name, value in template.headers:
        message[name] = _one_line(_personal(value, envelope.personal))
    message.set_content(_personal(template.text, envelope.personal), cte="quoted-printable")
    if template.html:
        own = {name: escape(words) for name, words in envelope.personal.items()}
        message.add_alternative(_personal(template.html, own), subtype="html", cte="quoted-printable")
    if template.html and template.picture:
        _enclose(message, template.picture)
    return message


def _enclose(message: EmailMessage, picture: Picture) -> None:
    """Beside the HTML that shows it, not as an attachment."""
    html = cast("EmailMessage", message.get_body(("html",)))
    kind = picture.media_type.partition("/")[2]
    html.add_related(
        picture.data, "image", kind, cid=f"<{INLINE_PICTURE.removeprefix('cid:')}>", disposition="inline", filename=f"picture.{kind}"
    )


def _personal(text: str, words: Mapping[str, str]) -> str:
    return _MARK.sub(lambda mark: words[mark[1]], text)


def _one_line(value: str) -> str:
    """Whatever could end a header and begin another becomes a space."""
    return " ".join("".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in value).split())


def _body(message: EmailMessage) -> bytes:
    """As DATA wants it: dots at the start of a line doubled, a dot alone at the end."""
    stuffed = re.sub(rb"(?m)^\.", b"..", message.as_bytes())
    return stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")


# The conversation -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reply:
    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}"

    @property
    def is_taken(self) -> bool:
        return 200 <= self.code < 300

    @property
    def is_for_now(self) -> bool:
        return 400 <= self.code < 500

    @property
    def about(self) -> str:
        """The subject and detail of the enhanced code (RFC 3463): 1.1 for a mailbox that does not exist; empty where there is none."""
        match = re.match(r"[245]\.(\d{1,3}\.\d{1,3})\b", self.text)
        return match[1] if match else ""


def _refusal(stage: str, reply: _Reply) -> DeliveryError:
    """What a 4xx or 5xx means for this one reader."""
    status, detail = str(reply.code), f"{stage}: {reply}"
    if reply.is_for_now:
        return Transient(_for_now(reply), status=status, detail=detail)
    return Rejected(_for_good(stage, reply), status=status, detail=detail)


def _for_now(reply: _Reply) -> str:
    if reply.code == _CLOSING:
        return "The mail relay ended the conversation before it took this message."
    if reply.about == "2.2":
        return "Their mailbox is full for now."
    return "Their mail server asked to be tried again later."


def _for_good(stage: str, reply: _Reply) -> str:
    if reply.about.startswith("1.") or (stage == "RCPT" and not reply.about and reply.code in (550, 551, 553)):
        return "Their mail server said the mailbox does not exist."
    if reply.about == "2.1":
        return "Their mail server said the mailbox is switched off."
    if reply.about == "2.2" or (not reply.about and reply.code == 552):
        return "Their mailbox is full."
    if reply.about.startswith("7."):
        return "Their mail server does not want our mail; its own words say why."
    return "Their mail server refused the message; its own words say why."


_GO_ON = 354
_CLOSING = 421  # the relay ends the conversation, whatever was asked
_NEEDS_LOGIN = (530, 534, 535, 538)


class _Line:
    """An open connection to the relay, logged in. `lost`: nothing more can be said on it."""

    def __init__(self, relay: RelaySettings, hello: str, until: float) -> None:
        """Raises Transient or Unauthorized; nothing has been sent then."""
        self.lost = False
        self._until = until
        try:
            self._smtp = self._open(relay, hello)
        except smtplib.SMTPNotSupportedError as error:
            wanted = "a login" if "AUTH" in str(error) else "an encrypted line (STARTTLS)"
            raise Unauthorized(
                f"The mail relay {relay.host} does not offer {wanted}, which EMAIL_URL asks for.", detail=str(error)
            ) from None
        except ssl.SSLCertVerificationError as error:
            raise Unauthorized(f"The mail relay {relay.host} shows a certificate that is not valid for it.", detail=str(error)) from None
        except smtplib.SMTPAuthenticationError as error:
            raise _login_refused(relay, _Reply(error.smtp_code, _text(error.smtp_error))) from None
        except smtplib.SMTPResponseException as error:
            reply = _Reply(error.smtp_code, _text(error.smtp_error))
            raise Transient(
                f"The mail relay {relay.host} does not take mail just now.", status=str(reply.code), detail=str(reply)
            ) from None
        except OSError as error:
            raise Transient(f"The mail relay {relay.host} cannot be reached.", detail=str(error)) from None

    def _open(self, relay: RelaySettings, hello: str) -> smtplib.SMTP:
        timeout = self._patience()
        if relay.tls == "ssl":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(relay.host, relay.port, local_hostname=hello, timeout=timeout, context=_context(relay))
        else:
            smtp = smtplib.SMTP(relay.host, relay.port, local_hostname=hello, timeout=timeout)
        try:
            if relay.tls == "starttls":
                smtp.starttls(context=_context(relay))
            smtp.ehlo_or_helo_if_needed()
            if relay.user:
                smtp.login(relay.user, relay.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def ask(self, what: str | bytes) -> _Reply:
        """One command, or one body, and its reply. ConnectionError when the line was lost or nothing came in time."""
        try:
            self._wait(self._patience())
            if isinstance(what, bytes):
                self._smtp.send(what)
                code, text = self._smtp.getreply()
            else:
                code, text = self._smtp.docmd(what)
            if not 200 <= code < 600:
                raise ConnectionError("The relay answered something that is not SMTP.")
        except OSError as error:  # smtplib's own errors are OSErrors too
            self.lost = True
            raise ConnectionError(str(error)) from None
        self.lost = code == _CLOSING
        return _Reply(code, _text(text))

    def forget(self) -> None:
        """Drop the half-made message, so that the next one begins afresh."""
        with suppress(ConnectionError):
            if not self.lost:
                self.ask("RSET")

    def end(self) -> None:
        with suppress(OSError):
            self._wait(_QUIT_WITHIN)
            self._smtp.quit()
        self.drop()

    def drop(self) -> None:
        self._smtp.close()

    def _patience(self) -> float:
        return max(0.05, min(REPLY_WITHIN, self._until - time.monotonic()))

    def _wait(self, seconds: float) -> None:
        if self._smtp.sock is not None:
            self._smtp.sock.settimeout(seconds)


def _context(relay: RelaySettings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if relay.is_loopback:  # a certificate on this machine is self-made: there is nothing to check it against
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _text(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join(text.split())


def _login_refused(relay: RelaySettings, reply: _Reply) -> DeliveryError:
    status, detail = str(reply.code), str(reply)
    if reply.is_for_now:
        return Transient(f"The mail relay {relay.host} does not take logins just now.", status=status, detail=detail)
    return Unauthorized(
        f"The mail relay {relay.host} does not accept the user name or password in EMAIL_URL.", status=status, detail=detail
    )


class EmailOptions(ChannelOptions):
    editions: list[str] = ["instant"]
    related: int = 3

    @field_validator("editions")
    @classmethod
    def _sent_by_this_version(cls, value: list[str]) -> list[str]:
        if value != ["instant"]:
            raise ValueError('must be ["instant"]; digests are not sent by this version.')
        return value

    @field_validator("related")
    @classmethod
    def _few(cls, value: int) -> int:
        if not 0 <= value <= 10:
            raise ValueError("must be from 0 to 10.")
        return value


class Email(Carrier):
    """`hello`: how this machine introduces itself. `until`: on time.monotonic(), when the caller must have its last answer."""

    slug = "email"
    name = "E-mail"
    column = 10
    done = "Sent"
    limits = Limits(text=1_000_000)
    picture = PictureRules(width=1200, height=800, most_bytes=120_000, media_types=("image/jpeg",))
    Options = EmailOptions

    def __init__(self, relay: RelaySettings, *, hello: str = "localhost", until: float = float("inf")) -> None:
        self.relay = relay
        self.hello = hello
        self.until = until

    def check(self) -> None:
        """Greet the relay, encrypt, sign in, and leave. Raises Transient or Unauthorized."""
        _Line(self.relay, self.hello, self.until).end()

    def send(self, template: MailTemplate, envelopes: Iterable[Envelope]) -> Generator[Intent | Handed, bool | None, None]:
        """As `Carrier.send`. The Intent comes once the relay waits for the body: nothing lies between it and the first byte.

        A line that is lost is opened again for the next envelope; lost five times in a row, Transient ends the run.
        """
        line: _Line | None = None
        lost = 0
        try:
            for envelope in envelopes:
                if lost >= _LOST_IN_A_ROW:
                    raise Transient(f"The mail relay {self.relay.host} dropped the line {lost} times in a row.")
                line = line or _Line(self.relay, self.hello, self.until)
                handed = yield from self._one(line, template, envelope)
                if handed is None:
                    line.lost = True  # the relay still waits for the body that was left out
                else:
                    lost = lost + 1 if line.lost else 0
                    yield handed
                if line.lost:
                    line.drop()
                    line = None
            if line is not None:
                line.end()
        finally:
            if line is not None:
                line.drop()

    def _one(self, line: _Line, template: MailTemplate, envelope: Envelope) -> Generator[Intent, bool | None, Handed | None]:
        """None: the caller left it out."""
        key = envelope.key
        body = _body(mime(template, envelope))
        try:
            for stage, command in (("MAIL", f"MAIL FROM:<{template.sender}>"), ("RCPT", f"RCPT TO:<{envelope.address}>"), ("DATA", "DATA")):
                reply = line.ask(command)
                if reply.code in _NEEDS_LOGIN:
                    raise _login_refused(self.relay, reply)
                if not (reply.is_taken or reply.code == _GO_ON):
                    line.forget()
                    return Handed(key, _refusal(stage, reply))
        except ConnectionError as error:
            return Handed(key, Transient("The mail relay dropped the line before it took this message.", detail=str(error)))
        if (yield Intent(key)) is False:
            return None
        try:
            reply = line.ask(body)
        except ConnectionError as error:
            sentence = "The line broke after the message had left and before the mail relay said that it took it."
            return Handed(key, OutcomeUnknown(sentence, detail=str(error)))
        if reply.is_taken:
            return Handed(key, None, detail=str(reply))
        return Handed(key, _refusal("message", reply))
