"""What must be so before a newsletter may leave; told at the start, with the file and the variable."""

import pytest

from config.env import Env
from config.relays import live_mail_mistakes, read_relays
from tests.factories import blog_file

SENDER = {"name": "Practice", "email": "news@blog.example", "mailing_address": "1 Street", "contact": "416 555 0100"}


def test_each_relay_has_the_name_at_the_end_of_its_variable():
    relays = read_relays(Env({"EMAIL_URL": "smtp://one.example", "EMAIL_URL_MAIN": "smtp://two.example", "EMAIL": "x"}))
    assert {name: relay.host for name, relay in relays.items()} == {"default": "one.example", "main": "two.example"}


def test_a_relay_may_come_from_a_file(tmp_path):
    (tmp_path / "url").write_text("smtp://one.example\n")
    assert read_relays(Env({"EMAIL_URL_MAIN_FILE": str(tmp_path / "url")}))["main"].host == "one.example"


def test_a_mistake_is_told_once_with_its_variable_and_without_the_password():
    env = Env({"EMAIL_URL_MAIN": "smtp://u:s3cr3t@mail.example?tls=yes"})
    relays = read_relays(env)
    assert env.mistakes == ["EMAIL_URL_MAIN has an option tls that Postlark does not know; allowed are tls=starttls, tls=ssl and tls=none."]
    blog = blog_file(channels={"email": {"mode": "live"}}, sender={**SENDER, "relay": "main"})
    assert live_mail_mistakes([blog], relays, "https://news.example") == []


@pytest.mark.parametrize(
    ("mode", "relay", "public_url", "mistake"),
    [
        ("rehearsal", "", "http://127.0.0.1:8000", ""),
        ("off", "", "http://127.0.0.1:8000", ""),
        ("live", "", "https://news.example", "example.toml: channels.email.mode is live, but no relay is named: set EMAIL_URL to "),
        ("live", "smtp://mail.example", "https://news.example", ""),
        ("live", "smtp://127.0.0.1:25", "https://news.example", ""),
        ("live", "smtp://127.0.0.1:25", "http://127.0.0.1:8000", ""),
        ("live", "smtp://localhost:25", "http://localhost:8000", ""),
        (
            "live",
            "smtp://mail.example",
            "http://127.0.0.1:8000",
            "example.toml: channels.email.mode is live, but PUBLIC_URL is http://127.0.0.1:8000: ",
        ),
        (
            "live",
            "smtp://127.0.0.1:25",
            "http://news.example",
            "example.toml: channels.email.mode is live, but PUBLIC_URL is http://news.example: ",
        ),
        (
            "live",
            "smtp://mail.example",
            "http://news.example",
            "example.toml: channels.email.mode is live, but PUBLIC_URL is http://news.example: ",
        ),
    ],
)
def test_live_mail_needs_a_relay_and_a_link_that_readers_can_use(mode, relay, public_url, mistake):
    relays = read_relays(Env({"EMAIL_URL": relay} if relay else {}))
    told = live_mail_mistakes([blog_file(channels={"email": {"mode": mode}})], relays, public_url)
    assert len(told) == bool(mistake)
    assert "".join(told).startswith(mistake)
