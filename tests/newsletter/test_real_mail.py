"""What a real Postfix takes, brings and refuses, and what SpamAssassin says of it."""

import re
import shutil
import subprocess
from collections import Counter
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client

from tests import clocks
from tests.factories import make_blog, make_post
from tests.fakes import dovecot, postfix
from tests.fakes.dovecot import Dovecot
from tests.fakes.postfix import Postfix, read
from tests.newsletter.people import make_subscriber, send_to_the_end, send_what_is_due, the_sum
from tests.processes import until
from worker.channels.email import parse_relay
from worker.deliver.plan import plan
from worker.deliver.send import send
from worker.models import Batch, Blog, Delivery, Issue, Recipient
from worker.record.sums import Sum
from worker.render.hosts import hosts_asked

pytestmark = [
    pytest.mark.django_db,
    # A contributor's machine may lack it; .ci/run installs it, and there a skip is a failure.
    pytest.mark.skipif(not postfix.found(), reason="no Postfix, or nobody who may start it: install postfix, and be root"),
]
PUBLIC = "https://news.blog.example"
ONCE = ("From", "To", "Date", "Subject", "Message-ID", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version")
TO_SHARE = {"www.facebook.com", "x.com", "www.pinterest.com", "www.linkedin.com"}


@pytest.fixture(autouse=True)
def _public(settings):
    settings.PUBLIC_URL = PUBLIC


def a_blog(server: Postfix, options: str = "?connections=4", login: str = "") -> Blog:
    django_settings.RELAYS = {"default": parse_relay(f"smtp://{login}127.0.0.1:{server.port}{options}")}
    return make_blog(channels={"email": {"mode": "live", "editions": ["instant", "weekly mon 09:00"]}})


def publish(blog: Blog, title: str = "Coping with school stress") -> None:
    content = (
        "<p>School can be exciting for some, and the main source of stress and worry for others. These strong feelings can happen.</p>"
    )
    plan(make_post(blog, title=title, content=content * 4).pk)


def newsletter(**which) -> Delivery:
    """Its time has come, and its readers are written down."""
    delivery = Delivery.objects.select_related("blog").get(channel="email", **which)
    past = clocks.now() - timedelta(seconds=1)
    Issue.objects.filter(pk=delivery.issue_id).update(due_at=past)
    Delivery.objects.filter(pk=delivery.pk).update(due_at=past, first_due_at=past)
    send(delivery.pk)
    return Delivery.objects.select_related("blog", "rendition").get(pk=delivery.pk)


def addresses_in(text: str) -> set[str]:
    return {urlsplit(found).hostname or "" for found in re.findall(r"https?://[^\s\"'<>]+", text)}


def check_form(raw: bytes) -> EmailMessage:
    """RFC 5322, 2045, 2369 and 8058, and nobody named but us."""
    mail = read(raw)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\n"))) <= 998, "as long as a line may be"
    assert not [defect for part in mail.walk() for defect in part.defects]
    assert {name: len(mail.get_all(name, [])) for name in ONCE} == dict.fromkeys(ONCE, 1)
    assert mail["Bcc"] is None
    assert re.fullmatch(rf"<{PUBLIC}/u/[\w.-]+>", mail["List-Unsubscribe"])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert hosts_asked(html) == []
    assert addresses_in(text) == {"blog.example", "news.blog.example"}
    assert addresses_in(html) <= {"blog.example", "news.blog.example"} | TO_SHARE
    return mail


def test_each_reader_has_one_mail_in_good_form_whatever_befell_the_others():
    """Postfix ends the conversation after so many mistakes, as it calls refused readers."""
    with Postfix("smtpd_hard_error_limit = 5") as server:
        blog = a_blog(server, "?connections=1")
        for number in range(200):
            make_subscriber(blog, f"ann.{number}@reader.example", language="fr-CA" if number % 2 else "")
            if number % 5 == 0:
                make_subscriber(blog, f"{'grey' if number % 50 == 0 else 'gone'}.{number}@reader.example")
        publish(blog)
        delivery = newsletter(issue=None)
        send_to_the_end(delivery)
        assert the_sum(delivery) == Sum(240, sent=200, refused=40)
        raws = server.brought()
        assert "too many errors" in server.log
    mails = [check_form(raw) for raw in raws]
    assert Counter(mail["To"] for mail in mails) == {f"ann.{number}@reader.example": 1 for number in range(200)}
    assert len({mail["Message-ID"] for mail in mails}) == len({mail["List-Unsubscribe"] for mail in mails}) == 200


def test_the_link_in_its_header_takes_its_reader_off():
    with Postfix() as server:
        blog = a_blog(server)
        ann, bob = (make_subscriber(blog, f"{name}@reader.example") for name in ("ann", "bob"))
        publish(blog)
        send_to_the_end(newsletter(issue=None))
        links = {mail["To"]: mail["List-Unsubscribe"][1:-1] for mail in map(read, server.brought())}
    link = links[ann.email].removeprefix(PUBLIC)
    assert Client(enforce_csrf_checks=True).post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    for person, state in ((ann, "unsubscribed"), (bob, "confirmed")):
        person.refresh_from_db()
        assert person.state == state


def test_what_it_takes_in_a_while_is_nobodys_fault():
    """Beyond so many it refuses the sender, before it knows the reader: the newsletter waits, and nobody is given up."""
    limit = "smtpd_client_event_limit_exceptions =\nsmtpd_client_message_rate_limit = 30\nanvil_rate_time_unit = 2s"
    with Postfix(limit) as server:
        blog = a_blog(server)
        for number in range(100):
            make_subscriber(blog, f"ann.{number}@reader.example")
        publish(blog)
        delivery = newsletter(issue=None)
        said = []

        def has_ended() -> bool:
            Delivery.objects.filter(pk=delivery.pk, state="pending").update(state="sending", waits_for="network")
            Batch.objects.filter(delivery=delivery, state="waiting").update(due_at=None)
            delivery.refresh_from_db()
            send_what_is_due(delivery)
            said.append(delivery.reason)
            return delivery.state == "sent"

        until(has_ended, "everybody has it", 60)
        assert the_sum(delivery) == Sum(100, sent=100)
        assert "rate limit exceeded" in server.log
        assert len(server.brought()) == 100
    assert any(sentence.startswith("The mail relay 127.0.0.1 takes no more from us for now.") for sentence in said)
    assert Recipient.objects.filter(tries__gt=3).count() == 0


def test_it_goes_over_an_encrypted_line(certificate):
    tls = f"smtpd_tls_security_level = encrypt\nsmtpd_tls_cert_file = {certificate}\nsmtpd_tls_key_file = {certificate}"
    with Postfix(tls) as server:
        blog = a_blog(server, "?tls=starttls&connections=2")
        for number in range(20):
            make_subscriber(blog, f"ann.{number}@reader.example")
        publish(blog)
        delivery = newsletter(issue=None)
        send_to_the_end(delivery)
        assert the_sum(delivery) == Sum(20, sent=20)
        assert all("with ESMTPS" in read(raw)["Received"] for raw in server.brought())


_SIGNED_IN = """
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {socket}
mynetworks =
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
"""


@dovecot.needed  # it knows Postfix's users
@pytest.mark.parametrize(("password", "state"), [(dovecot.PASSWORD, "sent"), ("another", "pending")])
def test_it_signs_in_where_only_its_own_users_may_send(password, state):
    users = Dovecot("service auth {\n  unix_listener postfix {\n    mode = 0666\n  }\n}")
    with users, Postfix(_SIGNED_IN.format(socket=users.folder / "run" / "postfix")) as server:
        blog = a_blog(server, login=f"{quote(dovecot.USER, safe='')}:{quote(password, safe='')}@")
        for number in range(10):
            make_subscriber(blog, f"ann.{number}@reader.example")
        publish(blog)
        delivery = newsletter(issue=None)
        send_to_the_end(delivery)
        assert (delivery.state, len(server.brought())) == (state, 10 if state == "sent" else 0)
    if state == "pending":
        assert delivery.waits_for == "person"
        assert delivery.reason.startswith("The mail relay 127.0.0.1 does not accept the user name or password in EMAIL_URL.")


def test_what_is_larger_than_it_takes_does_not_leave():
    with Postfix("message_size_limit = 8000") as server:
        blog = a_blog(server)
        make_subscriber(blog, "ann@reader.example")
        publish(blog)
        delivery = newsletter(issue=None)
        send_to_the_end(delivery)
        assert delivery.recipients.get().reason == "The message is larger than the mail relay takes: it stops at 8,000 bytes."
        assert server.brought() == []


# SpamAssassin ---------------------------------------------------------------------------------------------------------------


# As Postfix: .ci/run installs it, and there a skip is a failure.
@pytest.mark.skipif(not shutil.which("spamassassin"), reason="no SpamAssassin: install spamassassin")
@pytest.mark.parametrize("language", ["", "fr-CA"])
@pytest.mark.parametrize("edition", ["instant", "weekly"])
def test_spamassassin_finds_next_to_nothing(edition, language, tmp_path):
    with Postfix() as server:
        blog = a_blog(server)
        make_subscriber(blog, "ann@reader.example", edition=edition, language=language)
        for title in ("Coping with school stress", "Practicing reflection"):
            publish(blog, title)
        send_to_the_end(newsletter(**({"issue__isnull": False} if edition == "weekly" else {"post__title": "Practicing reflection"})))
        (raw,) = server.brought()
    check_form(raw)
    score, rules = judged(raw, tmp_path)
    assert score <= 1.0, rules


def judged(raw: bytes, folder) -> tuple[float, str]:
    """By the rules that come with it, without the network. That a mail came from this very machine does not count for it."""
    words = ("-L", "-t", "--cf=score ALL_TRUSTED 0", "--cf=use_bayes 0", f"--prefspath={folder / 'prefs'}")
    done = subprocess.run(["spamassassin", *words], input=raw, capture_output=True, check=True)
    status = read(done.stdout)["X-Spam-Status"]
    return float(re.search(r"score=(-?[0-9.]+)", status)[1]), status
