"""A stand-in for SendGrid: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send"""

import re
from typing import Any

from tests.fakes.esp import MailProvider, is_gone, parsed
from tests.fakes.network import Reply, Request


class SendGrid(MailProvider):
    def kind(self, request: Request) -> str:
        return {"/v3/mail/send": "post", "/v3/logs": "list"}.get(request.path, "read")

    def words(self, status: int, said: str) -> dict[str, Any]:
        return {"errors": [{"message": said, "field": None, "help": None}]}

    def answer(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return self.refused(401, "The provided authorization grant is invalid, expired, or revoked")
        match request.method, request.path:
            case "POST", "/v3/mail/send":
                return self._send(parsed(request))
            case "POST", "/v3/logs":
                address, label = re.fullmatch(r"to_email = '(.+)' AND categories IN \('(.+)'\)", parsed(request)["query"]).groups()
                found = self.in_log(address, label)
                return Reply.of(
                    200, {"messages": [{"sg_message_id": post.id, "status": "delivered", "to_email": post.text} for post in found]}
                )
            case "GET", "/v3/scopes":
                return Reply.of(200, {"scopes": ["mail.send"]})
        return self.refused(404, "no such address")

    def _send(self, mail: dict[str, Any]) -> Reply:
        if not mail["from"]["email"].endswith(f"@{self.domain}"):
            return self.refused(403, "The from address does not match a verified Sender Identity.")
        settings = mail.get("tracking_settings", {})
        off = all(
            settings.get(what) == {"enable": False} for what in ("open_tracking", "click_tracking", "subscription_tracking", "ganalytics")
        )
        for each in mail["personalizations"]:
            if is_gone(each["to"][0]["email"]):
                return self.refused(400, "Does not contain a valid address.")
        for each in mail["personalizations"]:
            subject, text, html = (_substituted(words, each.get("substitutions", {})) for words in (mail["subject"], *_contents(mail)))
            headers = mail.get("headers", {}) | each.get("headers", {})
            label = (mail.get("categories") or [""])[0]
            copy = each.get("custom_args", {}).get("copy", "")
            pictures = [one["content_id"] for one in mail.get("attachments", [])]
            self.take(each["to"][0]["email"], subject, text, html, headers, copy, label, tracked=not off, pictures=pictures)
        return Reply(202, b"", {"X-Message-Id": "m1"})


def _contents(mail: dict[str, Any]) -> tuple[str, str]:
    parts = {part["type"]: part["value"] for part in mail["content"]}
    return parts["text/plain"], parts.get("text/html", "")


def _substituted(text: str, own: dict[str, str]) -> str:
    for name, word in own.items():
        text = text.replace(name, word)
    return text
