"""E-mail over an SMTP relay: an own copy for each reader, many on their way at once.

What a relay may answer, and when a message counts as taken: https://www.rfc-editor.org/rfc/rfc5321 (4.2.5 and 6.1).

| file | is about |
|---|---|
| `relay` | what EMAIL_URL may say |
| `copies`, `dkim` | the bytes of each reader's copy |
| `opening` | connect, encrypt, sign in |
| `line`, `replies` | one open line: what is said, what the answers mean |
| `conversations` | all lines together |
"""

import time
from collections.abc import Generator, Iterable

from pydantic import field_validator

from worker.channels.base import Carrier, Envelope, Handed, Intent, Limits, MailTemplate, PictureRules
from worker.channels.email.conversations import OPEN_WITHIN, Conversations
from worker.channels.email.copies import Copies, mime
from worker.channels.email.dkim import Signer, read_signer
from worker.channels.email.opening import Opening
from worker.channels.email.relay import RelaySettings, is_loopback, parse_relay
from worker.lib.blogs import ChannelOptions
from worker.lib.editions import ALLOWED, INSTANT, Digest, parse_edition

__all__ = ["Email", "EmailOptions", "RelaySettings", "Signer", "is_loopback", "mime", "parse_relay", "read_signer"]


class EmailOptions(ChannelOptions):
    editions: list[str] = ["instant"]
    related: int = 3

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

    @field_validator("related")
    @classmethod
    def _few(cls, value: int) -> int:
        if not 0 <= value <= 10:
            raise ValueError("must be from 0 to 10.")
        return value


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

    def check(self) -> None:
        """Greet the relay, encrypt, sign in, and leave. Raises Transient or Unauthorized."""
        patience = max(0.05, min(OPEN_WITHIN, self.until - time.monotonic()))
        Opening(self.relay, self.hello, patience).run().sock.close()

    def send(self, template: MailTemplate, envelopes: Iterable[Envelope]) -> Generator[Intent | Handed, bool | None, None]:
        """As `Carrier.send`. The Intent comes once the relay waits for the body: nothing lies between it and the first byte.

        A line that is lost is opened again for the next envelope; lost five times in a row, Transient ends the run.
        """
        conversations = Conversations(self.relay, self.hello, self.lines, self.until)
        return conversations.send(template.sender, iter(envelopes), Copies(template, self.signer).copy)
