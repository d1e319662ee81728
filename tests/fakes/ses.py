"""A stand-in for Amazon SES: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html"""

import json
from base64 import b64decode
from email import message_from_bytes
from email.policy import default
from typing import Any

from tests.fakes.esp import MailProvider, is_gone, parsed
from tests.fakes.network import Reply, Request


class AmazonSes(MailProvider):
    """`token`: the access key's id."""

    def kind(self, request: Request) -> str:
        return "post" if request.path == "/v2/email/outbound-emails" else "read"

    def words(self, status: int, said: str) -> dict[str, Any]:
        return {"message": said}

    def answer(self, request: Request) -> Reply:
        if not request.headers.get("Authorization", "").startswith(f"AWS4-HMAC-SHA256 Credential={self.token}/"):
            return self.refused(
                403, "The security token included in the request is invalid.", x_amzn_ErrorType="UnrecognizedClientException"
            )
        match request.method, request.path:
            case "POST", "/v2/email/outbound-emails":
                return self._send(parsed(request))
            case "GET", "/v2/email/account":
                return Reply.of(200, {"SendingEnabled": True})
        return self.refused(404, "no such address", x_amzn_ErrorType="NotFoundException")

    def _send(self, order: dict[str, Any]) -> Reply:
        (to,) = order["Destination"]["ToAddresses"]
        mail = message_from_bytes(b64decode(order["Content"]["Raw"]["Data"]), policy=default)
        if mail["From"].addresses[0].domain != self.domain:
            return self.refused(400, "Email address is not verified.", x_amzn_ErrorType="MessageRejected")
        if is_gone(to):
            return self.refused(400, "Illegal address", x_amzn_ErrorType="BadRequestException")
        off = order.get("ConfigurationOverrides", {}).get("Tracking") == {
            "OpenTrackingEnabled": "DISABLED",
            "ClickTrackingEnabled": "DISABLED",
        }
        html = mail.get_body(("html",))
        number = self.take(
            to,
            mail["Subject"],
            mail.get_body(("plain",)).get_content(),
            html.get_content() if html else "",
            {name: str(value) for name, value in mail.items()},
            json.loads(mail["X-Metadata"] or "{}").get("copy", ""),
            mail["X-Tag"] or "",
            tracked=not off,
            pictures=[part["Content-ID"].strip("<>") for part in mail.walk() if part["Content-ID"]],
        )
        return Reply.of(200, {"MessageId": number})
