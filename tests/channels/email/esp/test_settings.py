"""What EMAIL_URL may say of a mail provider, and each mistake in it."""

import sys
from datetime import timedelta
from subprocess import run

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.channels.email import parse_relay

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("url", "esp", "place", "base_url"),
    [
        ("anymail+mailgun://k@mg.Blog.example", "mailgun", "mg.blog.example", "https://api.mailgun.net"),
        ("anymail+mailgun://k@mg.blog.example?region=eu", "mailgun", "mg.blog.example", "https://api.eu.mailgun.net"),
        ("anymail+postmark://k", "postmark", "", "https://api.postmarkapp.com"),
        ("anymail+postmark://k@broadcast", "postmark", "broadcast", "https://api.postmarkapp.com"),
        ("anymail+brevo://k", "brevo", "", "https://api.brevo.com/v3"),
        ("anymail+brevo://k@", "brevo", "", "https://api.brevo.com/v3"),
        ("anymail+sendgrid://k?region=eu", "sendgrid", "", "https://api.eu.sendgrid.com/v3"),
        ("anymail+ses://id:s@ca-central-1", "ses", "ca-central-1", "https://email.ca-central-1.amazonaws.com"),
        ("anymail+brevo://k?base_url=http://127.0.0.1:8025/", "brevo", "", "http://127.0.0.1:8025"),
    ],
)
def test_one_shape_serves_all_providers(url, esp, place, base_url):
    relay = parse_relay(url)
    assert (relay.esp, relay.place, relay.base_url) == (esp, place, base_url)
    assert relay.is_loopback == ("127.0.0.1" in url)


def test_it_reads_everything_that_may_be_said():
    relay = parse_relay("anymail+ses://AKIA:a%2Fb+c%3D%3A@eu-west-1?rate=14/s&connections=2&webhook=p+q/r==")
    assert (relay.key, relay.secret, relay.webhook) == ("AKIA", "a/b+c=:", "p+q/r==")
    assert (relay.interval, relay.connections, relay.name) == (timedelta(seconds=1) / 14, 2, "Amazon SES")


@pytest.mark.parametrize(
    ("url", "mistake"),
    [
        (f"anymail+mailgnu://{SECRET}@blog.example", r"anymail\+brevo://, anymail\+mailgun://"),
        ("anymail+brevo", "no key for Brevo; the form is"),
        (f"anymail+mailgun://{SECRET}", r"Mailgun's domain; the form is anymail\+mailgun://KEY@DOMAIN"),
        ("anymail+mailgun://@blog.example", "no key"),
        ("anymail+mailgun://", "no key for Mailgun; the form is"),
        (f"anymail+mailgun://{SECRET}@blog example", "letters, digits"),
        (f"anymail+mailgun://{SECRET}/x@blog.example", "%2F"),
        (f"anymail+mailgun://a:{SECRET}@blog.example", "%3A"),
        (f"anymail+mailgun://[{SECRET}@blog.example", "%5B"),
        (f"anymail+mailgun://{SECRET}@blog.example?region=ca", "allowed are us and eu"),
        (f"anymail+mailgun://{SECRET}@blog.example?tls=ssl", "webhook, rate, connections, base_url and region"),
        (f"anymail+brevo://{SECRET}@blog.example", "needs only its key"),
        (f"anymail+brevo://{SECRET}?region=eu", "webhook, rate, connections and base_url"),
        (f"anymail+brevo://{SECRET}?base_url=http://192.0.2.1/", "neither an https address nor one on this machine"),
        (f"anymail+brevo://{SECRET}?rate=fast", "rate=10/s"),
        (f"anymail+ses://{SECRET}@eu-west-1", r"pair of keys for Amazon SES; the form is anymail\+ses://ACCESS_KEY:SECRET_KEY@REGION"),
        (f"anymail+ses://a:{SECRET}", "region"),
    ],
)
def test_each_mistake_has_its_sentence_and_never_shows_the_key(url, mistake):
    with pytest.raises(ValueError, match=mistake) as raised:
        parse_relay(url)
    assert SECRET not in str(raised.value)


@given(st.text(max_size=60))
def test_whatever_stands_there_is_read_or_refused(rest):
    try:
        relay = parse_relay("anymail+mailgun://" + rest)
    except ValueError:
        return
    assert relay.key
    assert relay.place


def test_the_keys_are_in_no_description_of_it():
    told = repr(parse_relay(f"anymail+ses://{SECRET}1:{SECRET}2@eu-west-1?webhook={SECRET}3"))
    assert SECRET not in told


def test_naming_a_provider_imports_nothing_of_anymail_until_it_is_spoken_to():
    program = "import sys; from worker.channels.email import parse_relay; parse_relay('anymail+ses://a:b@eu-west-1'); print([m for m in sys.modules if m.partition('.')[0] in ('anymail', 'boto3', 'botocore')])"
    done = run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
