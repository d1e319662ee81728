"""SendGrid: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send"""

import json
import warnings
from datetime import datetime

from anymail.backends.sendgrid import EmailBackend
from anymail.exceptions import AnymailNotSupportedWarning
from anymail.message import AnymailMessage
from anymail.signals import AnymailTrackingEvent
from anymail.webhooks.sendgrid import SendGridTrackingWebhookView

from worker.channels.base import Bounce
from worker.channels.email.bounce import bounce
from worker.channels.email.esp.provider import Provider, unreadable


class SendGrid(Provider):
    """A substitution is put in place of whatever signs it is called by; no post holds these.

    anymail's authors have no account there any more and say so each time; the interface has not changed since, and our
    stand-in holds us to it.
    """

    probe = "/scopes"

    def backend(self) -> EmailBackend:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AnymailNotSupportedWarning)
            backend = EmailBackend(api_key=self.settings.key, api_url=self.settings.base_url, merge_field_format=_SLOT)
        backend.session = self.door.session()
        return backend

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.settings.key}"}

    def view(self) -> SendGridTrackingWebhookView:
        """By the public key that SendGrid shows beside "signature verification"."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AnymailNotSupportedWarning)
            return SendGridTrackingWebhookView(tracking_webhook_verification_key=self.settings.webhook)

    def bounced(self, event: AnymailTrackingEvent, words: str) -> Bounce:
        """https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event#bounce-event"""
        if event.esp_event.get("type") == "blocked":
            return Bounce.BLOCKED
        return bounce(str(event.esp_event.get("status") or ""), words)

    def slot(self, name: str) -> str:
        return _SLOT.format(name)

    def prepare(self, message: AnymailMessage) -> None:
        super().prepare(message)
        off = {"enable": False}
        message.esp_extra = {"tracking_settings": {"subscription_tracking": off, "ganalytics": off}}

    def find(self, label: str, address: str, since: datetime) -> str:
        """https://www.twilio.com/docs/sendgrid/api-reference/email-logs/filter-all-messages"""
        quoted = address.replace("'", "''")
        answer = self.read("POST", "/logs", json={"query": f"to_email = '{quoted}' AND categories IN ('{label}')", "limit": 10})
        try:
            found = json.loads(answer.body)["messages"]
            return " ".join((found[0]["status"], found[0]["sg_message_id"])) if found else ""
        except (ValueError, KeyError, TypeError, IndexError):
            raise unreadable(self.settings.name, answer) from None


_SLOT = "-postlark:{}:-"
