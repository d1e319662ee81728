"""Relays that keep to the letter of SMTP, or hardly, and still are out there: nobody gets two, and whoever can have a copy has one."""

import re
import socket
import ssl
import struct
import time
from contextlib import suppress
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.channels.email.letters import people, template
from tests.channels.email.test_conversations import converse
from tests.fakes.relay import Conversation, Gone, Relay
from worker.channels.base import OutcomeUnknown, Transient, Unauthorized
from worker.channels.email import conversations as engine

PIPELINING = ("PIPELINING",)


class ByteByByte(Conversation):
    def send(self, words):
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(words)):
            self.sock.sendall(words[at : at + 1])


class AllAtOnce(Conversation):
    """Its answers to a whole pipeline come in one segment, the one to the last body among them."""

    held = b""

    def send(self, words):
        self.held += words
        if not self.is_more_to_read():
            self.sock.sendall(self.held)
            self.held = b""

    def is_more_to_read(self):
        self.sock.setblocking(False)
        try:
            return bool(self.read.peek())
        finally:
            self.sock.setblocking(True)


class OfManyLines(Conversation):
    def send(self, words):
        self.sock.sendall((words[:3] + b"-so it says\r\n") * 999 + words if words[3:4] == b" " else words)


class Garbled(Conversation):
    """8-bit signs of no known kind, a NUL, and no enhanced codes."""

    def send(self, words):
        code, rest = words[:4], words[4:].rstrip()
        self.sock.sendall(code + b"\xe9\xff\xfe\x00\x1b[2J " + (b"" if rest[:1].isdigit() else rest) + b"\r\n")

    def hello(self):
        self.sock.sendall(b"250-relay.example \xff\xfe\r\n")
        for word in self.relay.features:
            self.sock.sendall(b"250-" + word.encode() + b"\r\n")
        self.sock.sendall(b"250 X-\xe9\r\n")


class BareCodes(Conversation):
    """Nothing but the number, as RFC 5321, 4.2 lets it be."""

    def send(self, words):
        self.sock.sendall(words if words[3:4] == b"-" or b"PIPELINING" in words else words[:3] + b"\r\n")


class OnlyHelo(Conversation):
    def answer(self, line):
        if line.startswith("EHLO"):
            self.say("502 Not understood")
        elif line.startswith("HELO"):
            self.say("250 relay.example")
        else:
            super().answer(line)


class EndsAfterEach(Conversation):
    """It takes one message, says so, and closes."""

    def data(self):
        super().data()
        raise Gone


class OneMessageALine(Conversation):
    """It says so only when the next one is begun."""

    has_taken = False

    def answer(self, line):
        if line.startswith("MAIL") and self.has_taken:
            self.say("421 4.7.0 Too many messages on this connection")
            raise Gone
        super().answer(line)

    def data(self):
        super().data()
        self.has_taken = True


class TwoLinesAtMost(Conversation):
    def run(self):
        self.relay.open = getattr(self.relay, "open", 0) + 1
        try:
            if self.relay.open > 2:
                self.relay.greeting = "220 relay.example ESMTP"
                self.say("421 4.7.0 Too many connections from your address")
                self.read.close()
                self.sock.close()
            else:
                super().run()
        finally:
            self.relay.open -= 1


class LateToGoOn(Conversation):
    def data(self):
        self.relay.over.wait(0.1)
        super().data()


class SendsOn(Conversation):
    """Its yes to a reader's name is not the usual one (RFC 5321, 3.4)."""

    def say(self, text):
        super().say("251 2.1.5 User not local; will forward" if text == "250 2.1.5 OK" else text)


class DropsWhatRidesBehindABody(Conversation):
    """It offers pipelining, and throws away what came before it had answered."""

    drops = re.compile("250 2.0.0 Queued")

    def say(self, text):
        if self.drops.match(text):
            self.sock.setblocking(False)
            while self.read.read1():
                pass
            self.sock.setblocking(True)
        super().say(text)


class DropsWhateverRides(DropsWhatRidesBehindABody):
    drops = re.compile("250 2.*OK")


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """Of a minute, half a second."""
    monkeypatch.setattr(engine, "REPLY_WITHIN", 0.5)


ODD = [
    ByteByByte,
    AllAtOnce,
    OfManyLines,
    Garbled,
    BareCodes,
    OnlyHelo,
    EndsAfterEach,
    OneMessageALine,
    TwoLinesAtMost,
    LateToGoOn,
    SendsOn,
    DropsWhatRidesBehindABody,
    DropsWhateverRides,
]


@pytest.mark.parametrize("features", [(), PIPELINING], ids=["plain", "pipelining"])
@pytest.mark.parametrize("lines", [1, 8])
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.__name__)
def test_everybody_has_one_copy(odd, features, lines):
    with Relay(features=features, conversation=odd) as relay:
        handed = converse(relay, people(*[f"fine.{number}" for number in range(12)], "gone", "last"), options=f"?connections={lines}")
    assert [key for key, one in handed.items() if one.error is not None] == [12]
    assert len(handed) == 14
    assert set(relay.taken.values()) == {1}
    assert relay.taken.total() == 13


# Lost answers ---------------------------------------------------------------------------------------------------------------


class ResetsAfterTheDot(Conversation):
    """With an RST, which takes along whatever was on its way."""

    def data(self):
        if self.kind != "kept":
            super().data()
            return
        self.say("354 Go on")
        self.relay.take(self.to, self.body())
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone


class SaysItTwice(Conversation):
    """Of one reader's copy, so that whatever it says next seems to be of another's."""

    def data(self):
        super().data()
        if self.kind == "twice":
            self.say("250 2.0.0 Queued")


class AsksForTheBodyAgain(Conversation):
    def data(self):
        self.say("354 Go on")
        self.body()
        self.say("354 Go on" if self.kind == "twice" else "250 2.0.0 Queued")


@pytest.mark.parametrize("features", [(), PIPELINING], ids=["plain", "pipelining"])
def test_whoever_comes_after_an_answer_too_many_is_not_refused_by_it(features):
    with Relay(features=features, conversation=SaysItTwice) as relay:
        handed = converse(relay, people("twice", "next", "last"))
    assert all(isinstance(one.error, Transient | None) for one in handed.values())
    assert [relay.taken[one.address] for one in people("twice", "next", "last")] == [handed[key].error is None for key in range(3)]


@pytest.mark.parametrize("features", [(), PIPELINING], ids=["plain", "pipelining"])
def test_what_is_no_answer_to_a_body_leaves_it_in_doubt(features):
    with Relay(features=features, conversation=AsksForTheBodyAgain) as relay:
        handed = converse(relay, people("twice", "next"))
    assert isinstance(handed[0].error, OutcomeUnknown)
    assert handed[1].error is None


class HasNoEnd(Conversation):
    """Its answer to one reader's name goes on for ever."""

    def recipient(self):
        while self.kind == "endless":
            self.send(b"250-and so on\r\n" * 1000)
        super().recipient()


class Drips(Conversation):
    """Its answer to one reader's name comes a sign at a time, and never to its end."""

    def recipient(self):
        while self.kind == "endless":
            self.send(b"2")
            if self.relay.over.wait(0.1):
                raise Gone
        super().recipient()


def test_a_reset_after_the_last_dot_leaves_its_one_copy_in_doubt():
    with Relay(features=PIPELINING, conversation=ResetsAfterTheDot) as relay:
        handed = converse(relay, people("before", "kept", "after"))
    assert {key: type(one.error) for key, one in handed.items()} == {0: type(None), 1: OutcomeUnknown, 2: type(None)}
    assert set(relay.taken.values()) == {1}


@pytest.mark.parametrize("features", [(), PIPELINING], ids=["plain", "pipelining"])
@pytest.mark.parametrize("odd", [HasNoEnd, Drips], ids=lambda odd: odd.__name__)
def test_an_answer_without_an_end_is_one_readers_trouble(odd, features):
    with Relay(features=features, conversation=odd) as relay:
        handed = converse(relay, people("before", "endless", "after", "last"))
    assert {key: type(one.error) for key, one in handed.items() if one.error} == {1: Transient}
    assert relay.taken.total() == 3


@pytest.mark.parametrize("features", [(), PIPELINING], ids=["plain", "pipelining"])
def test_who_had_no_answer_until_the_very_end_has_been_tried(features, monkeypatch):
    """Else it would be the first in the next run, and so on, and nobody else would have a turn."""
    monkeypatch.setattr(engine, "REPLY_WITHIN", 60)
    with Relay(features=features) as relay:
        handed = converse(relay, people("fine", "deaf"), until=time.monotonic() + 0.5)
    assert isinstance(handed[1].error, Transient)


def test_what_an_answer_says_is_kept_as_far_as_anybody_reads():
    with Relay(conversation=OfManyLines) as relay:
        handed = converse(relay, people("fine"))
    assert handed[0].detail.startswith("250 so it says")
    assert len(handed[0].detail) < 600


# About us, not about a reader -----------------------------------------------------------------------------------------------


class DeafToUs(Conversation):
    def answer(self, line):
        if line.startswith("MAIL"):
            self.relay.over.wait()
        super().answer(line)


class RefusesUs(Conversation):
    """At MAIL, before it knows any reader, for as long as `after` says otherwise."""

    said = "550 5.7.1 Sender rejected"
    after = 0

    def answer(self, line):
        if line.startswith("MAIL") and self.relay.taken.total() >= self.after:
            self.say(self.said)
        else:
            super().answer(line)


class TakesThreeAMinute(RefusesUs):
    said, after = "450 4.7.1 Error: too much mail from 127.0.0.1", 3


class HicCups(RefusesUs):
    """Now and then it wants to be asked again."""

    def answer(self, line):
        self.said, self.after = "451 4.3.0 Again, please", 0 if len(self.relay.lines) % 4 == 1 else 1000
        super().answer(line)


@pytest.mark.parametrize("features", [(), PIPELINING], ids=["plain", "pipelining"])
def test_a_relay_that_answers_nothing_is_tried_again_later_and_nobody_is_at_fault(features):
    with Relay(features=features, conversation=DeafToUs) as relay, pytest.raises(Transient, match="gave no answer"):
        converse(relay, people("a", "b"), until=time.monotonic() + 1.8)


@pytest.mark.parametrize("features", [(), PIPELINING], ids=["plain", "pipelining"])
@pytest.mark.parametrize("lines", [1, 4])
@pytest.mark.parametrize(
    ("odd", "error", "sentence", "copies"),
    [
        (RefusesUs, Unauthorized, "takes no mail from news@blog.example; its own words say why.", 0),
        (TakesThreeAMinute, Transient, "takes no more from us for now.", 3),
    ],
)
def test_a_refusal_of_everybody_before_they_are_named_ends_the_run_and_is_nobodys_fault(odd, error, sentence, copies, lines, features):
    handed = {}
    with Relay(features=features, conversation=odd) as relay, pytest.raises(error) as ended:
        converse(relay, people(*[f"fine.{number}" for number in range(100)]), options=f"?connections={lines}", handed=handed)
    assert ended.value.sentence == f"The mail relay 127.0.0.1 {sentence}"
    assert ended.value.detail == f"MAIL: {odd.said}"
    assert [one.error for one in handed.values()].count(None) == relay.taken.total()
    told = len(handed) - relay.taken.total()
    assert told <= (lines - 1) * (engine._UNNAMED_IN_A_ROW - 1), (
        "those who were refused while another line's copy was on its way, and taken"
    )
    assert copies <= relay.taken.total() < copies + lines


def test_a_refusal_now_and_then_is_told_of_those_it_befell():
    with Relay(conversation=HicCups) as relay:
        handed = converse(relay, people(*[f"fine.{number}" for number in range(30)]))
    put_off = [one for one in handed.values() if one.error]
    assert len(handed) == 30
    assert 0 < len(put_off) < 30
    assert {one.error.sentence for one in put_off} == {"The mail relay asked to be tried again later."}


class LogsUsOut(Conversation):
    def answer(self, line):
        if line.startswith("MAIL") and self.relay.taken.total() >= 10:
            self.relay.login = ("me", "another")
            self.say("530 5.7.0 Authentication required")
        else:
            super().answer(line)


def test_a_login_that_ends_in_mid_list_is_for_a_person():
    handed = {}
    readers = people(*[f"fine.{number}" for number in range(20)])
    with Relay(login=("me", "s3cr3t"), conversation=LogsUsOut) as relay, pytest.raises(Unauthorized):
        converse(f"smtp://me:s3cr3t@127.0.0.1:{relay.port}?connections=1", readers, handed=handed)
    assert [one.error for one in handed.values()] == [None] * 10


# Opening --------------------------------------------------------------------------------------------------------------------


class OffersLessOnceEncrypted(Conversation):
    """Before STARTTLS it offers pipelining, after it the login."""

    def hello(self):
        is_encrypted = isinstance(self.sock, ssl.SSLSocket)
        self.relay.features = ("AUTH PLAIN",) if is_encrypted else ("PIPELINING", "STARTTLS")
        super().hello()


def test_what_it_offers_once_encrypted_is_what_counts(tls):
    with Relay(tls=tls, features=("STARTTLS",), login=("me", "s3cr3t"), conversation=OffersLessOnceEncrypted) as relay:
        handed = converse(f"smtp://me:s3cr3t@127.0.0.1:{relay.port}?tls=starttls&connections=1", people("a", "b"))
    assert [one.error for one in handed.values()] == [None, None]
    assert [line for line in relay.lines if line in ("STARTTLS", "DATA") or line.startswith("RCPT")][1:4] == [
        "RCPT TO:<a@reader.example>",
        "DATA",
        "RCPT TO:<b@reader.example>",
    ]


def test_a_body_that_an_encrypted_relay_does_not_read_to_its_end_is_certainly_not_taken(tls):
    with Relay(tls=tls) as relay:
        handed = converse(
            f"smtp://127.0.0.1:{relay.port}?tls=ssl&connections=1", people("full-of-it"), letter=template(text="x" * 30_000_000)
        )
    assert isinstance(handed[0].error, Transient)


def test_a_relay_that_never_greets_is_tried_again(monkeypatch):
    monkeypatch.setattr(engine, "OPEN_WITHIN", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as deaf, pytest.raises(Transient, match="cannot be reached"):
        converse(f"smtp://127.0.0.1:{deaf.getsockname()[1]}", people("a"))


# Any answer at any step -----------------------------------------------------------------------------------------------------

BEFORE = ("yes", "yes", "yes", "later", "no", "ends", "closes", "resets", "mumbles", "dribbles")
AFTER = (
    "takes",
    "takes",
    "later",
    "no",
    "ends",
    "closes",
    "takes and closes",
    "takes and resets",
    "takes, says so and closes",
    "takes, says so and ends",
)
SAYS = {"later": "451 4.3.0 Later", "no": "550 5.0.0 No", "ends": "421 4.3.2 Enough"}


class Whimsical(Conversation):
    """Answers as the scripts say; at their end, with yes."""

    before: ClassVar[list[str]] = []
    after: ClassVar[list[str]] = []

    def answer(self, line):
        if not line.startswith(("MAIL", "RCPT", "DATA")):
            super().answer(line)
            return
        whim = self.before.pop() if self.before else "yes"
        if whim == "mumbles":
            self.send(b"Well, hello there\r\n")
        elif whim == "dribbles":
            self.send(b"250-so\r\n250-it\r\n")
            super().answer(line)
        elif whim in SAYS:
            self.is_accepted = self.is_accepted and not line.startswith("RCPT")
            self.say(SAYS[whim])
        elif whim == "yes":
            super().answer(line)
        if whim in ("ends", "closes", "resets"):
            self.go(whim)

    def data(self):
        self.say("354 Go on")
        body, whim = self.body(), self.after.pop() if self.after else "takes"
        if whim.startswith("takes"):
            self.relay.take(self.to, body)
        if whim == "takes" or "says so" in whim:
            self.say("250 2.0.0 Queued")
        elif whim in SAYS:
            self.say(SAYS[whim])
        if whim.endswith("and ends"):
            self.say(SAYS["ends"])
        if whim.endswith(("ends", "closes", "resets")):
            self.go(whim)

    def go(self, whim):
        if whim.endswith("resets"):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(st.sampled_from(BEFORE), max_size=30),
    after=st.lists(st.sampled_from(AFTER), max_size=10),
    pipelining=st.booleans(),
    lines=st.integers(1, 3),
)
def test_whatever_it_answers_at_whatever_step_what_we_say_of_each_copy_is_true(before, after, pipelining, lines):
    script = type("Scripted", (Whimsical,), {"before": list(before), "after": list(after)})
    handed: dict[int, Any] = {}
    readers = people(*[f"reader.{number}" for number in range(8)])
    with Relay(features=PIPELINING if pipelining else (), conversation=script) as relay, suppress(Transient, Unauthorized):
        converse(relay, readers, options=f"?connections={lines}", handed=handed)
    for reader in readers:
        copies, came = relay.taken[reader.address], handed.get(reader.key)
        if came is not None and came.error is None:
            assert copies == 1
        elif came is not None and isinstance(came.error, OutcomeUnknown):
            assert copies <= 1
        else:  # refused, to be tried again, or not told of at all
            assert copies == 0
