"""The gate, on messages as they would leave."""

from dataclasses import replace
from typing import Any

import pytest

from tests.factories import DISCLAIMER, SHORT, blog_file
from worker.channels.base import Message
from worker.gate import Refused, check

LINK = "https://blog.example/post/"
GOOD = {
    "facebook": Message(text=f"A title\n\n{DISCLAIMER}", link=LINK),
    "twitter": Message(text=f"A title {LINK}\n{SHORT}", link=LINK),
    "pinterest": Message(text=SHORT, description=SHORT, title="A title", link=LINK, image="https://blog.example/a.jpg", alt="A path"),
    "linkedin": Message(text=SHORT, title="A title (with parentheses)", link=LINK),
    "email": Message(text=f"Words.\n\n{DISCLAIMER}", html=f"<p>Words.</p><p>{DISCLAIMER}</p>", subject="A title", link=LINK),
}


def refusal(channel: str, message: Message, **blog: Any) -> str:
    with pytest.raises(Refused) as refused:
        check(message, blog_file(**blog), channel)
    assert refused.value.sentence == str(refused.value)
    return refused.value.sentence


@pytest.mark.parametrize("channel", GOOD)
def test_it_lets_a_good_message_through(channel: str) -> None:
    check(GOOD[channel], blog_file(), channel)


# The disclaimer


@pytest.mark.parametrize("channel", GOOD)
def test_it_refuses_a_text_without_the_disclaimer(channel: str) -> None:
    bare = replace(GOOD[channel], text=f"A title {LINK}", description="")
    assert refusal(channel, bare) == "The approved disclaimer is not in the text, full or short, word for word; put it back."


@pytest.mark.parametrize(
    "html", ["", "<p>Words.</p>", f"<style>{DISCLAIMER}</style>", f"<!-- {DISCLAIMER} -->", f'<img alt="{DISCLAIMER}">']
)
def test_it_wants_the_disclaimer_in_both_parts_of_a_mail(html: str) -> None:
    assert "HTML part" in refusal("email", replace(GOOD["email"], html=html))


def test_whatever_has_an_html_part_has_the_disclaimer_there() -> None:
    assert "HTML part" in refusal("facebook", replace(GOOD["facebook"], html="<p>Words.</p>"))
    check(replace(GOOD["facebook"], html=f"<p>{SHORT}</p>"), blog_file(), "facebook")


@pytest.mark.parametrize(
    "html", [f"<p>{DISCLAIMER.replace(' ', chr(10))}</p>", f"<p><b>{DISCLAIMER[:11]}</b>{DISCLAIMER[11:]}</p>", f"<td>{SHORT}</td>"]
)
def test_it_reads_a_mail_as_its_reader_does(html: str) -> None:
    check(replace(GOOD["email"], html=html), blog_file(), "email")


def test_it_sees_an_escaped_disclaimer_in_a_mail() -> None:
    words = "Not <therapy> & not advice."
    message = replace(GOOD["email"], text=words, html="<p>Not &lt;therapy&gt; &amp; not advice.</p>")
    check(message, blog_file(disclaimer={"full": words}), "email")


def test_it_sees_the_disclaimer_through_linkedins_escaping() -> None:
    blog = blog_file(disclaimer={"full": "Educational only (not therapy)."})
    check(Message(text=r"Educational only \(not therapy\).", link=LINK), blog, "linkedin")
    with pytest.raises(Refused):
        check(Message(text="Educational only (not therapy).", link=LINK), blog, "linkedin")


@pytest.mark.parametrize(
    ("words", "carried"),
    [
        ("Educational only,\n  not therapy.", True),
        ("Educational only,\xa0not therapy.", True),
        ("Educational  only, not therapy.", True),
        ("Educational only, not therapy", False),
        ("educational only, not therapy.", False),
        ("Educational only. Not therapy.", False),
        ("Educational, not therapy.", False),
    ],
)
def test_the_disclaimer_is_compared_word_for_word_whatever_the_white_space(words: str, carried: bool) -> None:
    message = replace(GOOD["facebook"], text=words)
    if carried:
        check(message, blog_file(), "facebook")
    else:
        refusal("facebook", message)


def test_composed_and_decomposed_letters_are_the_same_words() -> None:
    check(replace(GOOD["facebook"], text="E\u0301ducatif."), blog_file(disclaimer={"full": "Éducatif."}), "facebook")


@pytest.mark.parametrize("full", ["", "   ", "\n"])
def test_a_disclaimer_that_is_required_but_not_written_stops_everything(full: str) -> None:
    sentence = refusal("facebook", GOOD["facebook"], disclaimer={"full": full})
    assert sentence == "Example Psychotherapy asks for a disclaimer and has no approved text; write it as disclaimer.full in example.toml."


def test_a_blog_may_do_without_a_disclaimer() -> None:
    check(Message(text="A title", link=LINK), blog_file(disclaimer={"required": False}), "facebook")


# Limits


@pytest.mark.parametrize(
    ("channel", "parts", "sentence"),
    [
        ("twitter", {"text": f"{LINK} {SHORT} " + "x" * 220}, "X (Twitter) takes 280 characters and this needs 281: shorten it by 1."),
        (
            "twitter",
            {"alt": "x" * 1001},
            "X (Twitter) takes 1,000 characters for the picture's description and this needs 1,001: shorten it by 1.",
        ),
        ("facebook", {"text": SHORT + "x" * 63_206}, "Facebook takes 63,206 characters and this needs 63,236: shorten it by 30."),
        ("pinterest", {"title": "x" * 101}, "Pinterest takes 100 characters for the title and this needs 101: shorten it by 1."),
        (
            "pinterest",
            {"description": "x" * 900},
            "Pinterest takes 800 characters for the description and this needs 900: shorten it by 100.",
        ),
        (
            "pinterest",
            {"alt": "x" * 501},
            "Pinterest takes 500 characters for the picture's description and this needs 501: shorten it by 1.",
        ),
        ("pinterest", {"link": LINK + "x" * 2048}, "Pinterest takes 2,048 characters for the link and this needs 2,074: shorten it by 26."),
        ("linkedin", {"text": SHORT + "\\(" * 1450}, "LinkedIn takes 2,900 characters and this needs 2,930: shorten it by 30."),
        ("linkedin", {"title": "x" * 400}, "LinkedIn takes 399 characters for the title and this needs 400: shorten it by 1."),
        ("linkedin", {"text": SHORT + "😷" * 1450}, "LinkedIn takes 2,900 characters and this needs 2,930: shorten it by 30."),
    ],
)
def test_it_says_by_how_much_a_part_is_too_long(channel: str, parts: dict[str, str], sentence: str) -> None:
    assert refusal(channel, replace(GOOD[channel], **parts)) == sentence


def test_a_long_address_in_a_pictures_description_is_not_23() -> None:
    assert "needs 1,030" in refusal("twitter", replace(GOOD["twitter"], alt="https://blog.example.ca/" + "x" * 1006))


# The link, the picture, the characters


@pytest.mark.parametrize(
    "link", ["", "ftp://blog.example/", "javascript:alert(1)", "https://", "//blog.example/", "https://blog.example/a b", "https://[x"]
)
def test_it_wants_a_link_to_the_post(link: str) -> None:
    assert "link" in refusal("facebook", replace(GOOD["facebook"], link=link))


def test_the_link_must_be_in_the_text_where_nothing_else_shows_it() -> None:
    assert "is not in the text" in refusal("twitter", replace(GOOD["twitter"], text=f"A title\n{SHORT}"))
    assert "is not in the text" in refusal("twitter", replace(GOOD["twitter"], link="https://blog.example/other/"))


def test_pinterest_takes_nothing_without_a_picture() -> None:
    sentence = refusal("pinterest", replace(GOOD["pinterest"], image=""))
    assert sentence == "Pinterest takes no post without a picture, and this post has none; add a featured image on the blog."


def test_a_pictures_address_must_be_one() -> None:
    assert "not a web address" in refusal("facebook", replace(GOOD["facebook"], image="data:image/png;base64,AAAA"))


@pytest.mark.parametrize("part", ["text", "html", "title", "subject", "alt", "description"])
@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800", "\ufffe", "\uffff", "\ufdd0", "\U0001ffff"])
def test_no_control_character_leaves(part: str, character: str) -> None:
    message = replace(GOOD["email"], **{part: getattr(GOOD["email"], part) + character})
    assert f"U+{ord(character):04X}" in refusal("email", message)


@pytest.mark.parametrize("subject", ["One\nTwo", "One\r\nBcc: all@blog.example", "One\u2028Two", "One\tTwo"])
def test_a_subject_is_one_line(subject: str) -> None:
    refusal("email", replace(GOOD["email"], subject=subject))


def test_an_empty_text_goes_nowhere() -> None:
    with pytest.raises(Refused, match="no text"):
        check(Message(text=" \n", link=LINK), blog_file(disclaimer={"required": False}), "facebook")
