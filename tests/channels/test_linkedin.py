"""LinkedIn's little text, and the section of a blog's file."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from worker.channels.linkedin import Linkedin, LinkedinOptions

RESERVED = r"\|{}@[]()<>#*_~"


def as_linkedin_shows(little_text: str) -> str:
    """The words that a reader sees; an unescaped reserved character would be markup."""
    return re.sub(r"\\(.)", r"\1", little_text, flags=re.DOTALL)


@pytest.mark.parametrize("character", RESERVED)
def test_each_reserved_character_stands_behind_a_backslash(character: str) -> None:
    assert Linkedin.escape(f"a{character}b") == f"a\\{character}b"


@pytest.mark.parametrize(
    "text", ["Plain words, “quotes” & more; 100 % sure: yes!", "https://blog.example/a-b?c=d&e=f", "École — 日本語 👍🏽", ""]
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert Linkedin.escape(text) == text


@given(st.text())
def test_a_reader_sees_the_words_that_were_written(text: str) -> None:
    assert as_linkedin_shows(Linkedin.escape(text)) == text


@given(st.text(alphabet=RESERVED + "ab \n"))
def test_nothing_reserved_is_left_bare(text: str) -> None:
    bare = re.sub(r"\\[" + re.escape(RESERVED) + "]", "", Linkedin.escape(text))
    assert not set(bare) & set(RESERVED)


@pytest.mark.parametrize(("text", "length"), [("abc", 3), ("é", 1), ("日本", 2), ("👍", 2), (r"\(", 2)])
def test_it_counts_generously(text: str, length: int) -> None:
    assert Linkedin.measure(text) == length


@pytest.mark.parametrize("author", ["urn:li:organization:123456", "urn:li:person:aB-c_1"])
def test_an_author_is_an_organization_or_a_person(author: str) -> None:
    assert LinkedinOptions(author=author).author == author


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("author", "123456"),
        ("author", "urn:li:organization:acme"),
        ("author", ""),
        ("version", "2026-08"),
        ("version", "202613"),
        ("version", "v26"),
    ],
)
def test_another_value_is_a_mistake_that_says_what_is_allowed(key: str, value: str) -> None:
    with pytest.raises(ValidationError, match=f"is '{value}'; allowed is"):
        LinkedinOptions(**{key: value})
