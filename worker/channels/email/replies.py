"""What a relay's answer means. https://www.rfc-editor.org/rfc/rfc5321 (4.2) and https://www.rfc-editor.org/rfc/rfc3463"""

import re
from base64 import b64decode
from typing import NamedTuple

from worker.channels.base import Bounce, DeliveryError, Rejected, Transient, Unauthorized
from worker.channels.email.bounce import bounce
from worker.channels.email.relay import SmtpSettings
from worker.lib.text import legible

GO_ON = 354
CLOSING = 421  # the relay ends the conversation, whatever was asked
NEEDS_LOGIN = (530, 534, 535, 538)


class Reply(NamedTuple):
    """`words`: as they came; `text`: in one line."""

    code: int
    words: bytes | str

    @property
    def text(self) -> str:
        return said(self.words)

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
        """The subject and detail of the enhanced code: 1.1 for a mailbox that does not exist; empty where there is none."""
        match = re.match(r"[245]\.(\d{1,3}\.\d{1,3})\b", self.text)
        return match[1] if match else ""


def said(words: bytes | str) -> str:
    """A relay's own words, in one line, as far as anybody reads them: each reader's row holds them."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join(legible(text[:4000]).split())[:500]


def refusal(stage: str, reply: Reply) -> DeliveryError:
    """What a 4xx or 5xx means for this one reader."""
    status, detail = str(reply.code), f"{stage}: {reply}"
    if reply.is_for_now:
        return Transient(_for_now(stage, reply), status=status, detail=detail)
    means = Bounce.BLOCKED if stage == "MAIL" else bounce("", reply.text)
    return Rejected(_for_good(means, reply), bounce=means, status=status, detail=detail)


def login_refused(relay: SmtpSettings, reply: Reply) -> DeliveryError:
    status, detail = str(reply.code), _without_password(relay, str(reply))
    if reply.is_for_now:
        return Transient(f"The mail relay {relay.host} does not take logins just now.", status=status, detail=detail)
    return Unauthorized(
        f"The mail relay {relay.host} does not accept the user name or password in EMAIL_URL.", status=status, detail=detail
    )


def _without_password(relay: SmtpSettings, text: str) -> str:
    """A relay may repeat what it was told, as it was told."""
    if not relay.password:
        return text
    words = text.replace(relay.password, "***").split(" ")
    return " ".join("***" if relay.password.encode() in _decoded(word) else word for word in words)


def _decoded(word: str) -> bytes:
    try:
        return b64decode(word)
    except ValueError:
        return b""


def refuses_us(relay: SmtpSettings, sender: str, error: DeliveryError) -> DeliveryError:
    """What it says to everybody's copy before it knows whom it is for."""
    if isinstance(error, Transient):
        return Transient(f"The mail relay {relay.host} takes no more from us for now.", **error.words)
    return Unauthorized(f"The mail relay {relay.host} takes no mail from {sender}; its own words say why.", **error.words)


def _for_now(stage: str, reply: Reply) -> str:
    if reply.code == CLOSING:
        return "The mail relay ended the conversation before it took this message."
    if stage == "MAIL":
        return "The mail relay asked to be tried again later."
    if reply.about == "2.2":
        return "Their mailbox is full for now."
    return "Their mail server asked to be tried again later."


def _for_good(means: Bounce, reply: Reply) -> str:
    if means == Bounce.HARD:
        return "Their mail server said the mailbox does not exist."
    if reply.about == "2.1":
        return "Their mail server said the mailbox is switched off."
    if reply.about == "2.2" or (not reply.about and reply.code == 552):
        return "Their mailbox is full."
    if reply.about.startswith("7."):
        return "Their mail server does not want our mail; its own words say why."
    return "Their mail server refused the message; its own words say why."
