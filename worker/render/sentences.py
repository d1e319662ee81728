"""Where a sentence ends, and where a text may be shortened: never inside a word."""

import re
from bisect import bisect_left
from collections.abc import Callable
from itertools import pairwise

_END = re.compile(r"[.!?…]+(?:[ \xa0\u202f]?»|[\"'”’)\]])*(?=\s|$)|[。！？]+[」』）]*")
# A full stop behind these does not end a sentence.
_ABBREVIATED = re.compile(
    r"(?:^|[\s(«“\"])(?:dr|mr|mrs|ms|prof|st|ste|mme|mlle|m|vs|no|fig|cf|hon|rev|e\.g|i\.e|p\.\s?ex|\w)\.$", re.IGNORECASE
)
_LONGEST_ABBREVIATION = 8
_NEXT = re.compile(r"\s*(\S)")
_LEAST_WORDS = 3
_ENOUGH = 0.6


def sentences(text: str) -> tuple[list[str], str]:
    """(the whole sentences from the start, what is left over: a heading, a lead-in that ends in a colon, a text cut off)."""
    ends = _ends(text)
    whole = [text[start:end].strip() for start, end in pairwise([0, *ends])]
    return whole, text[ends[-1] if ends else 0 :].strip()


def joined(whole: list[str]) -> str:
    """Sentences as one text; Chinese and Japanese set no space between them."""
    return re.sub(r"(?<=[。！？」』）]) ", "", " ".join(whole))


def shortened(text: str, fits: Callable[[str], bool], *, least_words: int = _LEAST_WORDS, enough: float = _ENOUGH) -> str:
    """The longest beginning of `text` that fits; empty when none does.

    All of it; else whole sentences, if they are `enough` of what would fit; else whole words and an ellipsis.
    """
    if fits(text):
        return text
    spaces = [space.start() for space in re.finditer(r"\s+", text.rstrip())]
    by_words = _longest(fits, spaces[least_words - 1 :], lambda at: _cut(text, at))
    by_sentences = _longest(fits, _ends(text), lambda at: text[:at].strip())
    return by_sentences if by_sentences and len(by_sentences) >= enough * len(by_words) else by_words


def _ends(text: str) -> list[int]:
    """Where each sentence ends."""
    ends: list[int] = []
    for mark in _END.finditer(text):
        start, end = ends[-1] if ends else 0, mark.end()
        sentence = text[max(start, end - _LONGEST_ABBREVIATION) : end]
        if sentence.strip() and not _ABBREVIATED.search(sentence) and not _goes_on(text, end):
            ends.append(end)
    return ends


def _goes_on(text: str, at: int) -> bool:
    """“Is it?” she asked."""
    following = _NEXT.match(text, at)
    return following is not None and following[1].islower()


def _longest(fits: Callable[[str], bool], rising: list[int], beginning: Callable[[int], str]) -> str:
    """Of the beginnings that end at these places, one that fits; the next longer one does not."""
    too_long = bisect_left(rising, True, key=lambda at: not fits(beginning(at)))
    return beginning(rising[too_long - 1]) if too_long else ""


def _cut(text: str, at: int) -> str:
    kept = text[:at].rstrip(" \t\n\xa0\u202f.,;:–—-…«“‘\"'([")
    return kept and kept + "…"
