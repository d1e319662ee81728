"""A stand-in for Brevo: https://developers.brevo.com/reference/sendtransacemail"""

import json
import re
from typing import Any

from tests.fakes.esp import MailProvider, is_gone, parsed
from tests.fakes.network import Reply, Request


class Brevo(MailProvider):
    def kind(self, request: Request) -> str:
        return {"/v3/smtp/email": "post", "/v3/smtp/statistics/events": "list"}.get(request.path, "read")

    def words(self, status: int, said: str) -> dict[str, Any]:
        return {"code": "invalid_parameter", "message": said}

    def answer(self, request: Request) -> Reply:
        if request.headers.get("api-key") != self.token:
            return self.refused(401, "Key not found")
        match request.method, request.path:
            case "POST", "/v3/smtp/email":
                return self._send(parsed(request))
            case "GET", "/v3/smtp/statistics/events":
                (label,) = json.loads(request.query["tags"])
                found = self.in_log(request.query["email"], label)
                return Reply.of(
                    200,
                    {"events": [{"email": post.text, "event": "requests", "date": post.at, "tag": label} for post in found]}
                    if found
                    else {},
                )
            case "GET", "/v3/account":
                return Reply.of(200, {"email": "office@blog.example"})
        return self.refused(404, "no such address")

    def _send(self, mail: dict[str, Any]) -> Reply:
        if not mail["sender"]["email"].endswith(f"@{self.domain}"):
            return self.refused(400, "Sending has been rejected because the sender you used is not valid.")
        versions = mail["messageVersions"]
        if any(is_gone(version["to"][0]["email"]) for version in versions):
            return self.refused(400, "email is not valid in to")
        words = [
            _rendered(mail.get(part, ""), version.get("params", {}))
            for version in versions
            for part in ("subject", "textContent", "htmlContent")
        ]
        if None in words or "attachment" in mail:
            return self.refused(400, "the template cannot be rendered")
        numbers = []
        for at, version in enumerate(versions):
            headers = mail.get("headers", {}) | version.get("headers", {})
            copy = json.loads(headers.pop("X-Mailin-custom", "{}")).get("copy", "")
            subject, text, html = words[3 * at : 3 * at + 3]
            label = (mail.get("tags") or [""])[0]
            numbers.append(self.take(version["to"][0]["email"], subject, text, html, headers, copy, label, tracked=False, pictures=[]))
        return Reply.of(201, {"messageIds": [f"<{number}@smtp-relay.mailin.fr>" for number in numbers]})


def _rendered(text: str, params: dict[str, str]) -> str | None:
    """None: what stands in the braces is no parameter."""
    asked = re.findall(r"\{\{params\.(\w+)\}\}", text)
    bare = re.sub(r"\{\{params\.\w+\}\}", "", text)
    if not set(asked) <= set(params) or re.search(r"\{[{%#]", bare):
        return None
    return re.sub(r"\{\{params\.(\w+)\}\}", lambda found: params[found[1]], text)
