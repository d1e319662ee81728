"""One copy: its headers, its bodies, and what a reader's own words may not do to them."""

import re
from email import message_from_bytes
from email.policy import default
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.channels.email.letters import envelope, template
from worker.channels.base import Picture
from worker.channels.carrier import INLINE_PICTURE, Envelope, mark
from worker.channels.email import mime
from worker.channels.email.copies import Copies


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


ANYTHING = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\ue000\ue001"), max_size=300)


@given(before=ANYTHING, own=ANYTHING, after=ANYTHING)
def test_whatever_stands_around_a_mark_and_in_its_place_arrives_as_it_is(before, own, after):
    words = f"{before}{mark('why')}{after}{mark('why')}"
    raw = Copies(template(text=words, html=words)).copy(envelope(why=own))
    lines = raw.split(b"\r\n")
    assert all(len(line) <= 76 for line in lines[lines.index(b"") :])
    assert not any(line.startswith(b".") for line in lines), "no dot needs doubling"
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    text, html = message_from_bytes(raw, policy=default).iter_parts()
    assert text.get_content() == lines_of(f"{before}{own}{after}{own}")
    assert html.get_content() == lines_of(f"{before}{escape(own)}{after}{escape(own)}")


def lines_of(text: str) -> str:
    """What a mail program reads: every kind of line break is one."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def test_a_preview_shows_the_very_bytes_that_leave():
    assert mime(template(), envelope()).as_bytes() == Copies(template()).copy(envelope())


def test_a_copy_may_have_its_own_words_where_readers_differ():
    french = template(text="Bonjour\n", html="")
    copies = Copies(template())
    assert b"Bonjour" in copies.copy(Envelope(1, "ann@reader.example", envelope().personal, template=french))
    assert b"Hello" in copies.copy(envelope())
