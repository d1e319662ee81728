"""Mailgun: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages"""

import json
from base64 import b64encode
from datetime import UTC, datetime
from email.utils import format_datetime

from anymail.backends.mailgun import EmailBackend
from anymail.message import AnymailMessage
from anymail.webhooks.mailgun import MailgunTrackingWebhookView

from worker.channels.email.esp.provider import Provider, unreadable


class Mailgun(Provider):
    """Recipient variables stand as %recipient.name%. The % of a post that would begin one comes from a variable itself."""

    probe = "/v4/domains/{place}"

    def backend(self) -> EmailBackend:
        backend = EmailBackend(api_key=self.settings.key, sender_domain=self.settings.place, api_url=f"{self.settings.base_url}/v3")
        backend.session = self.door.session()
        return backend

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Basic {b64encode(f'api:{self.settings.key}'.encode()).decode()}"}

    def view(self) -> MailgunTrackingWebhookView:
        return MailgunTrackingWebhookView(webhook_signing_key=self.settings.webhook)

    def slot(self, name: str) -> str:
        return f"%recipient.{name}%"

    def literal(self, text: str) -> str:
        return text.replace("%recipient", "%recipient.percent%recipient")

    def prepare(self, message: AnymailMessage) -> None:
        super().prepare(message)
        for own in message.merge_data.values():
            own["percent"] = "%"

    def find(self, label: str, address: str, since: datetime) -> str:
        """https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/logs"""
        query = {
            "start": format_datetime(since),
            "end": format_datetime(datetime.now(UTC)),
            "events": ["accepted"],
            "filter": {"AND": [_is("recipient", address), _is("domain", self.settings.place)]},
            "pagination": {"sort": "timestamp:asc", "limit": _A_PAGE},
        }
        answer = self.read("POST", "/v1/analytics/logs", json=query)
        try:
            items = json.loads(answer.body)["items"] or []
            ours = [item for item in items if label in (item.get("tags") or ()) and item["recipient"].lower() == address.lower()]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise unreadable(self.settings.name, answer) from None
        if not ours and len(items) >= _A_PAGE:
            raise unreadable(self.settings.name, answer)
        return " ".join((ours[0]["event"], ours[0]["@timestamp"])) if ours else ""


_A_PAGE = 300


def _is(attribute: str, value: str) -> dict[str, object]:
    return {"attribute": attribute, "comparator": "=", "values": [{"label": value, "value": value}]}
