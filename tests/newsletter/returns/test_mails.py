"""What a mail in the returns mailbox says."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from tests.newsletter.returns import letters
from worker.newsletter.returns.mails import read_mail

OWN = "12-34." + "a" * 43


READ_RECEIPT = b"""From: Ann <ann@reader.example>
Subject: Unsubscribed mails, read
Content-Type: multipart/report; report-type=disposition-notification; boundary="part"

--part
Content-Type: message/disposition-notification

Disposition: automatic-action/MDN-sent-automatically; deleted

--part--
"""


@pytest.mark.parametrize(
    ("mail", "kind"),
    [
        (letters.delivery_report(OWN), "hard"),
        (letters.delivery_report(OWN, status="5.2.2", words="552 5.2.2 Mailbox full"), "soft"),
        (letters.delivery_report(OWN, status="4.4.7", words="delivery time expired"), "soft"),
        (letters.delivery_report(OWN, status="5.0.0", words="550 No such user"), "hard"),
        (letters.delivery_report(OWN, status="5.7.1", words="550 5.7.1 Our system has detected an unusual rate of mail"), "blocked"),
        (letters.delivery_report(OWN, action="delivered", status="2.0.0", words="250 ok"), "delivered"),
        (letters.qmail(OWN), "hard"),
        (letters.qmail(OWN, "554 5.7.1 This message was blocked"), "blocked"),
        (letters.qmail(OWN, "I tried for days, the host never answered."), "soft"),
        (letters.qmail(OWN, "Remote host said: 554 dd This user doesn't have a mail.example account"), "hard"),
        (letters.wrapped(letters.delivery_report(OWN), b"message/delivery-status"), "hard"),
        (letters.wrapped(letters.complaint(OWN), b"message/feedback-report"), "complained"),
        (letters.wrapped(letters.complaint(OWN), b"message/rfc822"), "complained"),
        (letters.delivery_report(OWN).replace(b"message/delivery-status", b"message/global-delivery-status"), "hard"),
        (letters.delivery_report(OWN, action="failed (for good)"), "hard"),
        (letters.complaint(OWN), "complained"),
        (letters.complaint(OWN, "fraud"), "complained"),
        (letters.complaint(OWN, "opt-out"), "unsubscribed"),
    ],
)
def test_reports(mail, kind):
    read = read_mail(mail)
    assert (read.what, read.said.kind) == ("report", kind)
    assert OWN in read.text


def test_a_delivery_report_names_the_address_the_code_and_the_words():
    said = read_mail(letters.delivery_report(OWN)).said
    assert (said.address, said.status) == ("ann@reader.example", "5.1.1")
    assert said.words == "smtp; 550 5.1.1 User unknown (in reply to RCPT TO command)"


@pytest.mark.parametrize("letter", [letters.delivery_report, letters.qmail])
def test_its_words_are_kept_as_a_database_can_hold_them(letter):
    said = read_mail(letter(OWN, words="550 no\x00such mailbox")).said
    assert "550 no such mailbox" in said.words


@pytest.mark.parametrize(
    "mail",
    [
        letters.delivery_report(OWN, action="delayed", status="4.4.1", words="connect timed out"),
        letters.delivery_report(OWN, action="relayed", status="2.0.0", words="250 ok"),
        letters.complaint(OWN, "not-spam"),
        letters.written("Out of office: Coping with school stress", "I am away.", head="Auto-Submitted: auto-replied\n"),
        letters.written("Away", "unsubscribe me from work", head="X-Autoreply: yes\n"),
        letters.delivery_report("confirm.12"),
        letters.written("Out of Office", "unsubscribe me from work", head="Precedence: bulk\n"),
        READ_RECEIPT,
        letters.wrapped(letters.delivery_report(OWN, action="delayed", status="4.4.1"), b"message/delivery-status"),
    ],
)
def test_what_needs_nothing(mail):
    assert read_mail(mail).what == "nothing"


@pytest.mark.parametrize(
    "mail",
    [
        letters.written(f"unsubscribe {OWN}"),
        letters.written("UNSUBSCRIBE"),
        letters.written("Please unsubscribe"),
        letters.written("=?utf-8?q?D=C3=A9sabonnement?="),
        letters.written("Me désabonner"),
        letters.written("", "Unsubscribe\n\n> quoted words"),
        letters.written("Unsubscribe", head="Auto-Submitted: no (a person wrote this)\n"),
        letters.written(f"unsubscribe {OWN}", "Sent by your mail program.", head="Auto-Submitted: auto-generated\nPrecedence: bulk\n"),
        letters.written("", "Désabonner").decode().replace("utf-8", "iso-8859-1").encode("iso-8859-1"),
    ],
)
def test_who_asks_to_leave(mail):
    read = read_mail(mail)
    assert (read.what, read.sender) == ("leave", "ann@reader.example")


@pytest.mark.parametrize(
    "mail",
    [
        letters.written("Re: Coping with school stress", f"Thank you!\n> unsubscribe: https://news.blog.example/u/{OWN}"),
        letters.written("How do I come to therapy?", "I would like an appointment."),
        letters.written("Fwd: news", "Look at this.\n\nunsubscribe " + OWN),
        letters.written(f"unsubscribe {OWN}", head="Return-Path: <>\n"),
        letters.written("", ""),
        b"",
        b"\x00\xff\xfe" * 1000,
        b"Subject: \xff\xfe\nContent-Type: multipart/report; boundary=\n\n--\n--\n",
    ],
)
def test_what_a_person_must_read(mail):
    assert read_mail(mail).what == "unclear"


def nested(depth: int) -> bytes:
    head = b"From: MAILER-DAEMON@x.example\nMIME-Version: 1.0\n"
    return head + b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (at, at) for at in range(depth)) + b"\nx"


@pytest.mark.parametrize(
    "mail",
    [
        nested(3_000),
        b"Content-Type: message/rfc822\n\n" * 5_000,
        b"Subject: " + b"=?utf-8?q?a?= " * 15_000 + b"\n\n",
        b"From: " + b"<" * 200_000 + b"\n\nx",
        b"Subject: x\n\n" + b"550 " * 60_000,
        b"Subject: x\n\n" + b"user " * 50_000,
        letters.delivery_report(OWN, words="x" * 200_000),
        b"\n".join(b"X-%d: y" % at for at in range(30_000)),
    ],
    ids=["nested", "mails in mails", "many words", "brackets", "codes", "users", "long words", "headers"],
)
@pytest.mark.timeout(30)
def test_a_hostile_mail_costs_a_sentence(mail):
    assert read_mail(mail[:262_144]).what in ("unclear", "report")


@given(st.binary(max_size=3_000), st.integers(0, 1_500))
@hypothesis(max_examples=200)
def test_any_bytes_anywhere_in_a_report_are_read_without_an_error(noise, at):
    mail = letters.delivery_report(OWN)
    read_mail(mail[:at] + noise + mail[at:])
