"""Where a sentence ends, and where a text may be shortened: never inside a word."""

import re
from bisect import bisect_left
from collections.abc import Callable

_END = re.compile(r"[.!?…]+(?:[\xa0\u202f]?»|[\"'”’)\]])*(?=\s|$)|[。！？]+[」』）]*")
# A full stop behind these does not end a sentence.
_ABBREVIATED = re.compile(
    r"(?:^|[\s(«“\"])(?:dr|mr|mrs|ms|prof|st|ste|mme|mlle|m|vs|no|fig|cf|hon|rev|e\.g|i\.e|p\.\s?ex|\w)\.$", re.IGNORECASE
)
_LEAST_WORDS = 3
_ENOUGH = 0.6


def sentences(text: str) -> tuple[list[str], str]:
    """(the whole sentences from the start, what is left over: a heading, a lead-in that ends in a colon, a text cut off)."""
    whole, start = [], 0
    for end in _END.finditer(text):
        sentence = text[start : end.end()].strip()
        if sentence and not _ABBREVIATED.search(sentence) and not text[end.end() :].lstrip()[:1].islower():
            whole.append(sentence)
            start = end.end()
    return whole, text[start:].strip()


def shortened(text: str, fits: Callable[[str], bool], *, least_words: int = _LEAST_WORDS, enough: float = _ENOUGH) -> str:
    """The longest beginning of `text` that fits; empty when none does.

    All of it; else whole sentences, if they are `enough` of what would fit; else whole words and an ellipsis.
    """
    if fits(text):
        return text
    by_words = _longest(fits, [_cut(text, space.start()) for space in re.finditer(r"\s+", text)][least_words - 1 :])
    by_sentences = _longest(fits, _beginnings(sentences(text)[0]))
    return by_sentences if by_sentences and len(by_sentences) >= enough * len(by_words) else by_words


def _longest(fits: Callable[[str], bool], rising: list[str]) -> str:
    """Of texts that grow, one that fits; the next longer one does not."""
    too_long = bisect_left(rising, True, key=lambda text: not fits(text))
    return rising[too_long - 1] if too_long else ""


def _cut(text: str, at: int) -> str:
    return text[:at].rstrip(" \t\n\xa0\u202f.,;:–—-…«“‘\"'([") + "…"


def _beginnings(whole: list[str]) -> list[str]:
    return [" ".join(whole[: count + 1]) for count in range(len(whole))]
