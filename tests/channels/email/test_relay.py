"""What EMAIL_URL may say, and each mistake in it."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from worker.channels.email import EmailOptions, parse_relay

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
    relay = parse_relay(
        "smtp://me%40practice.example:p%2Fss%3A@Mail.Example:587?tls=starttls&rate=10/s&connections=2&messages=20&auth=login"
    )
    assert (relay.host, relay.user, relay.password) == ("mail.example", "me@practice.example", "p/ss:")
    assert (relay.interval, relay.connections) == (timedelta(milliseconds=100), 2)
    assert (relay.messages, relay.auth) == (20, "login")


@pytest.mark.parametrize(
    ("rate", "interval", "spoken"),
    [("1/s", 1, "1/s"), ("600/m", 0.1, "10/s"), ("3600/h", 1, "1/s"), ("20/m", 3, "20/m"), ("1/h", 3600, "1/h")],
)
def test_it_reads_a_pace_and_says_it(rate, interval, spoken):
    relay = parse_relay(f"smtp://mail.example?rate={rate}")
    assert (relay.interval, relay.rate) == (timedelta(seconds=interval), spoken)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        (f"mail.example:{SECRET}", "smtp://"),
        (f"smtps://u:{SECRET}@mail.example", "smtp://"),
        (f"anymail+mailgun://u:{SECRET}@mail.example", "has a colon in the key for Mailgun"),
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
        (f"smtp://u:{SECRET}@mail.example?messages=0", "1 to 100000"),
        (f"smtp://u:{SECRET}@mail.example?auth=ntlm", "auth=xoauth2"),
        ("smtp://mail.example?auth=plain", "without a user name"),
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
    "options", [{"editions": ["daily 09:00"]}, {"editions": []}, {"editions": ["instant", "instant"]}, {"related": 99}]
)
def test_what_email_does_not_know_is_a_mistake_in_the_blogs_file(options):
    with pytest.raises(ValidationError):
        EmailOptions(**options)
