"""The providers that EMAIL_URL may name, each against a stand-in that speaks its interface."""

import pytest

from tests.channels.email.esp.contract import ProviderContract
from tests.channels.email.letters import people, template
from tests.fakes.brevo import Brevo
from tests.fakes.mailgun import Mailgun
from tests.fakes.postmark import Postmark
from tests.fakes.sendgrid import SendGrid
from tests.fakes.ses import AmazonSes
from worker.channels.base import Unauthorized


class TestMailgun(ProviderContract):
    stand_in = Mailgun
    shape = "mailgun://{key}@blog.example"


class TestPostmark(ProviderContract):
    stand_in = Postmark
    shape = "postmark://{key}@broadcast"

    def test_it_does_not_send_while_the_server_tracks_opens(self, esp):
        esp.tracks_opens = True
        handed, error = self.all(self.carrier_at(esp), template(), people("a"))
        assert (handed, type(error), esp.mails) == ([], Unauthorized, [])
        assert "Switch it off" in error.sentence
        with pytest.raises(Unauthorized):
            self.carrier_at(esp).check()


class TestBrevo(ProviderContract):
    stand_in = Brevo
    shape = "brevo://{key}"
    path = "/v3"
    shows_pictures = False


class TestSendGrid(ProviderContract):
    stand_in = SendGrid
    shape = "sendgrid://{key}"
    path = "/v3"
    answers_with_words = False


class TestAmazonSes(ProviderContract):
    stand_in = AmazonSes
    shape = "ses://{key}:another-secret@ca-central-1"
    at_once = 1
    reads_back = False
