"""A line to the relay: connect, encrypt, sign in. One step after the other, by smtplib; what comes after is `line`'s."""

import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from worker.channels.base import Transient, Unauthorized
from worker.channels.email.relay import SmtpSettings
from worker.channels.email.replies import Reply, login_refused


@dataclass(frozen=True)
class Opened:
    """Greeted, encrypted and logged in as EMAIL_URL asks. `size`: the longest message that is taken; 0: it does not say."""

    sock: socket.socket
    pipelining: bool
    size: int
    utf8: bool


class Opening:
    """One try at a line. `cut` ends it from another thread, for a relay that dawdles."""

    def __init__(self, relay: SmtpSettings, hello: str, patience: float) -> None:
        self._relay = relay
        self._smtp = (
            smtplib.SMTP_SSL(local_hostname=hello, timeout=patience, context=context(relay))
            if relay.tls == "ssl"
            else smtplib.SMTP(local_hostname=hello, timeout=patience)
        )
        # What the certificate is checked for; smtplib takes it only where the constructor connects: https://github.com/python/cpython/issues/80275
        self._smtp._host = relay.host  # type: ignore[attr-defined]

    def run(self) -> Opened:
        """Raises Transient or Unauthorized."""
        try:
            return self._run()
        except BaseException as error:
            self._smtp.close()
            if isinstance(error, OSError | ValueError):  # smtplib's own errors are OSErrors; ValueError: a reply that is not SMTP
                self._explain(error)
            raise

    def cut(self) -> None:
        with suppress(OSError):
            if self._smtp.sock is not None:
                socket.socket.shutdown(self._smtp.sock, socket.SHUT_RDWR)  # closing would not wake the thread that reads

    def _run(self) -> Opened:
        relay, smtp = self._relay, self._smtp
        code, words = smtp.connect(relay.host, relay.port)
        if code != 220:
            raise smtplib.SMTPResponseException(code, words)
        if relay.tls == "starttls":
            smtp.starttls(context=context(relay))
        smtp.ehlo_or_helo_if_needed()
        if relay.user:
            self._sign_in()
        offered = smtp.esmtp_features
        assert smtp.sock is not None, "it is connected"
        if smtp.file is not None:
            smtp.file.close()  # it would keep the socket open
        size = offered.get("size", "").strip()
        return Opened(smtp.sock, "pipelining" in offered, int(size) if size.isdigit() else 0, "smtputf8" in offered)

    def _sign_in(self) -> None:
        smtp, relay = self._smtp, self._relay
        ways = {"plain": smtp.auth_plain, "login": smtp.auth_login, "xoauth2": self._xoauth2}
        offered = smtp.esmtp_features.get("auth", "").lower().split()
        way = relay.auth or next((way for way in ("plain", "login") if way in offered), "")
        if way not in offered:
            raise smtplib.SMTPNotSupportedError(f"AUTH {way} is not among: {' '.join(offered) or 'none'}")
        smtp.user, smtp.password = relay.user, relay.password
        smtp.auth(way, ways[way])

    def _xoauth2(self, challenge: bytes | None = None) -> str:
        """https://developers.google.com/workspace/gmail/imap/xoauth2-protocol: a challenge means no, and wants an empty answer."""
        return "" if challenge else f"user={self._relay.user}\x01auth=Bearer {self._relay.password}\x01\x01"

    def _explain(self, error: OSError | ValueError) -> NoReturn:
        relay = self._relay
        match error:
            case smtplib.SMTPNotSupportedError():
                wanted = "such a login" if "AUTH" in str(error) else "an encrypted line (STARTTLS)"
                raise Unauthorized(
                    f"The mail relay {relay.host} does not offer {wanted}, which EMAIL_URL asks for.", detail=str(error)
                ) from None
            case UnicodeEncodeError():
                raise Unauthorized(f"The user name or password for {relay.host} holds signs that a login cannot carry.") from None
            case ssl.SSLCertVerificationError():
                raise Unauthorized(
                    f"The mail relay {relay.host} shows a certificate that is not valid for it.", detail=str(error)
                ) from None
            case smtplib.SMTPAuthenticationError():
                raise login_refused(relay, Reply(error.smtp_code, error.smtp_error)) from None
            case smtplib.SMTPResponseException():
                reply = Reply(error.smtp_code, error.smtp_error)
                raise Transient(
                    f"The mail relay {relay.host} does not take mail just now.", status=str(reply.code), detail=str(reply)
                ) from None
        raise Transient(f"The mail relay {relay.host} cannot be reached.", detail=str(error)) from None


def context(relay: SmtpSettings) -> ssl.SSLContext:
    made = ssl.create_default_context()
    if relay.is_loopback:  # a certificate on this machine is self-made: there is nothing to check it against
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made
