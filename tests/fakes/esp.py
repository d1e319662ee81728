"""What the stand-ins for mail providers have in common: who was mailed what, and how a request is refused.

A stand-in is a `Network` (tests/fakes/network.py) with all its faults; one post is one copy. It puts each reader's words in their places as
the provider would. Who is called `gone` is nobody it can write to.
"""

import json
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.fakes.network import Network, Reply, Request


@dataclass
class MailProvider(Network):
    """`domain`: the sender's; a sender from elsewhere is refused. `mails`: every copy that was taken."""

    domain: str = "blog.example"

    def take(self, to: str, subject: str, text: str, html: str, headers: Mapping[str, str], copy: str, label: str, **more: Any) -> str:
        """One copy. Its id."""
        number = uuid4().hex
        mail = {"to": to, "subject": subject, "text": text, "html": html, "headers": dict(headers), "copy": copy, "label": label}
        self.commit(number, to, "", mail | more)
        return number

    @property
    def mails(self) -> list[dict[str, Any]]:
        return [post.body for post in self.posts]

    @property
    def taken(self) -> Counter[str]:
        """How many copies each address has."""
        return Counter(post.text for post in self.posts)

    def in_log(self, address: str, label: str) -> list[Any]:
        return [post for post in self.shown() if post.text == address and post.body["label"] == label]

    @abstractmethod
    def words(self, status: int, said: str) -> dict[str, Any]:
        """The provider's shape of a refusal."""

    def refused(self, status: int, said: str, **headers: str) -> Reply:
        return Reply.of(status, self.words(status, said), **headers)

    def refusal(self, name: str, seconds: float, request: Request) -> Reply:
        if name == "echo":
            return self.refused(401, f"refused: {dict(request.headers)}")
        if name == "429":
            return self.refused(429, "too many", Retry_After=f"{seconds:.0f}")
        return self.refused(int(name.partition("-")[0]), f"refused by {type(self).__name__}")


def is_gone(address: str) -> bool:
    return address.startswith("gone")


def parsed(request: Request) -> Any:
    return json.loads(request.body or b"null")
