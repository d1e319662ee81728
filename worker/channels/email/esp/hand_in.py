"""Many envelopes, few requests: each reader is announced before the request that carries their copy, and has an answer after it."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime

from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from anymail.message import AnymailMessage, AnymailRecipientStatus

from worker.channels.base import Bounce, DeliveryError, OutcomeUnknown, Rejected, Transient, Unauthorized
from worker.channels.carrier import Envelope, Handed, Intent, MailTemplate
from worker.channels.email.conversations import Steps
from worker.channels.email.esp.answers import trouble
from worker.channels.email.esp.letter import letter, letter_for
from worker.channels.email.esp.provider import Provider, provider
from worker.channels.email.esp.settings import EspSettings
from worker.lib.http import Answer

_REFUSED_IN_A_ROW = 3
"""So many readers refused, each alone, and nobody taken: it is not their addresses."""


def send(settings: EspSettings, template: MailTemplate, envelopes: Iterator[Envelope], until: float) -> Steps:
    """As `Carrier.send`. The first request carries one reader: what is wrong with the key, the sender or the provider befalls nobody else."""
    esp = provider(settings, until)
    esp.ready()
    yield from _HandingIn(esp, until).send(template, envelopes)


def check(settings: EspSettings) -> str:
    """The sentence for people. Raises a DeliveryError."""
    asked = provider(settings)
    asked.check()
    deaf = "" if settings.webhook else "It cannot tell what comes back: EMAIL_URL names no webhook."
    return " ".join(filter(None, (f"{settings.name} takes our key.", deaf, asked.tracks)))


def find(settings: EspSettings, label: str, address: str, since: datetime, until: float) -> str:
    """As `Carrier.find`."""
    return provider(settings, until).find(label, address, since)


class _HandingIn:
    """One run. `_taken`: the provider has taken a copy in it; until then one goes at a time, and who was refused is not told so yet."""

    def __init__(self, esp: Provider, until: float) -> None:
        self._esp, self._settings, self._until = esp, esp.settings, until
        self._backend = esp.backend()
        self._taken = False
        self._refused: list[Handed] = []
        self._next_at = 0.0

    def send(self, template: MailTemplate, envelopes: Iterator[Envelope]) -> Steps:
        waiting = _Ahead(envelopes)
        while group := waiting.take(self._esp.many if self._taken else 1, template):
            if not self._in_time(len(group)):
                return
            yield from self._hand_in(group[0].template or template, group)
        yield from self._refused

    def _in_time(self, number: int) -> bool:
        """Wait for the provider's pace. False: by then the caller's time is up."""
        now = time.monotonic()
        begin = max(now, self._next_at)
        if begin >= self._until:
            return False
        self._next_at = begin + number * self._settings.interval.total_seconds()
        time.sleep(begin - now)
        return True

    def _hand_in(self, template: MailTemplate, group: Sequence[Envelope]) -> Steps:
        """What is refused as a whole goes again in halves, until it is clear whom it is about."""
        going = []
        for envelope in group:
            if (yield Intent(envelope.key)) is not False:
                going.append(envelope)
        if not going:
            return
        try:
            came = self._request(template, going)
        except Rejected as error:
            if len(going) == 1:
                yield from self._alone(Handed(going[0].key, error))
                return
            half = len(going) // 2
            yield from self._hand_in(template, going[:half])
            yield from self._hand_in(template, going[half:])
        except OutcomeUnknown as error:
            for envelope in going:
                yield Handed(envelope.key, error)
            raise Transient(error.sentence, status=error.status, detail=error.detail) from None
        else:
            yield from self._answered(came)

    def _request(self, template: MailTemplate, going: Sequence[Envelope]) -> list[Handed]:
        """The one request. Raises a DeliveryError for all of them."""
        message = self._message(template, going)
        self._esp.door.last = None
        try:
            self._backend.send_messages([message])
        except AnymailRecipientsRefused:
            pass  # each has a status
        except AnymailError as error:
            raise self._meaning(error) from None
        statuses = message.anymail_status.recipients
        return [Handed(one.key, *self._verdict(statuses.get(one.address))) for one in going]

    def _message(self, template: MailTemplate, going: Sequence[Envelope]) -> AnymailMessage:
        own = self._esp.many == 1
        message = letter_for(template, going[0]) if own else letter(template, going, self._esp.slot, self._esp.literal)
        self._esp.prepare(message)
        return message

    def _meaning(self, error: AnymailError) -> DeliveryError:
        came = self._esp.door.last
        if came is None:  # anymail refused to word it, so nothing was asked
            return Rejected(f"{self._settings.name} cannot be given this mail.", detail=" ".join(str(error.args[0]).split())[:300])
        own = self._esp.means(came) if isinstance(came, Answer) else None
        return self._esp.hide(own or trouble(self._settings.name, came))

    def _verdict(self, status: AnymailRecipientStatus | None) -> tuple[DeliveryError | None, str]:
        name, detail = self._settings.name, str(status.message_id or "") if status else ""
        match status.status if status else "unknown":
            case "sent" | "queued":
                return None, detail
            case "invalid":
                return Rejected(f"{name} says that this is no address it can write to.", bounce=Bounce.SOFT), detail
            case "rejected":
                return Rejected(
                    f"{name} does not write to this address: an earlier mail came back, or was called spam.", bounce=Bounce.SOFT
                ), detail
            case "failed":
                return Rejected(f"{name} did not take this copy."), detail
        return OutcomeUnknown(f"{name} gave no clear answer."), detail

    def _answered(self, came: list[Handed]) -> Steps:
        if any(handed.error is None for handed in came):
            self._taken = True
            yield from self._refused
            self._refused.clear()
        for handed in came:
            yield from self._alone(handed)

    def _alone(self, handed: Handed) -> Steps:
        """Refused while nobody was taken yet: told only once it is clear that it is about this reader."""
        if self._taken or not isinstance(handed.error, Rejected):
            yield handed
            return
        self._refused.append(handed)
        if len(self._refused) >= _REFUSED_IN_A_ROW:
            error = handed.error
            raise Unauthorized(
                f"{self._settings.name} refuses this newsletter for everybody; its own words say why.",
                status=error.status,
                detail=error.detail,
            )


class _Ahead:
    """The envelopes, in groups: of one template, nobody's address twice."""

    def __init__(self, envelopes: Iterator[Envelope]) -> None:
        self._envelopes = envelopes
        self._kept: Envelope | None = None

    def take(self, most: int, template: MailTemplate) -> list[Envelope]:
        """Empty: there are no more."""
        group: list[Envelope] = []
        addresses: set[str] = set()
        while len(group) < most and (one := self._kept or next(self._envelopes, None)):
            self._kept = None
            if group and ((one.template or template) is not (group[0].template or template) or one.address in addresses):
                self._kept = one
                break
            group.append(one)
            addresses.add(one.address)
        return group
