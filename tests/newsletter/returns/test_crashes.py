"""A reader of the mailbox killed over a mail: the next one takes it up, and nothing is doubled or lost."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import dovecot
from tests.fakes.dovecot import Dovecot
from tests.newsletter.returns import letters
from tests.newsletter.test_crashes import BLOG
from worker.lib.crypto import new_key

pytestmark = [pytest.mark.processes, pytest.mark.skipif(not dovecot.found(), reason="no IMAP server: install dovecot-imapd")]
ROOT = Path(__file__).parents[3]


@pytest.fixture
def box():
    with Dovecot() as server:
        yield server


@pytest.fixture
def start(tmp_path, box, fresh_database_url):
    """Start a reader of the mailbox; `crash` arms a crash point. What it prints is JSON."""
    (tmp_path / "blogs").mkdir()
    (tmp_path / "blogs" / "example.toml").write_text(BLOG)
    own = {
        "POSTLARK_DATA": str(tmp_path / "data"),
        "POSTLARK_BLOGS": str(tmp_path / "blogs"),
        "EMAIL_URL": "smtp://127.0.0.1:1",
        "RETURNS_URL": box.url,
    }
    if fresh_database_url:
        own |= {"DATABASE_URL": fresh_database_url, "SECRET_KEY": "kept from nobody", "POSTLARK_KEYS": new_key()}

    def start(crash: str = "") -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "tests.newsletter.returns.reader"]
        return subprocess.run(
            command, cwd=ROOT, env=os.environ | own | {"POSTLARK_CRASH": crash}, capture_output=True, text=True, timeout=90
        )

    return start


@pytest.mark.parametrize("point", ["mail-read", "mail-recorded"])
def test_killed_over_each_of_two_mails_and_started_again(start, box, point):
    one, other = json.loads(start().stdout)["own"]
    box.delivered(letters.delivery_report(one))
    box.delivered(letters.complaint(other))
    assert start(f"{point}:kill").returncode == -signal.SIGKILL
    assert len(box.subjects()) == 2
    told = json.loads(start().stdout)
    assert (told["kinds"], told["lines"], told["causes"]) == (["complained", "hard"], 2, ["bounced", "complained"])
    assert box.subjects() == []
    assert len(box.subjects("Postlark")) == 2
