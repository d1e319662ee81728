"""What a provider answers, in its own words."""

from worker.channels.email.esp.answers import words
from worker.lib.http import Answer


def test_its_words_are_kept_as_a_database_can_hold_them():
    assert words(Answer(502, {}, b"<h1>Bad\x00Gate\n way</h1> \xff", "")) == "502 <h1>Bad Gate way</h1> \N{REPLACEMENT CHARACTER}"
