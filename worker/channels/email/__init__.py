"""E-mail: an own copy for each reader, over an SMTP relay or by a mail provider's own interface.

What a relay may answer, and when a message counts as taken: https://www.rfc-editor.org/rfc/rfc5321 (4.2.5 and 6.1).

| file | is about |
|---|---|
| `relay`, `mailbox` | what EMAIL_URL and RETURNS_URL may say |
| `copies`, `dkim` | the bytes of each reader's copy |
| `opening` | connect, encrypt, sign in |
| `line`, `replies` | one open line: what is said, what the answers mean |
| `conversations` | all lines together |
| `esp/` | a provider that takes many copies in one request |
| `bounce` | what a refusal says of a mailbox |
| `imap` | the mailbox to which copies come back |
"""

import time
from collections.abc import Generator, Iterable
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import field_validator

from worker.channels.base import Limits, PictureRules
from worker.channels.carrier import Carrier, Envelope, Handed, Intent, MailTemplate
from worker.channels.email.conversations import OPEN_WITHIN, Conversations
from worker.channels.email.copies import Copies, mime
from worker.channels.email.dkim import Signer, read_signer
from worker.channels.email.esp.settings import EspSettings, parse_esp
from worker.channels.email.mailbox import MailboxSettings, parse_mailbox
from worker.channels.email.opening import Opening
from worker.channels.email.relay import RelaySettings, SmtpSettings, is_loopback, parse_smtp
from worker.lib.blogs import ChannelOptions, whole
from worker.lib.editions import ALLOWED, INSTANT, Digest, parse_edition

__all__ = [
    "Email",
    "EmailOptions",
    "EspSettings",
    "MailboxSettings",
    "RelaySettings",
    "Signer",
    "SmtpSettings",
    "is_loopback",
    "mime",
    "parse_mailbox",
    "parse_relay",
    "read_signer",
]


def parse_relay(url: str) -> RelaySettings:
    """What EMAIL_URL says. ValueError with a sentence that goes on after the variable's name, and never repeats what stands there."""
    return parse_esp(url) if url.startswith("anymail") else parse_smtp(url)


class EmailOptions(ChannelOptions):
    editions: list[str] = ["instant"]
    related: Annotated[int, whole(0, 10)] = 3

    @field_validator("editions")
    @classmethod
    def _one_of_a_kind(cls, value: list[str]) -> list[str]:
        value = [" ".join(rule.lower().split()) for rule in value]
        names = [(digest.name if digest else INSTANT) for digest in map(parse_edition, value)]
        if not names:
            raise ValueError(f"is empty; allowed are {ALLOWED}.")
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"has {twice[0]!r} twice; readers choose among one of each kind.")
        return value

    @property
    def digests(self) -> list[Digest]:
        return [digest for digest in map(parse_edition, self.editions) if digest]

    @property
    def names(self) -> list[str]:
        """Of its editions, as a reader's choice keeps them; the first is for whoever has chosen none of them."""
        return [rule.split()[0] for rule in self.editions]


class Email(Carrier):
    """`hello`: how this machine introduces itself. `until`: on time.monotonic(), when the caller must have its last answer.

    `lines`: so many connections at once; None: as many as the relay may have. `signer`: signs by DKIM; None: the relay does.
    """

    slug = "email"
    name = "E-mail"
    column = 10
    done = "Sent"
    limits = Limits(text=1_000_000)
    picture = PictureRules(width=1200, height=800, most_bytes=120_000, media_types=("image/jpeg",))
    Options = EmailOptions

    def __init__(
        self,
        relay: RelaySettings,
        *,
        hello: str = "localhost",
        until: float = float("inf"),
        lines: int | None = None,
        signer: Signer | None = None,
    ) -> None:
        self.relay = relay
        self.hello = hello
        self.until = until
        self.lines = lines or relay.connections
        self.signer = signer
        self.settle = LOG_SETTLES if isinstance(relay, EspSettings) and relay.logs else None

    def check(self) -> str:
        """Greet the relay, encrypt, sign in, and leave. What it said, in words for people. Raises Transient or Unauthorized."""
        if isinstance(self.relay, EspSettings):
            from worker.channels.email.esp import hand_in  # only where a provider is spoken to: it takes long to import

            return hand_in.check(self.relay)
        assert isinstance(self.relay, SmtpSettings)
        patience = max(0.05, min(OPEN_WITHIN, self.until - time.monotonic()))
        Opening(self.relay, self.hello, patience).run().sock.close()
        greeted = "greets us, encrypts" if self.relay.tls != "none" else "greets us"
        return f"{self.relay.host} {greeted}{' and takes our login' if self.relay.user else ''}."

    def send(self, template: MailTemplate, envelopes: Iterable[Envelope]) -> Generator[Intent | Handed, bool | None, None]:
        """As `Carrier.send`. The Intent comes once the relay waits for the body: nothing lies between it and the first byte.

        A line that is lost is opened again for the next envelope; lost five times in a row, Transient ends the run.
        """
        if isinstance(self.relay, EspSettings):
            from worker.channels.email.esp import hand_in

            return hand_in.send(self.relay, template, iter(envelopes), self.until)
        assert isinstance(self.relay, SmtpSettings)
        conversations = Conversations(self.relay, self.hello, self.lines, self.until)
        return conversations.send(template.sender, iter(envelopes), Copies(template, self.signer).copy)

    def find(self, label: str, address: str, since: datetime) -> str:
        assert isinstance(self.relay, EspSettings), "only then there is something to settle"
        from worker.channels.email.esp import hand_in

        return hand_in.find(self.relay, label, address, since, self.until)


LOG_SETTLES = timedelta(minutes=10)
"""No provider's log shows a mail later than this, by what they say."""
