"""How X counts: https://docs.x.com/fundamentals/counting-characters"""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from worker.channels.twitter import Twitter, TwitterOptions

FAMILY = "👨‍👩‍👧‍👦"
COUNTED = [
    ("", 0),
    ("Coping with school stress", 25),
    # Characters
    ("École à côté", 12),
    ("E\u0301cole", 5),  # a letter and its accent are one
    ("“Quotes” — dashes", 17),
    ("more…", 6),
    ("故人西辞黄鹤楼", 14),
    ("the故人", 7),
    ("Здравствуйте", 12),
    ("مرحبا", 5),
    ("\u200e\u202a", 4),
    ("line\nline", 9),
    ("line\r\nline", 9),
    # Emoji
    ("😷", 2),
    ("😷" * 140, 280),
    (FAMILY, 2),
    (FAMILY * 140, 280),
    ("👍🏽", 2),
    ("👩🏾‍💻", 2),
    ("👩‍⚕️", 2),
    ("🧘🏽‍♀️", 2),
    ("❤️", 2),
    ("☺", 2),
    ("1⃣", 2),
    ("1️⃣2️⃣", 4),
    ("🏳️‍🌈", 2),
    ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 2),
    ("👩‍❤️‍💋‍👩", 2),
    # Addresses
    ("http://test.co", 23),
    ("Hi http://test.co", 26),
    ("https://www.practice.ca/2026/11/a-very-long-name-for-a-post-about-stress/?utm=no&x=1#top", 23),
    ("https://practice.ca:8443/a", 23),
    ("(https://practice.ca/a)", 25),
    ("Read https://practice.ca/a.", 29),
    ("Read https://practice.ca.", 29),
    ("https://practice.ca/a, https://practice.ca/b", 48),
    ("HTTPS://PRACTICE.CA/A", 23),
    ("http://ああ.com", 23),
    ("http://ああ.한국/", 23),
    ("example.com", 23),
    ("www.example.co.jp", 23),
    ("“example.com”", 25),
    # No addresses
    ("e.g. at 3.30 p.m.", 17),
    ("Dr. A. B. Smith", 15),
    ("one..two", 8),
    ("http://" + "あいうえおかきくけこ" * 6 + ".com", 131),  # longer than a label may be
]
AT_LEAST = [
    ("file.py", 23),  # a country's top-level domain, though it looks like a file
    ("letter.docx", 11),
    ("end.Next", 23),
    ("voilà.Une", 9),
    ("office@blog.example.com", 23),
    ("http://127.0.0.1:8010/a-long-path-of-a-post/", 44),
    ("http://localhost:8010/post/", 27),
    ("https://blog.example/post/", 26),
    ("https://www.unheard-of.newtld/a?b=c.com", 57),
    ("日本語です。example.comです", 6 * 2 + 23 + 2 * 2),
    ("foo.com.zzzzzz", 23 + 7),
    ("a.com/?b=c.com", 23),
    ("$https://practice.ca", 20),
    ("t.co/1️⃣", 27),
    ("127.0.0.1🏽http://👍….中国", 34),
    ("zzt.co.io@", 27),
]


@pytest.mark.parametrize(("text", "length"), COUNTED)
def test_it_counts_as_x_does(text: str, length: int) -> None:
    assert Twitter.measure(text) == length


@pytest.mark.parametrize(("text", "length"), AT_LEAST)
def test_where_x_alone_knows_it_counts_no_less(text: str, length: int) -> None:
    assert Twitter.measure(text) >= length


WORDS = st.sampled_from([(text, length) for text, length in COUNTED + AT_LEAST if text and "\n" not in text])


@given(st.lists(WORDS, max_size=12))
def test_a_text_counts_no_less_than_its_words_and_spaces(words: list[tuple[str, int]]) -> None:
    text = " ".join(word for word, _ in words)
    assert Twitter.measure(text) >= sum(length for _, length in words) + max(0, len(words) - 1)


@given(st.text())
def test_it_counts_any_text_at_all(text: str) -> None:
    assert Twitter.measure(text) >= 0


@pytest.mark.parametrize(
    "piece", ["a", "a.", "a.com", "https://", "https://a.", "https://a.com/", "https://a-", "é.", "あ.", "-.", FAMILY, "1️⃣", "\u0301"]
)
def test_a_long_hostile_text_is_counted_before_the_time_is_up(piece: str) -> None:
    assert Twitter.measure(piece * (300_000 // len(piece))) > 20_000


@pytest.mark.parametrize(("given", "kept"), [("20.00 USD", Decimal("20.00")), ("0.50 USD", Decimal("0.50"))])
def test_a_budget_is_an_amount_in_dollars(given: str, kept: Decimal) -> None:
    assert TwitterOptions(monthly_budget=given).monthly_budget == kept


@pytest.mark.parametrize("given", ["20", "20 USD", "20.00", "20.00 CAD", "$20.00", "-1.00 USD", 20, ""])
def test_another_budget_is_a_mistake_with_an_example(given: object) -> None:
    with pytest.raises(ValidationError, match=r"allowed is an amount in US dollars, for example '20\.00 USD'"):
        TwitterOptions(monthly_budget=given)


@pytest.mark.parametrize("address", ["https://api.x.com", "http://127.0.0.1:9000", "http://localhost:9000/x"])
def test_the_network_is_real_or_a_stand_in_on_this_machine(address: str) -> None:
    assert TwitterOptions(base_url=address).base_url == address


def test_a_token_never_travels_in_the_clear() -> None:
    with pytest.raises(ValidationError, match="allowed is an https:// address"):
        TwitterOptions(base_url="http://api.x.com")
