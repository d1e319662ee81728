import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.lib.text import ILLEGIBLE, bounded, legible, one_line, plain, shortened


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("", ""),
        ("only words", "only words"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p>One\n  line <b>of</b>\twords</p>", "One line of words"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("Fish &amp; chips &lt;b&gt; &#8230; &eacute;", "Fish & chips <b> … é"),
        ("5 < 6 & 7 > 2", "5 < 6 & 7 > 2"),
        ("<h2>Why</h2>Because.", "Why\n\nBecause."),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<ol><li>a</li><li><p>b</p></li></ol>after", "1. a\n2. b\n\nafter"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("before<script>var a = '<p>';</script><style>p{}</style> after", "before after"),
        ('<figure><img src="a.png" alt="Not seen as words"><figcaption>Below it</figcaption></figure>', "Below it"),
        ("a<!-- not seen -->b", "ab"),
        ("</p></ul>loose ends<li>here", "loose ends\n- here"),
        ("<p>&nbsp;</p><p> </p>x", "x"),
    ],
)
def test_plain_is_what_a_reader_sees(html: str, words: str) -> None:
    assert plain(html).replace("\xa0", "").strip() == words


@given(st.text(alphabet="<>/&;!-ap lioubr\"'= \n", max_size=60))
def test_plain_takes_anything_and_parts_by_single_blank_lines(html: str) -> None:
    assert "\n\n\n" not in plain(html)


@given(st.text(), st.integers(2, 40))
def test_shortened_is_short(text: str, most: int) -> None:
    assert len(shortened(text, most)) <= most


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("Hello big world", 40, "Hello big world"),
        ("Hello big world", 10, "Hello…"),
        ("Hello, big world", 8, "Hello…"),
        ("Supercalifragilistic", 10, "Supercali…"),
    ],
)
def test_shortened_cuts_between_words(text: str, most: int, expected: str) -> None:
    assert shortened(text, most) == expected


@given(st.text() | st.text("a \t\r\n\x00\x85\x92\u00ad\u200b\u2028\ufdd0\U0001ffff"))
def test_legible_holds_nothing_that_nobody_can_read(text: str) -> None:
    shown = legible(text)
    assert not {sign for sign in shown if sign < " " and sign != "\n"}
    assert not ILLEGIBLE.search(shown)
    shown.encode()
    assert legible("550 no\x00such\xa0user\n") == "550 no such\xa0user\n"


def test_one_line_is_one_line() -> None:
    assert one_line(" a\n b\t\r\nc ") == "a b c"


@given(st.text(min_size=400), st.text(min_size=400))
def test_bounded_names_fit_and_stay_apart(one: str, other: str) -> None:
    assert len(bounded(one)) <= 465
    assert (bounded(one) == bounded(other)) is (one == other)
