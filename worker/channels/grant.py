"""Letting Postlark in by OAuth 2.0, and renewing it: what a network gives for a consent or a refresh token, and what is kept of it.

https://www.rfc-editor.org/rfc/rfc6749
"""

from abc import abstractmethod
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field

from worker.channels.base import App, Credentials, Rejected, Transient, Unauthorized
from worker.channels.network import DAY, Network


class Grant(BaseModel):
    """https://www.rfc-editor.org/rfc/rfc6749#section-5.1"""

    access_token: Annotated[str, Field(min_length=1)]
    expires_in: int
    refresh_token: str = ""
    refresh_token_expires_in: int = 0
    scope: str = ""

    def credentials(self, now: datetime) -> Credentials:
        """What the answer leaves out has no key."""
        refreshed = self.refresh_token_expires_in
        given = {
            "access_token": self.access_token,
            "expires_at": (now + timedelta(seconds=self.expires_in)).isoformat(),
            "refresh_token": self.refresh_token,
            "refresh_token_expires_at": (now + timedelta(seconds=refreshed)).isoformat() if refreshed else "",
            "scope": self.scope,
        }
        return {key: value for key, value in given.items() if value}


class Granting(Network):
    """A network whose connections begin with a `Grant`, and are renewed by one."""

    early: ClassVar[timedelta]
    """How long before its end an access is renewed."""
    ended: ClassVar[str]
    """Said when it cannot be renewed any more."""
    refresh_key: ClassVar[str] = "refresh_token"

    @abstractmethod
    def grant(self, form: dict[str, str]) -> Grant:
        """What the network gives for this. Raises like `check`."""

    @classmethod
    def connect(cls, options: Any, app: App, code: str, verifier: str, redirect_uri: str) -> Credentials:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        if cls.consent and cls.consent.pkce:
            form["code_verifier"] = verifier
        network = cls(options, {}, app)
        try:
            return network.grant(form).credentials(datetime.now(UTC))
        except (Rejected, Unauthorized) as refused:
            raise network.no_consent(refused) from None

    def refresh(self, now: datetime) -> Credentials | None:
        """A refusal while the access still lasts for a while is no reason yet to call a person."""
        token, ends = self.credentials.get(self.refresh_key), moment(self.credentials.get("expires_at", ""))
        if not token or not self.is_known or (ends and ends - now > self.early):
            return None
        try:
            grant = self.grant({"grant_type": "refresh_token", "refresh_token": token})
        except (Rejected, Unauthorized) as refused:
            if ends and ends - now > DAY:
                sentence = f"{self.called} did not renew the connection; it is tried again, and connecting anew mends it for certain."
                raise Transient(sentence, retry_after=DAY, **refused.words) from None
            raise Unauthorized(self.ended, **refused.words) from None
        return self.credentials | grant.credentials(now)

    @property
    def is_known(self) -> bool:
        """The network knows our app, without which it renews nothing."""
        return bool(self.app.id and self.app.secret)

    def ends(self, access: datetime | None = None) -> datetime | None:
        """When a person must connect again: with the refresh token where that can be used, else with the access."""
        renewed = self.credentials.get("refresh_token_expires_at", "") if self.is_known else ""
        return moment(renewed) or access or moment(self.credentials.get("expires_at", ""))


def moment(text: str) -> datetime | None:
    """One of the credentials; None where it is not given."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
