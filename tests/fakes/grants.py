"""Who may speak for whom: consent by a person, codes, tokens that end, refresh tokens that are taken once.

A refresh token that comes a second time is taken for stolen: everything given since the same consent dies (RFC 9700, 4.14.2).
"""

import base64
import hashlib
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from time import monotonic
from typing import Any
from urllib.parse import urlencode

from tests.fakes.network import Reply

APP = ("board-app", "board-app-secret")


class Refusal(Exception):
    """In the network's own words."""


@dataclass
class Family:
    """What one consent has led to."""

    refresh_token: str
    token: str
    ends: float
    alive: bool = True


@dataclass
class Grants:
    lifetime: int = 7200
    """Seconds that a token holds."""
    until: datetime | None = None
    """When a person must consent again, as /me tells it."""
    scopes: list[str] = field(default_factory=lambda: ["read", "write"])
    strict: bool = False
    """Only tokens given here are known."""
    renewals: int = 0
    """Refresh tokens that were taken."""
    replays: int = 0
    """Refresh tokens that came a second time."""

    def __post_init__(self) -> None:
        self.families: list[Family] = []
        self._spent: dict[str, Family] = {}
        self._codes: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()

    def issue(self, *, ended: bool = False) -> dict[str, Any]:
        """Tokens as a consent would give; `ended`: whose access has run out already."""
        with self._lock:
            family = Family("", "", 0.0)
            self.families.append(family)
            answer = self._renew(family)
            if ended:
                family.ends = monotonic()
            return answer

    def knows(self, token: str) -> bool:
        return any(family.alive and family.token == token and family.ends > monotonic() for family in self.families)

    def page(self, asked: dict[str, str]) -> Reply:
        """Two links: yes and no."""
        code = secrets.token_urlsafe(12)
        with self._lock:
            self._codes[code] = (asked.get("code_challenge", ""), asked["redirect_uri"])
        yes, no = ({"code": code, "state": asked["state"]}, {"error": "access_denied", "state": asked["state"]})
        links = "".join(
            f'<p><a id="{name}" href="{escape(asked["redirect_uri"] + "?" + urlencode(answer))}">{name}</a></p>'
            for name, answer in (("allow", yes), ("deny", no))
        )
        return Reply.page("May Postlark read and write for you?", links)

    def grant(self, asked: dict[str, Any], authorization: str) -> dict[str, Any]:
        expected = base64.b64encode(":".join(APP).encode()).decode()
        if authorization != f"Basic {expected}":
            raise Refusal("no such app")
        with self._lock:
            return self._refreshed(asked["refresh_token"]) if "refresh_token" in asked else self._exchanged(asked)

    def _refreshed(self, token: str) -> dict[str, Any]:
        if token in self._spent:
            self.replays += 1
            self._spent[token].alive = False
            raise Refusal("this refresh token was used before")
        family = next((one for one in self.families if one.alive and one.refresh_token == token), None)
        if family is None:
            raise Refusal("no such refresh token")
        self.renewals += 1
        return self._renew(family)

    def _exchanged(self, asked: dict[str, Any]) -> dict[str, Any]:
        challenge, redirect_uri = self._codes.pop(asked.get("code", ""), (None, None))
        said = base64.urlsafe_b64encode(hashlib.sha256(asked.get("verifier", "").encode()).digest()).rstrip(b"=").decode()
        if challenge != said or redirect_uri != asked.get("redirect_uri"):
            raise Refusal("no such code")
        family = Family("", "", 0.0)
        self.families.append(family)
        return self._renew(family)

    def _renew(self, family: Family) -> dict[str, Any]:
        if family.refresh_token:
            self._spent[family.refresh_token] = family
        family.token, family.refresh_token = f"token-{secrets.token_urlsafe(12)}", f"refresh-{secrets.token_urlsafe(12)}"
        family.ends = monotonic() + self.lifetime
        return {"token": family.token, "refresh_token": family.refresh_token, "expires_in": self.lifetime}
