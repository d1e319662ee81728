"""Many lines to one relay: what each of its answers means, with pipelining and without, and what befalls nobody else."""

import base64
import socket
import time
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller

from tests.channels import contract
from tests.channels.email.letters import envelope, people, template
from tests.fakes.relay import Conversation, Relay
from tests.processes import free_port
from worker.channels.base import OutcomeUnknown, Rejected, Transient, Unauthorized
from worker.channels.carrier import Handed, Intent
from worker.channels.email import Email, parse_relay
from worker.channels.email import conversations as engine

SECRET = "s3cr3t"
PIPELINING = ("PIPELINING",)


@pytest.fixture(params=[(), PIPELINING], ids=["plain", "pipelining"])
def features(request):
    return request.param


def converse(
    relay: Relay | str, envelopes, allow=lambda key: True, options="?connections=1", letter=None, handed=None, **more
) -> dict[int, Handed]:
    """Send all; what came of each, which `handed` has as well where it ends in an error."""
    carrier = Email(parse_relay(relay if isinstance(relay, str) else relay.url + options), **more)
    conversation = carrier.send(letter or template(), envelopes)
    handed, answer = {} if handed is None else handed, None
    try:
        while True:
            step = conversation.send(answer)
            answer = None
            if isinstance(step, Intent):
                answer = allow(step.key)
            else:
                assert step.key not in handed
                handed[step.key] = step
    except StopIteration:
        return handed


def test_everybody_gets_one_copy_on_one_line(features):
    with Relay(features=features) as relay:
        handed = converse(relay, people("a", "b", "c"))
    assert all(one.error is None and one.detail == "250 2.0.0 Queued" for one in handed.values())
    assert relay.taken == {"a@reader.example": 1, "b@reader.example": 1, "c@reader.example": 1}
    assert relay.connections == 1
    assert ".a dot" in relay.mail_to("a@reader.example").get_body(("plain",)).get_content().splitlines()


def test_lines_are_opened_at_once_and_never_more_than_allowed(features):
    with Relay(features=features) as relay:
        handed = converse(relay, people(*[f"a.{number}" for number in range(200)]), options="?connections=4")
    assert len(handed) == relay.taken.total() == 200
    assert relay.connections == 4


def test_for_one_copy_one_line_is_opened():
    with Relay() as relay:
        converse(relay, people("a"), options="?connections=10")
    assert relay.connections == 1


def test_the_next_readers_commands_ride_behind_the_body():
    with Relay(features=PIPELINING) as relay:
        ahead = []
        relay.before_body = lambda address: ahead.append(len([line for line in relay.lines if line == "DATA"]))
        converse(relay, people("a", "b"))
    assert relay.lines[1:7] == [
        "MAIL FROM:<news@blog.example>",
        "RCPT TO:<a@reader.example>",
        "DATA",
        "MAIL FROM:<news@blog.example>",
        "RCPT TO:<b@reader.example>",
        "DATA",
    ]


def test_a_line_is_left_after_so_many_messages(features):
    with Relay(features=features) as relay:
        handed = converse(relay, people(*"abcdefg"), options="?connections=1&messages=3")
    assert len(handed) == relay.taken.total() == 7
    assert relay.connections == 3


@pytest.mark.parametrize(
    ("local", "error", "sentence", "copies"),
    [
        ("grey", Transient, "Their mail server asked to be tried again later.", 0),
        ("busy", Transient, "Their mail server asked to be tried again later.", 0),
        ("gone", Rejected, "Their mail server said the mailbox does not exist.", 0),
        ("full", Rejected, "Their mailbox is full.", 0),
        ("spam", Rejected, "Their mail server does not want our mail; its own words say why.", 0),
        ("later", Transient, "Their mail server asked to be tried again later.", 0),
        ("hangup", Transient, "The mail relay dropped the line before it took this message.", 0),
        ("closing", Transient, "The mail relay ended the conversation before it took this message.", 0),
        ("lost", OutcomeUnknown, "The line broke after the message had left and before the mail relay said that it took it.", 0),
        ("kept", OutcomeUnknown, "The line broke after the message had left and before the mail relay said that it took it.", 1),
    ],
)
@pytest.mark.parametrize("anyway", [False, True], ids=["", "asks-for-the-body-anyway"])
@pytest.mark.parametrize("lines", [1, 3])
def test_what_befalls_one_reader_befalls_nobody_else(features, local, error, sentence, copies, anyway, lines):
    with Relay(features=features, asks_for_body_anyway=anyway) as relay:
        handed = converse(relay, people("before", local, "after", "last"), options=f"?connections={lines}")
    assert isinstance(handed[1].error, error)
    assert handed[1].error.sentence == sentence
    assert [handed[key].error for key in (0, 2, 3)] == [None, None, None]
    assert relay.taken[f"{local}@reader.example"] == copies
    assert [relay.taken[f"{name}@reader.example"] for name in ("before", "after", "last")] == [1, 1, 1]


def test_a_refusal_costs_no_line(features):
    with Relay(features=features) as relay:
        converse(relay, people("gone.1", "a", "gone.2", "gone.3", "b", "spam"))
    assert relay.connections == 1


def test_no_answer_in_time_is_unknown(features):
    with Relay(slowness=5, features=features) as relay:
        handed = converse(relay, people("slow"), until=time.monotonic() + 0.5)
    assert isinstance(handed[0].error, OutcomeUnknown)


def test_whoever_is_not_answered_before_the_body_does_not_hold_up_the_others(features, monkeypatch):
    monkeypatch.setattr(engine, "REPLY_WITHIN", 0.3)
    with Relay(features=features) as relay:
        handed = converse(relay, people("deaf", "a", "b"))
    assert isinstance(handed[0].error, Transient)
    assert [handed[1].error, handed[2].error] == [None, None]


def test_a_body_whose_end_never_left_is_certainly_not_taken(monkeypatch):
    """The relay stops reading in the middle of it."""
    monkeypatch.setattr(engine, "REPLY_WITHIN", 0.3)
    with Relay() as relay:
        handed = converse(relay, people("full-of-it"), letter=template(text="x" * 30_000_000))
    assert isinstance(handed[0].error, Transient)


def test_a_slow_answer_is_waited_for(features):
    with Relay(slowness=0.3, features=features) as relay:
        handed = converse(relay, people("slow", "after"))
    assert handed[0].error is None
    assert relay.connections == 1


def test_a_copy_that_is_left_out_at_the_last_moment_does_not_leave(features):
    with Relay(features=features) as relay:
        handed = converse(relay, people("a", "b", "c"), allow=lambda key: key != 1)
    assert list(handed) == [0, 2]
    assert relay.taken == {"a@reader.example": 1, "c@reader.example": 1}


def test_it_asks_before_the_body_and_after_the_relay_is_ready_for_it(features):
    with Relay(features=features) as relay:
        converse(relay, people("a"), allow=lambda key: relay.lines[-1] == "DATA")
    assert relay.taken == {"a@reader.example": 1}


def test_whoever_stops_in_the_middle_leaves_nothing_on_its_way(features):
    with Relay(features=features) as relay:
        conversation = Email(parse_relay(relay.url)).send(template(), people("a", "b"))
        assert isinstance(next(conversation), Intent)
        conversation.close()
    assert not relay.taken


def test_a_relay_that_only_drops_lines_is_left_alone(features):
    """Each further copy would put one more reader in doubt."""
    with Relay(features=features) as relay, pytest.raises(Transient, match="5 times in a row"):
        converse(relay, people(*[f"lost.{number}" for number in range(20)]))
    assert relay.connections == 5


def test_the_relays_pace_is_kept(features):
    with Relay(features=features) as relay:
        began = time.monotonic()
        converse(relay, people(*"abcdef"), options="?connections=4&rate=20/s")
        took = time.monotonic() - began
    assert took >= 5 / 20 - 0.05


# What it offers, and what it asks for ---------------------------------------------------------------------------------------


def test_a_message_that_is_too_large_is_refused_before_it_leaves():
    with Relay(features=("SIZE 1000",)) as relay:
        handed = converse(relay, people("a"))
    assert handed[0].error.sentence == "The message is larger than the mail relay takes: it stops at 1,000 bytes."
    assert "MAIL" not in " ".join(relay.lines)


def test_it_says_how_large_the_message_is():
    with Relay(features=("SIZE 1000000",)) as relay:
        converse(relay, people("a"))
    (raw,) = relay.messages["a@reader.example"]
    assert f"MAIL FROM:<news@blog.example> SIZE={len(raw)}" in relay.lines


def test_accents_before_the_at_go_only_where_the_relay_takes_them():
    readers = [envelope("hélène@reader.example", 0), envelope("ann@réader.example", 1)]
    with Relay(features=("SMTPUTF8",)) as relay:
        handed = converse(relay, readers)
    assert [one.error for one in handed.values()] == [None, None]
    assert relay.mail_to("hélène@reader.example")["To"] == "hélène@reader.example"
    assert "MAIL FROM:<news@blog.example> SMTPUTF8" in relay.lines
    assert relay.taken["ann@xn--rader-bsa.example"] == 1
    with Relay() as relay:
        handed = converse(relay, readers)
    assert handed[0].error.sentence == "Their address has accents before the @, which the mail relay cannot write to."
    assert handed[1].error is None


@pytest.mark.parametrize(
    "address",
    [
        "a@reader.example>\r\nRCPT TO:<evil@evil.example",
        "a@b\nDATA",
        "a b@reader.example",
        "<a@reader.example>",
        "no-at",
        "",
        "a@\x00b",
        "@" * 1_000_000,
    ],
)
def test_no_address_can_add_a_command(features, address):
    with Relay(features=features) as relay:
        handed = converse(relay, [envelope(address, 0), envelope("b@reader.example", 1)])
    assert isinstance(handed[0].error, Rejected)
    assert handed[1].error is None
    assert relay.taken == {"b@reader.example": 1}


@pytest.mark.parametrize(
    ("offers", "asked"), [("AUTH PLAIN", ""), ("AUTH LOGIN", ""), ("AUTH PLAIN LOGIN", "login"), ("AUTH XOAUTH2 PLAIN", "xoauth2")]
)
def test_it_logs_in(offers, asked):
    with Relay(login=("me", SECRET), features=(offers,)) as relay:
        handed = converse(f"smtp://me:{SECRET}@127.0.0.1:{relay.port}{f'?auth={asked}' if asked else ''}", people("a"))
    assert handed[0].error is None


@pytest.mark.parametrize(("offers", "asked"), [("AUTH PLAIN", ""), ("AUTH LOGIN", ""), ("AUTH XOAUTH2", "xoauth2")])
def test_a_refused_login_is_nobodys_fault_and_shows_no_password(offers, asked):
    with Relay(login=("me", "other"), features=(offers,)) as relay, pytest.raises(Unauthorized) as refused:
        converse(f"smtp://me:{SECRET}@127.0.0.1:{relay.port}{f'?auth={asked}' if asked else ''}", people("a"))
    assert refused.value.sentence == "The mail relay 127.0.0.1 does not accept the user name or password in EMAIL_URL."
    told = f"{refused.value.sentence}{refused.value.detail}{refused.value!r}"
    assert SECRET not in told
    assert base64.b64encode(SECRET.encode()).decode() not in told


class Repeats(Conversation):
    """It says of a login what it was told."""

    def sign_in(self, way, first=""):
        given = first or self.asked("Password:")
        plain = base64.b64decode(given).decode(errors="replace")
        self.say(f"535 5.7.8 Authentication failed: {way} {given} {plain}".replace("\0", " ").replace("\x01", " "))


@pytest.mark.parametrize(("offers", "asked"), [("AUTH PLAIN", ""), ("AUTH XOAUTH2", "xoauth2")])
def test_a_relay_that_repeats_the_password_does_not_tell_it(offers, asked):
    with Relay(login=("me", "other"), features=(offers,), conversation=Repeats) as relay, pytest.raises(Unauthorized) as refused:
        converse(f"smtp://me:{SECRET}@127.0.0.1:{relay.port}{f'?auth={asked}' if asked else ''}", people("a"))
    assert "Authentication failed" in refused.value.detail
    assert refused.value.detail.count("***") == 2
    assert SECRET not in refused.value.detail


@pytest.mark.parametrize(("options", "word"), [("?tls=starttls", "STARTTLS"), ("", "login"), ("?auth=xoauth2", "login")])
def test_what_the_relay_does_not_offer_needs_a_person(options, word):
    with Relay() as relay, pytest.raises(Unauthorized, match=word):
        converse(f"smtp://me:{SECRET}@127.0.0.1:{relay.port}{options}", people("a"))


def test_a_relay_that_cannot_be_reached_is_tried_again():
    with pytest.raises(Transient, match="cannot be reached"):
        converse(f"smtp://127.0.0.1:{free_port()}", people("a"))


def test_a_relay_that_greets_with_a_no_is_tried_again():
    with Relay(greeting="421 4.3.2 Too many connections") as relay, pytest.raises(Transient, match="does not take mail just now"):
        converse(relay, people("a"))


def test_what_is_no_relay_is_tried_again():
    with Relay(greeting="HTTP/1.1 400 Bad Request") as relay, pytest.raises(Transient):
        converse(relay, people("a"))


# Encrypted lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("option", "offered"), [("starttls", ("STARTTLS",)), ("ssl", ())])
def test_it_encrypts(features, tls, option, offered):
    with Relay(tls=tls, features=(*features, *offered), login=("me", SECRET)) as relay:
        url = f"smtp://me:{SECRET}@127.0.0.1:{relay.port}?tls={option}&connections=2"
        handed = converse(url, people("a", "gone", "kept", "b"))
    assert [type(handed[key].error) for key in range(4)] == [type(None), Rejected, OutcomeUnknown, type(None)]
    assert relay.taken["b@reader.example"] == 1


@pytest.mark.parametrize(
    ("host", "trusted", "is_taken"), [("relay.example", True, True), ("relay.example", False, False), ("other.example", True, False)]
)
def test_a_relay_elsewhere_must_prove_who_it_is(tls, certificate, monkeypatch, host, trusted, is_taken):
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda name, *rest, **more: look_up("127.0.0.1", *rest, **more))
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Relay(tls=tls) as relay:
        url = f"smtp://{host}:{relay.port}?tls=ssl&connections=1"
        if is_taken:
            assert converse(url, people("a"))[0].error is None
            return
        with pytest.raises(Unauthorized, match="certificate that is not valid"):
            converse(url, people("a"))
    assert not relay.taken


# Servers that others wrote --------------------------------------------------------------------------------------------------


class Mailbox:
    """A handler of aiosmtpd, a server that others wrote: it takes everything."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []

    async def handle_DATA(self, server, session, envelope):
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        return "250 OK"


def test_a_server_that_others_wrote_takes_it_byte_for_byte():
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        handed = converse(f"smtp://127.0.0.1:{controller.port}", people("ann", "bob"))
    finally:
        controller.stop()
    assert [one.error for one in handed.values()] == [None, None]
    assert {sender for sender, _, _ in mailbox.taken} == {"news@blog.example"}
    copies = {recipient: raw for _, [recipient], raw in mailbox.taken}
    assert copies.keys() == {"ann@reader.example", "bob@reader.example"}
    mail = message_from_bytes(copies["ann@reader.example"], policy=default)
    assert mail["To"] == "ann@reader.example"
    assert ".a dot" in mail.get_body(("plain",)).get_content().splitlines()


class TestEmailKeepsTheContract(contract.RelayContract):
    def carrier_at(self, relay: Relay) -> Email:
        login = f"me:{contract.SECRET}@" if relay.login else ""
        return Email(parse_relay(f"smtp://{login}127.0.0.1:{relay.port}?connections=1"))


class TestEmailKeepsTheContractOnManyLines(contract.RelayContract):
    def carrier_at(self, relay: Relay) -> Email:
        login = f"me:{contract.SECRET}@" if relay.login else ""
        return Email(parse_relay(f"smtp://{login}127.0.0.1:{relay.port}?connections=3"))
