"""A real IMAP server: Dovecot, on a port and in a folder of its own, with one user. `delivered` puts a mail into the INBOX."""

import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import pytest

USER, PASSWORD = "returns@blog.example", "pass:word/with@signs"
_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{folder}/mail
mail_fsync = never
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={mail_uid} gid={mail_gid} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
{more}
"""


def found() -> str:
    """The server's path; empty: it is not installed."""
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/dovecot") or ""


# A contributor's machine may lack it; .ci/run installs it, and there a skip is a failure (POSTLARK_NO_SKIPS).
needed = pytest.mark.skipif(not found(), reason="no IMAP server: install dovecot-imapd")


class Dovecot:
    """Use it as a context. `more`: further lines of its configuration."""

    def __init__(self, more: str = "") -> None:
        self.more = more

    def __enter__(self) -> "Dovecot":
        self.folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.folder.chmod(0o755)
        for name in ("mail", "home"):
            (self.folder / name).mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        uid, gid, user, group = os.getuid(), os.getgid(), "", ""
        if uid == 0:  # it lets nobody read mail as root
            uid, gid, user, group = _nobody()
            for name in ("mail", "home"):
                os.chown(self.folder / name, uid, gid)
        else:
            user, group = pwd.getpwuid(uid).pw_name, grp.getgrgid(gid).gr_name
        config = self.folder / "dovecot.conf"
        names = {"mail_uid": uid, "mail_gid": gid, "user": user, "group": group, "port": self.port}
        config.write_text(_CONFIG.format(folder=self.folder, password=PASSWORD, more=self.more, **names))
        self._server = subprocess.Popen([found(), "-F", "-c", str(config)])
        self._until_it_answers()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.wait(timeout=10)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        return f"imap://{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/INBOX"

    def delivered(self, mail: bytes) -> None:
        with self._line() as imap:
            imap.append("INBOX", "", None, mail)

    def subjects(self, folder: str = "INBOX", criteria: str = "UNDELETED") -> list[str]:
        """Of the mails in a folder, oldest first."""
        with self._line() as imap:
            if imap.select(folder)[0] != "OK":
                return []
            uids = imap.uid("SEARCH", criteria)[1][0].split()
            heads = [imap.uid("FETCH", uid, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0][1] for uid in uids]
            return [head.decode().partition(":")[2].strip() for head in heads]

    def files_away_everything(self) -> None:
        """As a person would who has read it all."""
        with self._line() as imap:
            imap.create("Done by hand")
            imap.select("INBOX")
            imap.copy("1:*", '"Done by hand"')
            imap.store("1:*", "+FLAGS", r"(\Deleted)")
            imap.expunge()

    def _line(self) -> imaplib.IMAP4:
        imap = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        imap.login(USER, PASSWORD)
        return imap

    def _until_it_answers(self) -> None:
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                return
            except OSError:
                log = self.folder / "log"
                assert self._server.poll() is None, log.read_text() if log.exists() else "it did not start"
                assert time.monotonic() < until, "it does not answer"
                time.sleep(0.02)


def _nobody() -> tuple[int, int, str, str]:
    one = pwd.getpwnam("nobody")
    return one.pw_uid, one.pw_gid, one.pw_name, grp.getgrgid(one.pw_gid).gr_name
