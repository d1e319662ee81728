"""Postmark: https://postmarkapp.com/developer/api/email-api#send-batch-emails

Its merging is for templates that are stored there. So each of a batch comes with its own words, and has an own answer.
"""

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from anymail.backends.postmark import EmailBackend, PostmarkPayload
from anymail.exceptions import AnymailRequestsAPIError
from anymail.message import AnymailMessage, AnymailRecipientStatus
from anymail.signals import AnymailTrackingEvent
from anymail.webhooks.postmark import PostmarkTrackingWebhookView

from worker.channels.base import Bounce, DeliveryError, Unauthorized
from worker.channels.email.esp.answers import words
from worker.channels.email.esp.letter import filled
from worker.channels.email.esp.provider import Provider, signed_in, unreadable
from worker.lib.http import Answer

# https://postmarkapp.com/developer/api/overview#error-codes
_INACTIVE, _INVALID = 406, 300
_OF_THE_ACCOUNT = {10, 400, 401, 405, 412, 413, 1235, 1236}
"""The key, the sender's signature, credits, approval, the message stream."""


class Postmark(Provider):
    probe = "/server"

    def backend(self) -> "_Backend":
        backend = _Backend(
            server_token=self.settings.key, message_stream=self.settings.place or None, api_url=self.settings.base_url, use_bulk_api=False
        )
        backend.session = self.door.session()
        return backend

    def headers(self) -> dict[str, str]:
        return {"X-Postmark-Server-Token": self.settings.key, "Accept": "application/json"}

    def view(self) -> PostmarkTrackingWebhookView:
        return PostmarkTrackingWebhookView(webhook_secret=signed_in(self.settings))

    def bounced(self, event: AnymailTrackingEvent, words: str) -> Bounce:
        """https://postmarkapp.com/developer/api/bounce-api#bounce-types"""
        return {"HardBounce": Bounce.HARD, "SoftBounce": Bounce.SOFT}.get(event.esp_event.get("Type"), Bounce.BLOCKED)

    def means(self, answer: Answer) -> DeliveryError | None:
        codes = [one.get("ErrorCode") for one in _each(answer.body)]
        if codes and all(code in _OF_THE_ACCOUNT for code in codes):
            return Unauthorized(
                f"{self.settings.name} does not send for this account or sender; its own words say why.",
                status=str(answer.status),
                detail=words(answer),
            )
        return None

    def ready(self) -> None:
        """A server's open tracking cannot be overridden: https://postmarkapp.com/developer/user-guide/tracking-opens/tracking-opens-per-email"""
        (server,) = _each(self.read("GET", "/server").body) or [{}]
        if server.get("TrackOpens"):
            raise Unauthorized(
                "Postmark adds a pixel to each mail of a server whose open tracking is on. Switch it off there (Settings, Tracking)."
            )

    def check(self) -> None:
        self.ready()

    def find(self, label: str, address: str, since: datetime) -> str:
        """https://postmarkapp.com/developer/api/messages-api#outbound-message-search"""
        query = {"count": "50", "offset": "0", "recipient": address, "tag": label}
        if self.settings.place:
            query["messagestream"] = self.settings.place
        answer = self.read("GET", f"/messages/outbound?{urlencode(query)}")
        try:
            found = json.loads(answer.body)["Messages"]
            return " ".join((found[0]["Status"], found[0]["MessageID"])) if found else ""
        except (ValueError, KeyError, TypeError, IndexError):
            raise unreadable(self.settings.name, answer) from None


class _Backend(EmailBackend):  # type: ignore[misc] # it has no types
    def build_message_payload(self, message: AnymailMessage, defaults: dict[str, Any]) -> "_Payload":
        return _Payload(message, defaults, self)

    def parse_recipient_status(self, response: Any, payload: "_Payload", message: AnymailMessage) -> dict[str, AnymailRecipientStatus]:
        """In the order in which they were asked: what is wrong with one says nothing of the others."""
        answers = _each(response.content)
        if len(answers) != len(payload.to_emails):
            raise AnymailRequestsAPIError(email_message=message, payload=payload, response=response, backend=self)
        return {to.addr_spec: _status(answer) for to, answer in zip(payload.to_emails, answers, strict=True)}


class _Payload(PostmarkPayload):  # type: ignore[misc] # it has no types
    def set_merge_data(self, merge_data: dict[str, dict[str, str]]) -> None:
        self.own_words = merge_data

    def data_for_recipient(self, to: Any) -> dict[str, Any]:
        data: dict[str, Any] = super().data_for_recipient(to)
        own = self.own_words[to.addr_spec]
        return data | {part: filled(data[part], own) for part in ("Subject", "TextBody", "HtmlBody") if part in data}


def _status(answer: dict[str, Any]) -> AnymailRecipientStatus:
    by_code = {0: "sent", _INACTIVE: "rejected", _INVALID: "invalid"}
    return AnymailRecipientStatus(answer.get("MessageID") or None, by_code.get(answer.get("ErrorCode", -1), "failed"))


def _each(body: bytes) -> list[dict[str, Any]]:
    """The answer's objects; none where it is not what Postmark would say."""
    try:
        document = json.loads(body)
    except ValueError:
        return []
    found = document if isinstance(document, list) else [document]
    return found if all(isinstance(one, dict) for one in found) else []
