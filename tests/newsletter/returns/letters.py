"""Mails as they come back: from Postfix, qmail, a feedback loop, people and their programs. `own`: the left side of our Message-ID."""

import re
from base64 import encodebytes


def ours(own: str, unsubscribe: str = "https://news.blog.example/u/1-1.x") -> str:
    return (
        f"From: Example Psychotherapy <news@blog.example>\nTo: ann@reader.example\nSubject: Coping with school stress\n"
        f"Message-ID: <{own}@blog.example>\nList-Unsubscribe: <{unsubscribe}>\nAuto-Submitted: auto-generated\n"
    )


def delivery_report(
    own: str, *, action: str = "failed", status: str = "5.1.1", words: str = "550 5.1.1 User unknown", head: str = ""
) -> bytes:
    """As Postfix writes it, with the headers of ours at its end."""
    return f"""Return-Path: <>
From: MAILER-DAEMON@relay.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: news@blog.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Message-ID: <20261127.{abs(hash((own, action, status)))}@relay.example>
{head}Content-Type: multipart/report; report-type=delivery-status; boundary="4.2/relay.example"

This is a MIME-encapsulated message.

--4.2/relay.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host relay.example. I'm sorry to have to inform you that your message could not be delivered.

--4.2/relay.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
X-Postfix-Queue-ID: 4Z5tQ
Arrival-Date: Fri, 27 Nov 2026 09:00:00 -0500 (EST)

Final-Recipient: rfc822; ann@reader.example
Original-Recipient: rfc822;ann@reader.example
Action: {action}
Status: {status}
Remote-MTA: dns; mx.reader.example
Diagnostic-Code: smtp; {words}
    (in reply to RCPT TO command)

--4.2/relay.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

{ours(own)}
--4.2/relay.example--
""".encode()


def qmail(own: str, words: str = "Sorry, no mailbox here by that name. (#5.1.1)") -> bytes:
    return f"""Return-Path: <>
From: MAILER-DAEMON@mx.reader.example
To: news@blog.example
Subject: failure notice

Hi. This is the qmail-send program at mx.reader.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ann@reader.example>:
{words}

--- Below this line is a copy of the message.

Return-Path: <news@blog.example>
{ours(own)}
Words.
""".encode()


def complaint(own: str, kind: str = "abuse", unsubscribe: str = "https://news.blog.example/u/1-1.x") -> bytes:
    return f"""From: <feedback@provider.example>
To: <news@blog.example>
Subject: FW: Coping with school stress
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part"

--part
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report.

--part
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1

--part
Content-Type: message/rfc822
Content-Disposition: inline

{ours(own, unsubscribe)}
Words.

--part--
""".encode()


def written(subject: str, body: str = "", sender: str = "Ann <ann@reader.example>", head: str = "") -> bytes:
    return (
        f"From: {sender}\nTo: news@blog.example\nSubject: {subject}\nMessage-ID: <{abs(hash((subject, body)))}@reader.example>\n"
        f"{head}Content-Type: text/plain; charset=utf-8\n\n{body}\n"
    ).encode()


def wrapped(letter: bytes, kind: bytes) -> bytes:
    """With one of its parts in base64, as no server should send it."""

    def wrap(part: re.Match[bytes]) -> bytes:
        return part[1] + b"Content-Transfer-Encoding: base64\n\n" + encodebytes(part[2])

    return re.sub(rb"(Content-Type: %b.*?\n)\n(.*?\n)(?=--)" % kind, wrap, letter, flags=re.DOTALL)
