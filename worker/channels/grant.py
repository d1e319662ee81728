"""What a network gives for a consent or a refresh token, and what is kept of it (https://www.rfc-editor.org/rfc/rfc6749#section-5.1)."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from worker.channels.base import Credentials

PLAIN = ("expires_at", "refresh_token_expires_at", "scope")
"""The keys of credentials that hold no secret."""


class Grant(BaseModel):
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


def moment(text: str) -> datetime | None:
    """One of the credentials; None where it is not given."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
