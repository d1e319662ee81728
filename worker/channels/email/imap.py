"""The returns mailbox over IMAP: https://www.rfc-editor.org/rfc/rfc9051

A mail that was dealt with is moved to a folder of its own; one that needs a person keeps its place and gets a star (\\Flagged).
Nothing is ever removed.
"""

import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import certifi
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from worker.channels.base import Transient, Unauthorized
from worker.channels.email.mailbox import MailboxSettings
from worker.channels.email.relay import is_loopback

DONE = "Postlark"
"""The folder of what was dealt with."""
MOST = 262_144
"""Bytes of a mail that are read: a report stands at its beginning, and the mail it is about just after."""
_PATIENCE = 20.0
Answer = TypeVar("Answer")


class _Never(Exception): ...


class Mailbox:
    """An open mailbox; use it as a context. Raises Transient when it cannot be reached or loses the line, Unauthorized for a wrong login."""

    def __init__(self, mailbox: MailboxSettings) -> None:
        self.settings = mailbox

    def __enter__(self) -> "Mailbox":
        self._imap = self._reached(self._open)
        try:
            self._sign_in()
        except BaseException:
            with suppress(OSError, IMAPClientError):
                self._imap.shutdown()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, IMAPClientError):
            self._imap.logout()

    def new(self) -> list[int]:
        """Mails that nobody has looked at for us, oldest first; they keep their numbers (UIDs)."""
        return sorted(self._reached(lambda: self._imap.search(["UNFLAGGED", "UNDELETED"])))

    def starred(self) -> int:
        """How many wait for a person."""
        return len(self._reached(lambda: self._imap.search(["FLAGGED", "UNDELETED"])))

    def read(self, uid: int) -> bytes:
        """Its first part, as it came, without marking it as read. Empty: somebody has taken it away meanwhile."""
        found = self._reached(lambda: self._imap.fetch([uid], [f"BODY.PEEK[]<0.{MOST}>"]))
        return bytes(found.get(uid, {}).get(b"BODY[]<0>") or b"")

    def star(self, uid: int) -> None:
        self._reached(lambda: self._imap.add_flags([uid], [rb"\Flagged"], silent=True))

    def put_away(self, uid: int) -> None:
        """Into the folder of what was dealt with. An old server without MOVE copies it and marks the first one as deleted."""
        self._reached(self._make_folder)
        if b"MOVE" in self._capabilities:
            self._reached(lambda: self._imap.move([uid], self._done))
        else:
            self._reached(lambda: self._imap.copy([uid], self._done))
            self._reached(lambda: self._imap.add_flags([uid], [rb"\Deleted"], silent=True))

    def find(self, message_id: str) -> tuple[int, bytes] | None:
        """One mail by its Message-ID, where it arrived."""
        found = self._reached(lambda: self._imap.search(["UNDELETED", "HEADER", "Message-ID", message_id]))
        return (found[0], self.read(found[0])) if found else None

    def _open(self) -> IMAPClient:
        mailbox = self.settings
        context = ssl.create_default_context(cafile=certifi.where())
        imap = IMAPClient(
            mailbox.host, mailbox.port, ssl=mailbox.encrypted, ssl_context=context if mailbox.encrypted else None, timeout=_PATIENCE
        )
        if not mailbox.encrypted and not is_loopback(mailbox.host):
            imap.starttls(context)
        return imap

    def _sign_in(self) -> None:
        mailbox = self.settings
        try:
            self._reached(lambda: self._imap.login(mailbox.user, mailbox.password), refusal=LoginError)
        except LoginError as error:
            if isinstance(error.__context__, IMAPClient.AbortError):
                raise self._away(error) from None
            sentence = f"The mailbox at {mailbox.host} does not accept the user name or password in RETURNS_URL."
            raise Unauthorized(sentence, detail=_words(error)) from None
        self._capabilities = self._reached(self._imap.capabilities)
        try:
            self._reached(lambda: self._imap.select_folder(mailbox.folder), refusal=IMAPClientError)
        except IMAPClientError as error:
            raise Unauthorized(f"The mailbox at {mailbox.host} has no folder {mailbox.folder}.", detail=_words(error)) from None
        spaces = self._reached(self._imap.namespace).personal if b"NAMESPACE" in self._capabilities else None
        self._done = f"{spaces[0][0] if spaces else ''}{DONE}"

    def _make_folder(self) -> None:
        if not self._imap.folder_exists(self._done):
            self._imap.create_folder(self._done)

    def _reached(self, ask: Callable[[], Answer], refusal: type[Exception] = _Never) -> Answer:
        """`refusal`: what the caller wants to hear of itself."""
        try:
            return ask()
        except (IMAPClient.AbortError, OSError) as error:
            raise self._away(error) from None
        except refusal:
            raise
        except IMAPClientError as error:
            sentence = f"The mailbox at {self.settings.host} refused what Postlark asked of it; its own words say why."
            raise Transient(sentence, detail=_words(error)) from None

    def _away(self, error: Exception) -> Transient:
        return Transient(f"The mailbox at {self.settings.host} cannot be reached.", detail=_words(error))


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
