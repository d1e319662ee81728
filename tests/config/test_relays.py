"""What must be so before a newsletter may leave; told at the start, with the file and the variable."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from config.env import Env
from config.relays import live_mail_mistakes, read_dkim, read_mailboxes, read_relays
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


def test_a_mailbox_is_that_of_one_relay_or_of_all():
    env = Env(
        {"RETURNS_URL": "imaps://a:b%40c@mail.example", "RETURNS_URL_MAIN": "imap://a:b@127.0.0.1:1143/Back?address=Back@blog.example"}
    )
    mailboxes = read_mailboxes(env)
    one, main = mailboxes["default"], mailboxes["main"]
    assert (one.host, one.port, one.encrypted, one.password, one.folder, one.address) == ("mail.example", 993, True, "b@c", "INBOX", "")
    assert (main.port, main.encrypted, main.folder, main.address) == (1143, False, "Back", "Back@blog.example")
    assert "b@c" not in repr(one)


@pytest.mark.parametrize(
    ("url", "mistake"),
    [
        ("pop3://u:s3cr3t@mail.example", "is not of the form imaps://"),
        ("imaps://u:s3cr3t/x@mail.example", "is not of the form imaps://"),
        ("imaps://mail.example", "needs a user name and a password"),
        ("imaps://u:s3cr3t@mail.example/INBOX?folder=x", "has an option that Postlark does not know; allowed is address."),
        ("imaps://u:s3cr3t@mail.example/INBOX?address=x", "has an option address that is not an e-mail address"),
    ],
)
def test_a_mistake_in_a_mailbox_is_told_without_the_password(url, mistake):
    env = Env({"RETURNS_URL": url})
    assert read_mailboxes(env) == {}
    assert env.mistakes[0].startswith(f"RETURNS_URL {mistake}")
    assert "s3cr3t" not in env.mistakes[0]


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


KEY = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_mails_are_signed_only_where_all_is_said():
    assert read_dkim(Env({})) is None
    signer = read_dkim(Env({"DKIM_KEY": KEY, "DKIM_SELECTOR": "2026", "DKIM_DOMAIN": "Blog.example"}))
    assert (signer.domain, signer.selector) == ("blog.example", "2026")
    assert KEY not in repr(signer)


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ({"DKIM_SELECTOR": "2026"}, "DKIM_KEY_FILE and DKIM_DOMAIN must be set too"),
        ({"DKIM_KEY": KEY, "DKIM_SELECTOR": "a b", "DKIM_DOMAIN": "blog.example"}, "DKIM_SELECTOR is 'a b'"),
        ({"DKIM_KEY": "s3cr3t", "DKIM_SELECTOR": "2026", "DKIM_DOMAIN": "blog.example"}, "DKIM_KEY_FILE does not hold a private key"),
    ],
)
def test_a_mistake_in_what_signs_is_told_without_the_key(said, mistake):
    env = Env(said)
    assert read_dkim(env) is None
    (told,) = env.mistakes
    assert mistake in told
    assert "s3cr3t" not in told
