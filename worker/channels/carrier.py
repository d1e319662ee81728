"""A newsletter on its way to many people, each with an own copy: what a carrier is given, and what it tells."""

import re
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from worker.channels.base import Channel, DeliveryError, Picture, Rejected


def mark(name: str) -> str:
    """Where one reader's own words go in a newsletter's text: `unsubscribe`, `why`. Private-use characters, so no post can hold one."""
    return f"\ue000{name}\ue001"


MARK = re.compile("\ue000([a-z_]+)\ue001")
"""A `mark` in a text; its group is the name."""

INLINE_PICTURE = "cid:picture@postlark"
"""The address of a mail's own picture inside that mail (https://www.rfc-editor.org/rfc/rfc2392)."""


@dataclass(frozen=True)
class MailTemplate:
    """A newsletter as every reader gets it, but for the marks. Headers are (name, value) pairs in the order they are written."""

    headers: tuple[tuple[str, str], ...]
    sender: str
    text: str
    html: str
    picture: Picture | None = None
    """It travels in the mail itself, and `html` shows it as INLINE_PICTURE."""
    label: str = ""
    """The newsletter's own name for a provider's log; empty: nobody will look for it there."""


class Envelope(NamedTuple):
    """One reader's copy: the address it goes to, and what stands there in place of each `mark`.

    `template`: where this copy differs from the others (its language, what it leaves out); None: as all of them.
    """

    key: int
    address: str
    personal: dict[str, str]
    template: MailTemplate | None = None


class Intent(NamedTuple):
    """The next thing the carrier does is to send this body: note it now. Answer `.send(False)` to leave it out.

    A provider that takes many in one request: one Intent for each of them before it, one Handed for each after.
    """

    key: int


class Handed(NamedTuple):
    """What came of one envelope: None when the relay took it, else the error that says what happens next."""

    key: int
    error: DeliveryError | None
    detail: str = ""


class Carrier(Channel, ABC):
    """A way to many people, each with an own copy. `settle`: no copy takes longer to show in the provider's log; None: there is none to read."""

    settle: timedelta | None = None

    @abstractmethod
    def send(self, template: MailTemplate, envelopes: Iterable[Envelope]) -> Generator[Intent | Handed, bool | None, None]:
        """Yield an Intent before each body and a Handed for each envelope; an envelope without a Handed was not sent.

        Many may be on their way at once. Raises Transient when the relay cannot be reached, Unauthorized when it refuses the
        login; by then each copy whose body may have left has its Handed.
        """

    def find(self, label: str, address: str, since: datetime) -> str:
        """The provider's own words where its log has this newsletter's copy to this address; empty: a complete reading does not have it.

        Raises Transient when the reading could not be completed, Unauthorized or Rejected when it may not be read. Never
        called where `settle` is None.
        """
        raise Rejected(f"{self.name} cannot be read back.")
