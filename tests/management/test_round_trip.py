"""`postlark doctor` mails itself through a real relay and reads the verdict in a real mailbox."""

import json
from contextlib import suppress

import pytest
from django.core.management import CommandError, call_command

from tests.fakes import dovecot
from tests.fakes.dovecot import Dovecot
from tests.fakes.feeds import FeedSite
from tests.fakes.relay import Relay
from tests.newsletter.people import live_blog
from worker.channels.email.mailbox import parse_mailbox
from worker.management import round_trip

pytestmark = [pytest.mark.django_db, dovecot.needed]
GOOD = (
    "Received: from relay.example by mx.example with ESMTPS\nAuthentication-Results: mx.example; dkim=pass header.d=blog.example;"
    " spf=pass smtp.mailfrom=news@blog.example; dmarc=pass header.from=blog.example\n"
    "DKIM-Signature: v=1; d=blog.example; h=from:list-unsubscribe:list-unsubscribe-post; b=x\n"
)


class RelayIntoMailbox(Relay):
    """What it takes lies in the mailbox at once, with the receiver's own lines on top."""

    def __init__(self, box: Dovecot, on_top: str | None) -> None:
        super().__init__()
        self.box, self.on_top = box, on_top

    def take(self, address: str, body: bytes) -> None:
        super().take(address, body)
        if self.on_top is not None:
            self.box.delivered(self.on_top.encode().replace(b"\n", b"\r\n") + body)


@pytest.fixture
def box(settings):
    with Dovecot() as server:
        settings.MAILBOXES = {"default": parse_mailbox(server.url)}
        yield server


def doctor(box: Dovecot, capsys, on_top: str | None) -> dict[str, dict]:
    with RelayIntoMailbox(box, on_top) as relay, FeedSite() as site:
        site.feed = b"<rss/>"
        live_blog(relay, feed=site.url)
        with suppress(CommandError):
            call_command("doctor", "example", "--json")
        return {one["what"]: one for one in json.loads(capsys.readouterr().out)}


def test_a_mail_that_arrives_well(box, capsys):
    told = doctor(box, capsys, GOOD)
    assert [what for what, one in told.items() if not one["ok"]] == []
    assert {"test mail", "DKIM", "SPF", "DMARC", "List-Unsubscribe", "encryption"} <= told.keys()
    assert box.subjects("Postlark") == ["Postlark looks whether its mail arrives"]


def test_a_mail_that_arrives_unsigned_and_not_allowed(box, capsys):
    told = doctor(box, capsys, "Authentication-Results: mx.example; dkim=none; spf=fail smtp.mailfrom=news@blog.example; dmarc=fail\n")
    assert [what for what, one in told.items() if not one["ok"]] == ["DKIM", "SPF", "DMARC", "List-Unsubscribe"]


def test_a_mail_that_never_comes(box, capsys, monkeypatch):
    monkeypatch.setattr(round_trip, "WITHIN", 0.3)
    monkeypatch.setattr(round_trip, "EVERY", 0.1)
    told = doctor(box, capsys, None)
    assert not told["test mail"]["ok"]
    assert "spam folder" in told["test mail"]["sentence"]


def test_without_a_mailbox_it_says_what_it_did_not_look_at(settings, capsys):
    with Relay() as relay, FeedSite() as site:
        site.feed = b"<rss/>"
        live_blog(relay, feed=site.url)
        call_command("doctor", "example", "--json")
        assert relay.taken.total() == 0
    told = {one["what"]: one for one in json.loads(capsys.readouterr().out)}
    assert told["test mail"]["ok"]
    assert "Set RETURNS_URL" in told["test mail"]["sentence"]
