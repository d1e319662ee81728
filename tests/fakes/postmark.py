"""A stand-in for Postmark: https://postmarkapp.com/developer/api/overview"""

from dataclasses import dataclass
from typing import Any

from tests.fakes.esp import MailProvider, is_gone, parsed
from tests.fakes.network import Reply, Request


@dataclass
class Postmark(MailProvider):
    """`tracks_opens`: the server's own setting, which adds a pixel whatever a request says."""

    tracks_opens: bool = False
    stream: str = "broadcast"

    def kind(self, request: Request) -> str:
        return {"/email/batch": "post", "/messages/outbound": "list"}.get(request.path, "read")

    def words(self, status: int, said: str) -> dict[str, Any]:
        return {"ErrorCode": {401: 10, 422: 400}.get(status, status), "Message": said}

    def answer(self, request: Request) -> Reply:
        if request.headers.get("X-Postmark-Server-Token") != self.token:
            return self.refused(401, "The Server Token you provided does not match")
        match request.method, request.path:
            case "POST", "/email/batch":
                return Reply.of(200, [self._send(each) for each in parsed(request)])
            case "GET", "/messages/outbound":
                found = self.in_log(request.query["recipient"], request.query["tag"])
                listed = [{"MessageID": post.id, "Status": "Sent", "Tag": post.body["label"]} for post in found]
                return Reply.of(200, {"TotalCount": len(found), "Messages": listed})
            case "GET", "/server":
                return Reply.of(200, {"ID": 1, "TrackOpens": self.tracks_opens, "TrackLinks": "None"})
        return self.refused(404, "no such address")

    def _send(self, mail: dict[str, Any]) -> dict[str, Any]:
        if not mail["From"].rstrip(">").endswith(f"@{self.domain}"):
            return {"ErrorCode": 400, "Message": "The 'From' address you supplied is not a Sender Signature on your account."}
        if mail["MessageStream"] != self.stream:
            return {"ErrorCode": 1235, "Message": "The 'MessageStream' provided does not exist on this server."}
        to = mail["To"]
        if is_gone(to):
            return {"ErrorCode": 406, "Message": f"You tried to send to a recipient that has been marked as inactive. {to}"}
        headers = {each["Name"]: each["Value"] for each in mail.get("Headers", [])}
        number = self.take(
            to,
            mail["Subject"],
            mail["TextBody"],
            mail.get("HtmlBody", ""),
            headers,
            mail.get("Metadata", {}).get("copy", ""),
            mail.get("Tag", ""),
            tracked=self.tracks_opens or mail["TrackOpens"] or mail["TrackLinks"] != "None",
            pictures=[each["ContentID"] for each in mail.get("Attachments", [])],
        )
        return {"To": to, "MessageID": number, "ErrorCode": 0, "Message": "OK"}
