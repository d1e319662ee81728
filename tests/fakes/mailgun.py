"""A stand-in for Mailgun: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun"""

import json
import re
from base64 import b64encode
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.esp import MailProvider, is_gone, parsed
from tests.fakes.network import Reply, Request


class Mailgun(MailProvider):
    def kind(self, request: Request) -> str:
        return {"messages": "post", "logs": "list"}.get(request.path.rpartition("/")[2], "read")

    def words(self, status: int, said: str) -> dict[str, Any]:
        return {"message": said}

    def answer(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"Basic {b64encode(f'api:{self.token}'.encode()).decode()}":
            return Reply(401, b"Forbidden")
        match request.method, request.path:
            case "POST", path if path == f"/v3/{self.domain}/messages":
                return self._send(_fields(request))
            case "POST", "/v1/analytics/logs":
                return self._log(parsed(request))
            case "GET", path if path == f"/v4/domains/{self.domain}":
                return Reply.of(200, {"domain": {"name": self.domain, "state": "active"}})
        return self.refused(404, "Domain not found")

    def _send(self, fields: dict[str, list[str]]) -> Reply:
        if any(is_gone(to) for to in fields["to"]):
            return self.refused(400, "to parameter is not a valid address. please check documentation")
        by_address = json.loads(fields.get("recipient-variables", ["{}"])[0])
        if len(fields["to"]) > 1 and set(by_address) != set(fields["to"]):
            return self.refused(400, "every reader would see the others")
        number = f"<{len(self.posts)}@{self.domain}>"
        for to in fields["to"]:
            own = {name: [_merged(value, by_address.get(to, {})) for value in values] for name, values in fields.items()}
            headers = {name.removeprefix("h:"): values[0] for name, values in own.items() if name.startswith("h:")}
            tracking = [own.get(f"o:tracking-{what}") for what in ("opens", "clicks")]
            self.take(
                to,
                own["subject"][0],
                own["text"][0],
                own.get("html", [""])[0],
                headers,
                own.get("v:copy", [""])[0],
                own.get("o:tag", [""])[0],
                tracked=tracking != [["no"], ["no"]],
                pictures=own.get("inline", []),
            )
        return Reply.of(200, {"id": number, "message": "Queued. Thank you."})

    def _log(self, query: dict[str, Any]) -> Reply:
        wanted = {each["attribute"]: each["values"][0]["value"] for each in query["filter"]["AND"]}
        found = [post for post in self.shown() if post.text == wanted["recipient"]] if wanted["domain"] == self.domain else []
        items = [{"event": "accepted", "recipient": post.text, "tags": [post.body["label"]], "@timestamp": post.at} for post in found]
        return Reply.of(200, {"items": items, "pagination": {}})


def _merged(text: str, own: dict[str, str]) -> str:
    return re.sub(r"%recipient\.([^%]+)%", lambda found: own.get(found[1], ""), text)


def _fields(request: Request) -> dict[str, list[str]]:
    kind = request.headers.get("Content-Type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return parse_qs(request.body.decode(), keep_blank_values=True)
    fields: dict[str, list[str]] = {}
    for part in message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body).get_payload():
        name = part.get_param("name", header="content-disposition")
        fields.setdefault(name, []).append(part.get_filename() or part.get_payload(decode=True).decode())
    return fields
