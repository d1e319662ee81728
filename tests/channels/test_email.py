"""E-mail over SMTP: what EMAIL_URL may say, what one copy holds, and what each answer of a relay means."""

import re
import socket
import time
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.channels import contract
from tests.fakes.relay import Relay
from worker.channels.base import (
    INLINE_PICTURE,
    Envelope,
    Handed,
    Intent,
    MailTemplate,
    OutcomeUnknown,
    Picture,
    Rejected,
    Transient,
    Unauthorized,
    mark,
)
from worker.channels.email import Email, EmailOptions, mime, parse_relay

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("url", "tls", "port"),
    [
        ("smtp://mail.example", "starttls", 587),
        ("smtp://mail.example:25", "starttls", 25),
        ("smtp://mail.example:465", "ssl", 465),
        ("smtp://mail.example?tls=ssl", "ssl", 465),
        ("smtp://mail.example:2525?tls=none", "none", 2525),
        ("smtp://127.0.0.1:2525", "none", 2525),
        ("smtp://[::1]:2525", "none", 2525),
        ("smtp://localhost", "none", 25),
        ("smtp://localhost?tls=starttls", "starttls", 587),
    ],
)
def test_it_encrypts_unless_the_relay_is_this_machine_or_the_operator_says_otherwise(url, tls, port):
    relay = parse_relay(url)
    assert (relay.tls, relay.port) == (tls, port)


def test_it_reads_everything_that_an_email_url_may_say():
    relay = parse_relay("smtp://me%40practice.example:p%2Fss%3A@Mail.Example:587?tls=starttls&rate=10/s&connections=2")
    assert (relay.host, relay.user, relay.password) == ("mail.example", "me@practice.example", "p/ss:")
    assert (relay.interval, relay.connections) == (timedelta(milliseconds=100), 2)


@pytest.mark.parametrize(("rate", "interval"), [("1/s", 1), ("600/m", 0.1), ("3600/h", 1), ("1/h", 3600)])
def test_it_reads_a_pace(rate, interval):
    assert parse_relay(f"smtp://mail.example?rate={rate}").interval == timedelta(seconds=interval)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        (f"mail.example:{SECRET}", "smtp://"),
        (f"smtps://u:{SECRET}@mail.example", "smtp://"),
        (f"anymail+mailgun://u:{SECRET}@mail.example", "SMTP only"),
        (f"smtp://u:{SECRET}@", "host"),
        (f"smtp://u:{SECRET}@ma il.example", "host"),
        (f"smtp://u:{SECRET}@mail.example:0", "port"),
        (f"smtp://u:{SECRET}@mail.example:99999", "port"),
        (f"smtp://u:{SECRET}/x@mail.example:25", "%2F"),
        (f"smtp://u:{SECRET}#x@mail.example:25", "%23"),
        (f"smtp://u:{SECRET}?x@mail.example:25", "%3F"),
        (f"smtp://u:{SECRET}@[mail.example", "port"),
        ("smtp://u@mail.example", "without a password"),
        (f"smtp://:{SECRET}@mail.example", "without a user name"),
        (f"smtp://u:{SECRET}@mail.example/path", "between"),
        (f"smtp://u:{SECRET}@mail.example?tls=yes", "tls=starttls"),
        (f"smtp://u:{SECRET}@mail.example?ssl=1", "allowed are"),
        (f"smtp://u:{SECRET}@mail.example?rate=10", "rate=10/s"),
        (f"smtp://u:{SECRET}@mail.example?rate=0/s", "rate=10/s"),
        (f"smtp://u:{SECRET}@mail.example?connections=0", "1 to 100"),
        (f"smtp://u:{SECRET}@mail.example?connections=many", "1 to 100"),
    ],
)
def test_each_mistake_in_an_email_url_has_its_sentence_and_never_shows_the_password(url, word):
    with pytest.raises(ValueError, match=re.escape(word)) as refused:
        parse_relay(url)
    assert SECRET not in str(refused.value)
    assert str(refused.value).endswith(".")


@given(st.text(max_size=60))
def test_any_email_url_is_a_relay_or_a_sentence(rest):
    try:
        relay = parse_relay("smtp://" + rest)
    except ValueError:
        return
    assert relay.host


def test_a_relay_never_shows_its_password():
    assert SECRET not in repr(parse_relay(f"smtp://u:{SECRET}@mail.example"))


@pytest.mark.parametrize(
    "options", [{"editions": ["weekly mon 09:00"]}, {"editions": []}, {"editions": ["instant", "monthly 1 09:00"]}, {"related": 99}]
)
def test_what_this_version_does_not_send_is_a_mistake_in_the_blogs_file(options):
    with pytest.raises(ValidationError):
        EmailOptions(**options)


# One copy -----------------------------------------------------------------------------------------------------------------


def template(**changes) -> MailTemplate:
    values = {
        "headers": (
            ("From", '"Example, Psychotherapy" <news@blog.example>'),
            ("Subject", "Coping with school stress"),
            ("Message-ID", f"<{mark('copy')}@blog.example>"),
            ("List-Unsubscribe", f"<{mark('unsubscribe')}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ),
        "sender": "news@blog.example",
        "text": f"Hello\n\n.a dot\n{mark('unsubscribe')}\n{mark('why')}\n",
        "html": f"<p>Hello</p><a href='{mark('unsubscribe')}'>{mark('why')}</a>",
    }
    return MailTemplate(**{**values, **changes})


def envelope(address="ann@reader.example", key=1, **words) -> Envelope:
    return Envelope(
        key,
        address,
        {"copy": f"7.{key}", "unsubscribe": f"https://blog.example/u/{'x' * 120}?a=1&b=2", "why": "You asked <for> it & more.", **words},
    )


def test_a_copy_has_the_headers_that_mailbox_providers_ask_for():
    mail = mime(template(), envelope())
    assert mail["To"] == "ann@reader.example"
    assert mail["From"].addresses[0].display_name == "Example, Psychotherapy"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Date"].datetime is not None
    assert mail["Message-ID"] == "<7.1@blog.example>"


def test_a_long_unsubscribe_link_stays_one_plain_line():
    """Folded or encoded, no mailbox provider would find it."""
    link = f"List-Unsubscribe: <https://blog.example/u/{'x' * 120}?a=1&b=2>\r\n"
    assert link.encode() in mime(template(), envelope()).as_bytes()


def test_a_picture_travels_beside_the_html_that_shows_it():
    picture = Picture(b"its bytes", "image/jpeg", 600, 400)
    message = mime(template(html=f'<img src="{INLINE_PICTURE}">', picture=picture), envelope())
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/jpeg",
    ]
    inside = list(message.walk())[-1]
    assert (inside["Content-ID"], inside.get_content_disposition()) == ("<picture@postlark>", "inline")
    assert inside.get_content() == b"its bytes"
    assert not list(message.iter_attachments())


def test_personal_words_are_escaped_in_html_and_plain_in_text():
    text, html = mime(template(), envelope()).iter_parts()
    assert "You asked <for> it & more." in text.get_content()
    assert "?a=1&b=2" in text.get_content()
    assert "You asked &lt;for&gt; it &amp; more." in html.get_content()
    assert "?a=1&amp;b=2" in html.get_content()


def test_everything_on_the_wire_is_ascii():
    mail = mime(template(text="Déjà vu — 🌿", html="<p>Déjà vu — 🌿</p>", headers=(("Subject", "Déjà vu — 🌿"),)), envelope())
    assert mail.as_bytes().isascii()
    assert mail["Subject"] == "Déjà vu — 🌿"


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80).map(
        lambda evil: f"Title\r\nBcc: evil@evil.example\r\n\r\n{evil}"
    )
)
def test_no_title_or_name_can_add_a_header(evil):
    mail = mime(template(headers=(("Subject", evil), ("X-Name", mark("why")))), envelope(why=evil))
    names = [name.lower() for name, _ in mail.items()]
    assert sorted(names) == sorted(["to", "date", "subject", "x-name", "mime-version", "content-type"])
    head = mail.as_bytes().split(b"\r\n\r\n")[0]
    assert not re.search(rb"(?m)^Bcc:", head)


def test_a_mark_without_words_stops_the_copy():
    with pytest.raises(KeyError):
        mime(template(text=mark("read")), envelope())


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


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
    (sender, recipients, raw), _ = mailbox.taken
    assert (sender, recipients) == ("news@blog.example", ["ann@reader.example"])
    mail = message_from_bytes(raw, policy=default)
    assert mail["To"] == "ann@reader.example"
    assert ".a dot" in mail.get_body(("plain",)).get_content().splitlines()


# The conversation -----------------------------------------------------------------------------------------------------------


def people(*local_parts: str) -> list[Envelope]:
    return [envelope(f"{local}@reader.example", key) for key, local in enumerate(local_parts)]


def converse(relay: Relay | str, envelopes, allow=lambda key: True, **options) -> dict[int, Handed]:
    """Send all; what came of each."""
    carrier = Email(parse_relay(relay if isinstance(relay, str) else relay.url), **options)
    conversation = carrier.send(template(), envelopes)
    handed, answer = {}, None
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


def test_everybody_gets_one_copy_on_one_line():
    with Relay() as relay:
        handed = converse(relay, people("a", "b", "c"))
    assert all(one.error is None and one.detail == "250 2.0.0 Queued" for one in handed.values())
    assert relay.taken == {"a@reader.example": 1, "b@reader.example": 1, "c@reader.example": 1}
    assert relay.connections == 1
    assert ".a dot" in relay.mail_to("a@reader.example").get_body(("plain",)).get_content().splitlines()


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
def test_what_befalls_one_reader_befalls_nobody_else(local, error, sentence, copies):
    with Relay() as relay:
        handed = converse(relay, people("before", local, "after"))
    assert isinstance(handed[1].error, error)
    assert handed[1].error.sentence == sentence
    assert handed[0].error is None
    assert handed[2].error is None
    assert relay.taken[f"{local}@reader.example"] == copies
    assert relay.taken["after@reader.example"] == 1


def test_no_answer_in_time_is_unknown_and_the_next_ones_go_on():
    with Relay(slowness=5) as relay:
        handed = converse(relay, people("slow"), until=time.monotonic() + 0.5)
    assert isinstance(handed[0].error, OutcomeUnknown)


def test_a_slow_answer_is_waited_for():
    with Relay(slowness=0.3) as relay:
        handed = converse(relay, people("slow", "after"))
    assert handed[0].error is None
    assert relay.connections == 1


def test_a_copy_that_is_left_out_at_the_last_moment_does_not_leave():
    with Relay() as relay:
        handed = converse(relay, people("a", "b", "c"), allow=lambda key: key != 1)
    assert list(handed) == [0, 2]
    assert relay.taken == {"a@reader.example": 1, "c@reader.example": 1}


def test_it_asks_before_the_body_and_after_the_relay_is_ready_for_it():
    with Relay() as relay:
        converse(relay, people("a"), allow=lambda key: relay.lines[-1] == "DATA")
    assert relay.taken == {"a@reader.example": 1}


def test_whoever_stops_in_the_middle_leaves_nothing_on_its_way():
    with Relay() as relay:
        conversation = Email(parse_relay(relay.url)).send(template(), people("a", "b"))
        assert isinstance(next(conversation), Intent)
        conversation.close()
    assert not relay.taken


def test_a_relay_that_only_drops_lines_is_left_alone():
    """Each further copy would put one more reader in doubt."""
    with Relay() as relay, pytest.raises(Transient, match="5 times in a row"):
        converse(relay, people(*[f"lost.{number}" for number in range(20)]))
    assert relay.connections == 5


def test_it_logs_in():
    with Relay(login=("me", SECRET)) as relay:
        handed = converse(f"smtp://me:{SECRET}@127.0.0.1:{relay.port}", people("a"))
    assert handed[0].error is None


def test_a_refused_login_is_nobodys_fault_and_shows_no_password():
    with Relay(login=("me", "other")) as relay, pytest.raises(Unauthorized) as refused:
        converse(f"smtp://me:{SECRET}@127.0.0.1:{relay.port}", people("a"))
    assert refused.value.sentence == "The mail relay 127.0.0.1 does not accept the user name or password in EMAIL_URL."
    assert SECRET not in f"{refused.value.sentence}{refused.value.detail}{refused.value!r}"


@pytest.mark.parametrize(("options", "word"), [("?tls=starttls", "STARTTLS"), ("", "login")])
def test_what_the_relay_does_not_offer_needs_a_person(options, word):
    with Relay() as relay, pytest.raises(Unauthorized, match=word):
        converse(f"smtp://me:{SECRET}@127.0.0.1:{relay.port}{options}", people("a"))


def test_a_relay_that_cannot_be_reached_is_tried_again():
    with pytest.raises(Transient, match="cannot be reached"):
        converse(f"smtp://127.0.0.1:{free_port()}", people("a"))


def test_a_relay_that_greets_with_a_no_is_tried_again():
    with Relay(greeting="421 4.3.2 Too many connections") as relay, pytest.raises(Transient, match="does not take mail just now"):
        converse(relay, people("a"))


class TestEmailKeepsTheContract(contract.CarrierContract):
    def carrier_at(self, relay: Relay) -> Email:
        login = f"me:{contract.SECRET}@" if relay.login else ""
        return Email(parse_relay(f"smtp://{login}127.0.0.1:{relay.port}"))
