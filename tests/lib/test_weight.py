"""How X counts: https://docs.x.com/fundamentals/counting-characters"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.lib.weight import weight

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
    ("🇨🇦", 2),
    ("🇨🇦🇫🇷", 4),
    ("🇨🇱🇦", 4),  # Chile and a letter
    ("🇦🇦", 4),
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
    assert weight(text) == length


@pytest.mark.parametrize(("text", "length"), AT_LEAST)
def test_where_x_alone_knows_it_counts_no_less(text: str, length: int) -> None:
    assert weight(text) >= length


WORDS = st.sampled_from([(text, length) for text, length in COUNTED + AT_LEAST if text and "\n" not in text])


@given(st.lists(WORDS, max_size=12))
def test_a_text_counts_no_less_than_its_words_and_spaces(words: list[tuple[str, int]]) -> None:
    text = " ".join(word for word, _ in words)
    assert weight(text) >= sum(length for _, length in words) + max(0, len(words) - 1)


@given(st.text())
def test_it_counts_any_text_at_all(text: str) -> None:
    assert weight(text) >= 0


@pytest.mark.parametrize(
    "piece", ["a", "a.", "a.com", "https://", "https://a.", "https://a.com/", "https://a-", "é.", "あ.", "-.", FAMILY, "1️⃣", "\u0301"]
)
def test_a_long_hostile_text_is_counted_before_the_time_is_up(piece: str) -> None:
    assert weight(piece * (300_000 // len(piece))) > 20_000
