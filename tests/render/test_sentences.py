import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.render.sentences import sentences, shortened


@pytest.mark.parametrize(
    ("text", "whole", "left_over"),
    [
        ("", [], ""),
        ("One. Two! Three?", ["One.", "Two!", "Three?"], ""),
        ("A whole sentence. A text cut off in the", ["A whole sentence."], "A text cut off in the"),
        ("It helps. Here are some reasons:", ["It helps."], "Here are some reasons:"),
        ("A heading", [], "A heading"),
        ("Ask Dr. Khan about it. She knows.", ["Ask Dr. Khan about it.", "She knows."], ""),
        ("Some skills, e.g. breathing, help. Try.", ["Some skills, e.g. breathing, help.", "Try."], ""),
        ("By J. R. Smith of St. Catharines. Read it.", ["By J. R. Smith of St. Catharines.", "Read it."], ""),
        ("It costs 3.50 a day. Cheap.", ["It costs 3.50 a day.", "Cheap."], ""),
        ("“Is it?” she asked. “It is.” Good.", ["“Is it?” she asked.", "“It is.”", "Good."], ""),
        ("Really?! Yes.", ["Really?!", "Yes."], ""),
        ("And then… Silence.", ["And then…", "Silence."], ""),
        ("And then… silence fell. End.", ["And then… silence fell.", "End."], ""),
        ("« Ça va\xa0? » Oui. Mme Roy l’a dit.", ["« Ça va\xa0? »", "Oui.", "Mme Roy l’a dit."], ""),
        ("Comment\u202f? Bien\u202f!", ["Comment\u202f?", "Bien\u202f!"], ""),
        ("今日は。元気ですか？はい", ["今日は。", "元気ですか？"], "はい"),
        ("كيف حالك. بخير.", ["كيف حالك.", "بخير."], ""),
        ("Jane Doe, Ph.D. Candidate. Yes.", ["Jane Doe, Ph.D. Candidate.", "Yes."], ""),
        ("See No. 3 and p. 12. He said no. Fine.", ["See No. 3 and p. 12.", "He said no.", "Fine."], ""),
        ("1. Breathe in. 2. Rest.", ["1. Breathe in.", "2. Rest."], ""),
        ("M. Roy et MM. Côté. Oui.", ["M. Roy et MM. Côté.", "Oui."], ""),
        ("It helped me. So did I. Then more.", ["It helped me.", "So did I.", "Then more."], ""),
        ("هل تنام؟ نعم.", ["هل تنام؟", "نعم."], ""),
        ("मैं ठीक हूँ। धन्यवाद।", ["मैं ठीक हूँ।", "धन्यवाद।"], ""),
        ("見た。\u3099次。", ["見た。\u3099次。"], ""),
        ("Works 👍. Good.", ["Works 👍.", "Good."], ""),
    ],
)
def test_it_finds_where_sentences_end(text: str, whole: list[str], left_over: str) -> None:
    assert sentences(text) == (whole, left_over)


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("All of it fits.", 15, "All of it fits."),
        ("One two three four. Five six.", 25, "One two three four."),
        ("One. Two three four five six seven.", 25, "One. Two three four five…"),
        ("One two three four five", 15, "One two three…"),
        ("One two three, four five", 18, "One two three…"),
        ("One two three “four five", 18, "One two three…"),
        ("Un deux trois «\xa0quatre cinq", 18, "Un deux trois…"),
        ("One two", 6, ""),
        ("Unbreakable", 5, ""),
    ],
)
def test_it_ends_at_a_sentence_or_a_word(text: str, most: int, short: str) -> None:
    assert shortened(text, lambda beginning: len(beginning) <= most) == short


def test_a_title_may_keep_one_word() -> None:
    assert shortened("Coping with stress", lambda text: len(text) <= 8, least_words=1) == "Coping…"


def test_whole_sentences_may_be_asked_for() -> None:
    assert shortened("One. Two three four five six seven.", lambda text: len(text) <= 25, enough=0) == "One."


@given(st.text(alphabet="ab .!?…«»“”:,\xa0\u202f\n日👍", max_size=60), st.integers(0, 60))
def test_it_never_cuts_a_word_and_always_fits(text: str, most: int) -> None:
    short = shortened(text, lambda beginning: len(beginning) <= most)
    assert len(short) <= most
    words = [word.rstrip("…") for word in short.split()]
    assert all(any(source.startswith(word) for source in text.split()) for word in words)
    if short and short != text:
        last = short.rstrip("…").split()[-1:]
        punctuation = " .,;:–—-…«“‘\"'([\xa0\u202f"
        assert not last or any(last[0] == source.rstrip(punctuation) or source.startswith(last[0]) for source in text.split())
