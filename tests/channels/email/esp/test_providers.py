"""The providers that EMAIL_URL may name, each against a stand-in that speaks its interface."""

import pytest

from tests.channels.email.esp.contract import ProviderContract
from tests.channels.email.letters import envelope, people, template
from tests.fakes.brevo import Brevo
from tests.fakes.mailgun import Mailgun
from tests.fakes.postmark import Postmark
from tests.fakes.sendgrid import SendGrid
from tests.fakes.ses import AmazonSes
from worker.channels.base import Rejected, Unauthorized
from worker.channels.carrier import mark


class TestMailgun(ProviderContract):
    stand_in = Mailgun
    shape = "mailgun://{key}@blog.example"


class TestPostmark(ProviderContract):
    stand_in = Postmark
    shape = "postmark://{key}@broadcast"
    reads_before_it_sends = True

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

    def test_a_header_that_it_would_garble_is_refused_for_the_one_whose_it_is(self, esp):
        made = template(headers=(*template().headers, ("X-Why", mark("why"))))
        readers = [envelope("a@reader.example", 0), envelope("b@reader.example", 1, why="Demandé"), envelope("c@reader.example", 2)]
        handed, error = self.all(self.carrier_at(esp), made, readers)
        assert (error, {step.key: type(step.error) for step in handed}) == (None, {0: type(None), 1: Rejected, 2: type(None)})
        assert set(esp.taken) == {"a@reader.example", "c@reader.example"}


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
