"""What a provider reports of the copies it took, in our words. anymail's own views prove who speaks and read what is said.

Openings and clicks are not read: nobody is tracked (they mean that the provider does it all the same, which is logged).
"""

import logging
from datetime import datetime
from typing import NamedTuple

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.http import HttpRequest

from worker.channels.base import Bounce
from worker.channels.email.esp.letter import COPY
from worker.channels.email.esp.provider import Provider, provider
from worker.channels.email.esp.settings import EspSettings
from worker.lib.text import legible

log = logging.getLogger(__name__)

DELIVERED, COMPLAINED, UNSUBSCRIBED = "delivered", "complained", "unsubscribed"
_WRONG = (AnymailError, AnymailWebhookValidationFailure, ValueError, TypeError, KeyError, AttributeError, OverflowError)
"""What anymail raises over what a stranger may send."""
_TRACKED = (EventType.OPENED, EventType.CLICKED)
_OF_THE_LIST = {
    RejectReason.BOUNCED: Bounce.HARD,
    RejectReason.INVALID: Bounce.HARD,
    RejectReason.SPAM: COMPLAINED,
    RejectReason.UNSUBSCRIBED: UNSUBSCRIBED,
}
"""The provider did not even try, because of what it knows of this address."""


class Unproven(Exception):
    """Whoever sent it does not know the secret."""


class Unreadable(Exception):
    """It is the provider's, and not as its reports are."""


class Said(NamedTuple):
    """What it says of one copy. `kind`: delivered, hard, soft, blocked, complained or unsubscribed. `copy`, `labels`: as we gave them along."""

    kind: str
    address: str
    copy: str
    labels: tuple[str, ...]
    at: datetime | None
    words: str


def read(settings: EspSettings, request: HttpRequest) -> list[Said]:
    """Raises Unproven or Unreadable."""
    esp = provider(settings)
    if not settings.webhook:
        raise Unproven
    try:
        view = esp.view()
        view.run_validators(request)
    except _WRONG:
        raise Unproven from None
    try:
        events = esp.events(view, request)
        if tracked := sum(event.event_type in _TRACKED for event in events):
            log.warning("the provider tracks readers: switch it off there", extra={"esp": settings.esp, "events": tracked})
        return [said for event in events if (said := _said(esp, event))]
    except _WRONG as error:
        raise Unreadable(type(error).__name__) from None


def _said(esp: Provider, event: AnymailTrackingEvent) -> Said | None:
    """None: it says nothing that is an end."""
    words = " ".join(legible(f"{event.description or ''} {event.mta_response or ''}").split())[:500]
    kind = _kind(esp, event, words)
    if not kind:
        return None
    address, copy = (each if isinstance(each, str) else "" for each in (event.recipient, (event.metadata or {}).get(COPY)))
    return Said(kind, address, copy, tuple(map(str, event.tags or ())), event.timestamp, words)


def _kind(esp: Provider, event: AnymailTrackingEvent, words: str) -> str:
    match event.event_type:
        case EventType.DELIVERED:
            return DELIVERED
        case EventType.COMPLAINED:
            return COMPLAINED
        case EventType.UNSUBSCRIBED:
            return UNSUBSCRIBED
        case EventType.BOUNCED:
            return esp.bounced(event, words)
        case EventType.REJECTED:
            return _OF_THE_LIST.get(event.reject_reason, Bounce.BLOCKED)
        case EventType.FAILED:
            return Bounce.BLOCKED
    return ""
