"""A real mail relay: Postfix, on a port and in a folder of its own, which brings everything for reader.example into one Maildir.

What an address gets is told by how it begins: `gone` is refused for good, `grey` for now. Only root can start it.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

_PROGRAMS = "/usr/lib/postfix/sbin"
_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {programs}
shlib_directory = /usr/lib/postfix
meta_directory = /etc/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = {folder}
maillog_file = {folder}/log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtpd_error_sleep_time = 0
myhostname = relay.example
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_transport = error:nobody lives here
virtual_mailbox_domains = reader.example
virtual_mailbox_maps = static:mail/
virtual_mailbox_base = {folder}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_transport = virtual
smtpd_recipient_restrictions =
  check_recipient_access regexp:{folder}/recipients
  permit_mynetworks
  reject
{more}
"""
_RECIPIENTS = """
/^gone/ 550 5.1.1 No such user here
/^grey/ 450 4.7.1 Greylisted, come back later
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
error unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""


def found() -> bool:
    return Path(_PROGRAMS, "smtpd").exists() and os.getuid() == 0


class Postfix:
    """Use it as a context. `more`: further lines of its configuration; `{folder}` in them is its folder."""

    def __init__(self, more: str = "") -> None:
        self.more = more

    def __enter__(self) -> "Postfix":
        self.folder = Path(tempfile.mkdtemp(prefix="postfix-"))
        self.folder.chmod(0o755)
        for name, owner in (("queue", "root"), ("data", "postfix"), ("mail", "nobody")):
            (self.folder / name).mkdir()
            shutil.chown(self.folder / name, owner)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        folder = str(self.folder)
        more = self.more.replace("{folder}", folder)
        (self.folder / "main.cf").write_text(_MAIN.format(folder=folder, programs=_PROGRAMS, more=more))
        (self.folder / "master.cf").write_text(_MASTER.format(port=self.port))
        (self.folder / "recipients").write_text(_RECIPIENTS)
        with (self.folder / "said").open("wb") as said:
            subprocess.run(["/usr/sbin/postfix", "-c", folder, "check"], stdout=said, stderr=said, check=True)  # makes the queue's folders
            self._server = subprocess.Popen([f"{_PROGRAMS}/master", "-c", folder, "-d"], stdout=said, stderr=said)
        self._until(self._answers, "it answers")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.wait(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> str:
        log = self.folder / "log"
        return (self.folder / "said").read_text() + (log.read_text() if log.exists() else "")

    def brought(self) -> list[bytes]:
        """The mails as they lie in the Maildir, once it has no more under way."""
        self._until(lambda: not self._queued(), "it brings everything")
        new = self.folder / "mail" / "new"
        return [path.read_bytes() for path in sorted(new.iterdir())] if new.exists() else []

    def _queued(self) -> list[Path]:
        return [path for name in ("incoming", "active", "deferred") for path in (self.folder / "queue" / name).rglob("*") if path.is_file()]

    def _answers(self) -> bool:
        assert self._server.poll() is None, self.log
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
                return line.recv(3) == b"220"
        except OSError:
            return False

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < until, f"{what}: not within a minute\n{self.log}"
            time.sleep(0.02)


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=default)
