"""A reader of the mailbox killed over a mail: the next one takes it up, and nothing is doubled or lost."""

import json
import signal

import pytest

from tests.fakes import dovecot
from tests.fakes.dovecot import Dovecot
from tests.newsletter.returns import letters

pytestmark = [pytest.mark.processes, dovecot.needed]


@pytest.fixture
def box():
    with Dovecot() as server:
        yield server


@pytest.fixture
def read(installation, box):
    """A reader of the mailbox to its end; `crash` arms a crash point. The exit code, and how it all stands."""

    def read(crash: str = "") -> tuple[int, dict]:
        said = {"EMAIL_URL": "smtp://127.0.0.1:1", "RETURNS_URL": box.url, "POSTLARK_CRASH": crash}
        process = installation.begin("tests.newsletter.returns.reader", **said)
        out, _ = process.communicate(timeout=90)
        return process.returncode, json.loads(out or "{}")

    return read


@pytest.mark.parametrize("point", ["mail-read", "mail-recorded"])
def test_killed_over_each_of_two_mails_and_started_again(read, box, point):
    one, other = read()[1]["own"]
    box.delivered(letters.delivery_report(one))
    box.delivered(letters.complaint(other))
    assert read(f"{point}:kill")[0] == -signal.SIGKILL
    assert len(box.subjects()) == 2
    _, told = read()
    assert (told["kinds"], told["lines"], told["causes"]) == (["complained", "hard"], 2, ["bounced", "complained"])
    assert box.subjects() == []
    assert len(box.subjects("Postlark")) == 2
