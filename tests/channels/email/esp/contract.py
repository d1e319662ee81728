"""What every mail provider must do: a provider's test class subclasses this and names its stand-in.

class TestMailgun(ProviderContract):
    stand_in = Mailgun
    shape = "mailgun://{key}@blog.example"
"""

import time
from html import escape
from itertools import count
from typing import Any, ClassVar
from unittest.mock import ANY
from urllib.parse import quote

import pytest

from tests.channels.contract import PATIENCE, SECRET, CarrierContract
from tests.channels.email.letters import envelope, people, template
from tests.fakes.esp import MailProvider
from worker.channels.base import OutcomeUnknown, Picture, Rejected, Transient, Unauthorized
from worker.channels.carrier import INLINE_PICTURE, Envelope, Handed, Intent, MailTemplate
from worker.channels.email import Email, parse_relay

LABEL = "7.signed-by-nobody"
PICTURE = Picture(b"\xff\xd8\xff\xe0 a picture", "image/jpeg", 600, 400)


class ProviderContract(CarrierContract):
    """`shape`: EMAIL_URL behind `anymail+`. `at_once`: readers in one request. `shows_pictures`: it takes one inside the mail."""

    stand_in: ClassVar[type[MailProvider]]
    shape: ClassVar[str]
    path: ClassVar[str] = ""
    at_once: ClassVar[int] = 100
    shows_pictures: ClassVar[bool] = True
    reads_back: ClassVar[bool] = True
    answers_with_words: ClassVar[bool] = True
    """Its yes has a body, so that a yes without one is none."""
    reads_before_it_sends: ClassVar[bool] = False
    """Something there must be so."""

    def relay(self, *, slowness: float = 0.0, login: bool = False) -> MailProvider:
        esp = self.stand_in(token="another" if login else SECRET)
        if slowness:
            esp.misbehave("late", seconds=slowness)
        return esp

    def carrier_at(self, relay: MailProvider, **more: Any) -> Email:
        url = f"anymail+{self.shape.format(key=quote(SECRET))}?base_url={relay.url}{self.path}"
        return Email(parse_relay(url), **more)

    @pytest.fixture
    def esp(self):
        with self.relay() as esp:
            yield esp

    def all(self, carrier: Email, made: MailTemplate, envelopes: list[Envelope]) -> tuple[list[Handed], BaseException | None]:
        handed = []
        try:
            for step in carrier.send(made, envelopes):
                if isinstance(step, Handed):
                    handed.append(step)
        except (Transient, Unauthorized) as error:
            return handed, error
        return handed, None

    # What arrives -------------------------------------------------------------------------------------------------------

    def test_each_gets_a_mail_with_their_own_words_in_every_part(self, esp):
        made = template(label=LABEL)
        readers = [envelope(f"reader.{key}@reader.example", key, why=f"You asked <{key}> & more.") for key in range(5)]
        assert self.all(self.carrier_at(esp), made, readers)[1] is None
        for reader in readers:
            (mail,) = [mail for mail in esp.mails if mail["to"] == reader.address]
            own = reader.personal
            assert mail["subject"] == "Coping with school stress"
            assert mail["text"].replace("\r\n", "\n").strip() == f"Hello\n\n.a dot\n{own['unsubscribe']}\n{own['why']}"
            assert mail["html"].strip() == f"<p>Hello</p><a href='{escape(own['unsubscribe'])}'>{escape(own['why'])}</a>"
            assert mail["headers"]["List-Unsubscribe"] == f"<{own['unsubscribe']}>"  # neither folded nor encoded
            assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            assert (mail["copy"], mail["label"]) == (own["copy"], LABEL)

    def test_nothing_is_tracked(self, esp):
        self.all(self.carrier_at(esp), template(), people("a", "b"))
        assert [mail["tracked"] for mail in esp.mails] == [False, False]

    def test_the_picture_travels_in_the_mail_or_is_left_out_whole(self, esp):
        html = f'<p>Hello</p><a href="https://blog.example/"><img src="{INLINE_PICTURE}" alt="A tree"></a>'
        self.all(self.carrier_at(esp), template(html=html, picture=PICTURE), people("a", "b"))
        for mail in esp.mails:
            names = [name.removeprefix("cid:") for name in mail["pictures"]]
            assert names == ([INLINE_PICTURE.removeprefix("cid:")] if self.shows_pictures else [])
            assert mail["html"].strip() == (html if self.shows_pictures else "<p>Hello</p>")

    @pytest.mark.parametrize("words", ["{{ params.why }}", "{% if %}{#", "%recipient.why%", "a {", "100 % {{{x}}}", "\\ $1 \\g<0>"])
    def test_what_looks_like_the_providers_own_marks_is_left_as_it_is(self, esp, words):
        plain = template(text=f"{words}\n", html=f"<p>{words}</p>")
        handed, error = self.all(self.carrier_at(esp), plain, people("a", "b"))
        assert (error, [step.error for step in handed]) == (None, [None, None])
        assert {mail["text"].strip() for mail in esp.mails} == {words}
        assert {mail["html"].strip() for mail in esp.mails} == {f"<p>{words}</p>"}

    def test_whatever_an_address_may_hold_each_gets_their_own(self, esp):
        addresses = ["O'Neil+list@reader.example", "ann_b@xn--bcher-kva.example", "Cat.{x}%y@reader.example", "1/2=dan@reader.example"]
        readers = [envelope(address, key, why=f"Number {key}.") for key, address in enumerate(addresses)]
        handed, error = self.all(self.carrier_at(esp), template(), readers)
        assert (error, [step.error for step in handed]) == (None, [None] * 4)
        assert {mail["to"]: mail["text"].strip()[-9:] for mail in esp.mails} == {
            each: f"Number {key}." for key, each in enumerate(addresses)
        }

    def test_a_mail_that_is_no_newsletter_goes_as_well(self, esp):
        plain = MailTemplate((("From", "news@blog.example"), ("Subject", "Is it you?")), "news@blog.example", "Say yes.\n", "")
        assert self.all(self.carrier_at(esp), plain, [Envelope(0, "ann@reader.example", {})]) == ([Handed(0, None, detail=ANY)], None)
        (mail,) = esp.mails
        assert (mail["to"], mail["subject"], mail["text"].strip(), mail["copy"]) == ("ann@reader.example", "Is it you?", "Say yes.", "")

    def test_copies_of_another_template_go_in_a_request_of_their_own(self, esp):
        short = template(text="Short\n", html="<p>Short</p>")
        readers = [Envelope(key, f"r{key}@reader.example", envelope().personal, short if key % 2 else None) for key in range(6)]
        self.all(self.carrier_at(esp), template(), readers)
        assert [mail["text"].startswith("Short") for mail in sorted(esp.mails, key=lambda mail: mail["to"])] == [False, True] * 3

    # Many in one request ------------------------------------------------------------------------------------------------

    def test_the_first_goes_alone_and_then_many_go_at_once_each_announced_before_and_told_after(self, esp):
        events = []
        for step in self.carrier_at(esp).send(template(), people(*(f"r{number}" for number in range(121)))):
            events.append((type(step), step.key, len(esp.mails)))
        asked = [request for request in esp.requests if esp.kind(request) == "post"]
        assert len(asked) == (121 if self.at_once == 1 else 3)
        for key in range(121):
            (intended,) = [mails for kind, number, mails in events if kind is Intent and number == key]
            (handed,) = [mails for kind, number, mails in events if kind is Handed and number == key]
            assert intended <= key < handed

    def test_a_reader_who_cannot_be_written_to_is_told_apart_from_the_others(self, esp):
        handed, error = self.all(self.carrier_at(esp), template(), people("a", "b", "gone", "c", "d"))
        assert error is None
        assert {step.key: type(step.error) for step in handed} == {0: type(None), 1: type(None), 2: Rejected, 3: type(None), 4: type(None)}
        assert set(esp.taken.values()) == {1}

    def test_two_who_cannot_be_written_to_stand_in_nobodys_way_even_as_the_first(self, esp):
        handed, error = self.all(self.carrier_at(esp), template(), people("gone.1", "gone.2", "c", "d"))
        assert error is None
        assert {step.key: type(step.error) for step in handed} == {0: Rejected, 1: Rejected, 2: type(None), 3: type(None)}

    def test_what_is_wrong_with_the_sender_is_nobody_elses_fault(self, esp):
        esp.domain = "another.example"
        made = template(headers=(("From", "news@blog.example"), ("Subject", "Hello")))
        handed, error = self.all(self.carrier_at(esp), made, people(*(f"r{number}" for number in range(20))))
        assert (handed, type(error)) == ([], Unauthorized)
        assert len(esp.requests) < 10

    # What goes wrong ----------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("fault", "copies"),
        [("lose-before", 0), ("lose-after", 1), ("reset", 1), ("500-before", 0), ("500-after", 1), ("half", 1), ("503", 0)],
    )
    def test_without_a_clear_answer_who_was_in_the_request_is_in_doubt_and_nobody_else_is_put_there(self, esp, fault, copies):
        esp.misbehave(fault)
        handed, error = self.all(self.carrier_at(esp), template(), people("a", "b", "c"))
        assert [(step.key, type(step.error)) for step in handed] == [(0, OutcomeUnknown)]
        assert type(error) is Transient
        assert esp.taken.total() == copies

    def test_a_yes_that_cannot_be_read_is_none(self, esp):
        esp.misbehave("garbage")
        handed, error = self.all(self.carrier_at(esp), template(), people("a"))
        assert [type(step.error) for step in handed] == [OutcomeUnknown if self.answers_with_words else type(None)]
        assert type(error) is (Transient if self.answers_with_words else type(None))

    def test_an_answer_that_does_not_come_in_time_is_given_up(self, esp):
        self.all(self.carrier_at(esp), template(), people("a"))  # loads what it needs, which takes its time
        esp.misbehave("late", seconds=30)
        carrier = self.carrier_at(esp, until=time.monotonic() + PATIENCE)
        handed, error = self.all(carrier, template(), people("a", "b"))
        assert [(step.key, type(step.error)) for step in handed] == [(0, OutcomeUnknown)]
        assert type(error) is Transient

    @pytest.mark.parametrize("fault", ["500-before", "lose-before"])
    def test_an_outage_leaves_nobody_in_doubt(self, esp, fault):
        """It is found by a harmless read, before anything is asked for."""
        if not self.reads_back:
            return
        esp.misbehave(fault, on="read")
        handed, error = self.all(self.carrier_at(esp), template(), people("a", "b"))
        assert (handed, type(error), esp.mails) == ([], Transient, [])

    def test_a_key_that_may_send_but_read_nothing_is_a_good_key(self, esp):
        if self.reads_before_it_sends:
            return
        esp.misbehave("403", on="read")
        handed, error = self.all(self.carrier_at(esp), template(), people("a"))
        assert (error, [step.error for step in handed]) == (None, [None])

    def test_a_lost_answer_puts_all_of_its_request_in_doubt_and_ends_the_run(self, esp):
        esp.misbehave("none")
        esp.misbehave("lose-after")
        handed, error = self.all(self.carrier_at(esp), template(), people("a", "b", "c", "d"))
        in_doubt = {1} if self.at_once == 1 else {1, 2, 3}
        assert {step.key for step in handed if isinstance(step.error, OutcomeUnknown)} == in_doubt
        assert type(error) is Transient
        assert set(esp.taken.values()) == {1}

    def test_too_many_requests_is_for_all_to_wait_for_as_long_as_it_says(self, esp):
        esp.misbehave("none")
        esp.misbehave("429", seconds=77)
        handed, error = self.all(self.carrier_at(esp), template(), people("a", "b", "c"))
        assert [step.error for step in handed] == [None]
        assert isinstance(error, Transient)
        assert error.cooldown
        assert error.retry_after.total_seconds() == 77

    @pytest.mark.parametrize("fault", ["401", "403", "404"])
    def test_what_is_wrong_with_the_key_is_for_a_person(self, esp, fault):
        esp.misbehave(fault)
        handed, error = self.all(self.carrier_at(esp), template(), people("a", "b"))
        assert (handed, type(error)) == ([], Unauthorized)

    def test_it_never_repeats_our_key(self, esp):
        esp.misbehave("echo")
        _, error = self.all(self.carrier_at(esp), template(), people("a"))
        told = f"{error!r} {error.sentence} {error.detail}"
        assert "refused" in error.detail
        assert SECRET not in told
        assert not [value for value in self._signs(esp) if value in told]

    def _signs(self, esp: MailProvider) -> list[str]:
        return [value for name, value in esp.requests[-1].headers.items() if name.lower() == "authorization" and value.startswith("Basic")]

    def test_the_pace_is_kept(self, esp, monkeypatch):
        waited = []
        monkeypatch.setattr("worker.channels.email.esp.hand_in.time.sleep", waited.append)
        url = f"anymail+{self.shape.format(key=SECRET)}?rate=1/h&base_url={esp.url}{self.path}"
        clock = count()
        monkeypatch.setattr("worker.channels.email.esp.hand_in.time.monotonic", lambda: next(clock) * 0.0)
        self.all(Email(parse_relay(url)), template(), people("a", "b"))
        assert [round(seconds) for seconds in waited] == [0, 3600]

    # Looking up ---------------------------------------------------------------------------------------------------------

    def test_who_has_a_copy_is_found_in_the_log_under_the_newsletters_own_name(self, esp):
        carrier = self.carrier_at(esp)
        if not self.reads_back:
            assert carrier.settle is None
            return
        self.all(carrier, template(label=LABEL), people("a"))
        since = esp.posts[0].moment
        assert carrier.find(LABEL, "a@reader.example", since)
        assert not carrier.find("8.another", "a@reader.example", since)
        assert not carrier.find(LABEL, "b@reader.example", since)

    @pytest.mark.parametrize(
        ("fault", "error"), [("500-before", Transient), ("garbage", Transient), ("429", Transient), ("403", Unauthorized)]
    )
    def test_a_log_that_cannot_be_read_never_says_that_it_is_not_there(self, esp, fault, error):
        carrier = self.carrier_at(esp)
        if not self.reads_back:
            assert carrier.settle is None
            return
        self.all(carrier, template(label=LABEL), people("a"))
        esp.misbehave(fault, on="list")
        with pytest.raises(error):
            carrier.find(LABEL, "a@reader.example", esp.posts[0].moment)

    def test_a_harmless_read_says_whether_the_key_is_good(self, esp):
        said = self.carrier_at(esp).check()
        assert said.startswith(self.carrier_at(esp).relay.name)
        esp.token = "another"
        with pytest.raises(Unauthorized):
            self.carrier_at(esp).check()
        assert esp.mails == []
