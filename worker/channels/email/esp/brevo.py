"""Brevo: https://developers.brevo.com/docs/batch-send-transactional-emails"""

import json
import re
from datetime import datetime
from urllib.parse import urlencode

from anymail.backends.brevo import EmailBackend
from anymail.message import AnymailMessage
from anymail.signals import AnymailTrackingEvent
from anymail.webhooks.brevo import BrevoTrackingWebhookView

from worker.channels.base import Bounce
from worker.channels.carrier import INLINE_PICTURE
from worker.channels.email.esp.provider import Provider, signed_in, unreadable

_OPENS = re.compile(r"\{(?=[{%#]|\Z)")
_PICTURE = re.compile(rf"<a\b[^>]*>\s*<img\b[^>]*{re.escape(INLINE_PICTURE)}[^>]*>\s*</a>")


class Brevo(Provider):
    """Its templates have Django's braces: {{params.name}}. A brace of a post that would open one comes from a parameter itself."""

    probe = "/account"
    tracks = "Brevo tracks opens and clicks unless its own settings say otherwise: look there."

    def backend(self) -> EmailBackend:
        backend = EmailBackend(api_key=self.settings.key, api_url=self.settings.base_url)
        backend.session = self.door.session()
        return backend

    def headers(self) -> dict[str, str]:
        return {"api-key": self.settings.key, "Accept": "application/json"}

    def view(self) -> BrevoTrackingWebhookView:
        return BrevoTrackingWebhookView(webhook_secret=signed_in(self.settings))

    def bounced(self, event: AnymailTrackingEvent, words: str) -> Bounce:
        """https://developers.brevo.com/docs/transactional-webhooks"""
        return Bounce.SOFT if event.esp_event.get("event") == "soft_bounce" else Bounce.HARD

    def slot(self, name: str) -> str:
        return "{{params." + name + "}}"

    def literal(self, text: str) -> str:
        return _OPENS.sub("{{params.brace}}", text)

    def prepare(self, message: AnymailMessage) -> None:
        """It encloses no pictures, so the picture is left out; and it has no word for tracking."""
        message.attachments = []
        message.alternatives = [type(each)(_PICTURE.sub("", each.content), each.mimetype) for each in message.alternatives]
        for own in message.merge_data.values():
            own["brace"] = "{"

    def find(self, label: str, address: str, since: datetime) -> str:
        """https://developers.brevo.com/reference/get-email-event-report"""
        query = {"email": address, "days": "3", "limit": "2500", "tags": json.dumps([label])}
        answer = self.read("GET", f"/smtp/statistics/events?{urlencode(query)}")
        try:
            events = json.loads(answer.body).get("events") or []
            ours = [each for each in events if label in str(each.get("tag", "")) and each["email"].lower() == address.lower()]
            return " ".join((ours[0]["event"], ours[0]["date"])) if ours else ""
        except (ValueError, KeyError, TypeError, AttributeError):
            raise unreadable(self.settings.name, answer) from None
