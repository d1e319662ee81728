"""What RETURNS_URL may say of the mailbox to which newsletters come back."""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from worker.lib.address import read_address

_SHAPE = "imaps://USER:PASSWORD@HOST/INBOX"


@dataclass(frozen=True)
class MailboxSettings:
    """One mailbox, as RETURNS_URL names it. `address`: where mail to it goes; empty: the sender's own address of each blog."""

    host: str
    port: int
    encrypted: bool
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    address: str = ""


def parse_mailbox(url: str) -> MailboxSettings:
    """ValueError with a sentence that goes on after the variable's name. It never repeats what stands there: it holds a password.

    imaps:// is encrypted from the start, imap:// by STARTTLS, or not at all on this machine.
    """
    parts = _split(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if not options.keys() <= {"address"}:
        raise ValueError("has an option that Postlark does not know; allowed is address.")
    address = options.get("address", "")
    if address:
        try:
            address = read_address(address).wire
        except ValueError as mistake:
            raise ValueError(f"has an option address that {mistake}") from None
    return MailboxSettings(
        host=(parts.hostname or "").lower(),
        port=parts.port or (993 if parts.scheme == "imaps" else 143),
        encrypted=parts.scheme == "imaps",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        address=address,
    )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("imaps", "imap") and (parts.port is None or parts.port > 0)
    except ValueError:
        is_whole = False
    if not is_whole or not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]+", (parts.hostname or "").lower()):
        raise ValueError(f"is not of the form {_SHAPE}; signs like : / ? # @ in a password are written %3A %2F %3F %23 %40.")
    if not parts.username or not parts.password:
        raise ValueError(f"needs a user name and a password: {_SHAPE}.")
    if parts.fragment:
        raise ValueError("has something behind a #; in a password it is written %23.")
    return parts
