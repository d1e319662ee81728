"""Where a sentence ends, and where a text may be shortened: never inside a word."""

import re
from bisect import bisect_left
from collections.abc import Callable
from itertools import pairwise
from unicodedata import category

_CLOSING = "[\"'”’)\\]]"
_END = re.compile(
    rf"[.!?…]+(?:[ \xa0\u202f]?»|{_CLOSING})*(?=\s|$)"
    r"|[؟۔।॥።։]+(?=\s|$)"
    r"|[。！？｡．]+[」』）”’]*"
)
# A full stop behind these does not end a sentence: titles, initials, what stands for a word.
_ABBREVIATED = re.compile(
    r"(?:^|[\s(«“\"\xa0\u202f])(?:dr|drs|dre|mr|mrs|ms|mx|prof|sr|jr|st|ste|mme|mlle|mm|m|vs|cf|hon|rev|e\.g|i\.e|viz|approx|incl|p\.\s?ex|c\.-à-d|n\.b"
    r"|ph\.\s?d|psy\.\s?d|ed\.\s?d|m\.\s?d|m\.\s?ed|m\.\s?a|m\.\s?sc?|m\.s\.w|b\.a|b\.sc|r\.p|c\.psych|u\.s|u\.k|(?!i\b)[^\W\d_])\.$",
    re.IGNORECASE,
)
# Nor behind these, where a number follows: No. 3, p. 12.
_NUMBERED = re.compile(r"(?:^|[\s(])(?:no|nos|nr|fig|vol|art|ch|sec|pp?|ext|env)\.$", re.IGNORECASE)
_ORDINAL = re.compile(r"\s*\(?\d{1,3}[.)]")
_LONGEST_ABBREVIATION = 10
_NEXT = re.compile(r"\s*(\S)")
# Chinese and Japanese write without spaces, and pause at these.
_BETWEEN_WORDS = re.compile(r"\s+|(?<=[、，；：])")
_LEAST_WORDS = 3
_ENOUGH = 0.6


def sentences(text: str) -> tuple[list[str], str]:
    """(the whole sentences from the start, what is left over: a heading, a lead-in that ends in a colon, a text cut off)."""
    ends = _ends(text)
    whole = [text[start:end].strip() for start, end in pairwise([0, *ends])]
    return whole, text[ends[-1] if ends else 0 :].strip()


def joined(whole: list[str]) -> str:
    """Sentences as one text; Chinese and Japanese set no space between them."""
    return re.sub(r"(?<=[。！？｡．」』）]) ", "", " ".join(whole))


def shortened(text: str, fits: Callable[[str], bool], *, least_words: int = _LEAST_WORDS, enough: float = _ENOUGH) -> str:
    """The longest beginning of `text` that fits; empty when none does.

    All of it; else whole sentences, if they are `enough` of what would fit; else whole words and an ellipsis.
    """
    if fits(text):
        return text
    spaces = [space.start() for space in _BETWEEN_WORDS.finditer(text.rstrip()) if not _joins(text, space.start())]
    by_words = _longest(fits, spaces[least_words - 1 :], lambda at: _cut(text, at))
    by_sentences = _longest(fits, _ends(text), lambda at: text[:at].strip())
    return by_sentences if by_sentences and len(by_sentences) >= enough * len(by_words) else by_words


def _ends(text: str) -> list[int]:
    """Where each sentence ends."""
    ends: list[int] = []
    for mark in _END.finditer(text):
        start, end = ends[-1] if ends else 0, mark.end()
        sentence = text[max(start, end - _LONGEST_ABBREVIATION) : end]
        if sentence.strip() and not _joins(text, end) and not _is_short_for_a_word(sentence, text, start, end) and not _goes_on(text, end):
            ends.append(end)
    return ends


def _joins(text: str, at: int) -> bool:
    """What stands here is part of the character before it: an accent, a joiner, a skin tone."""
    following = text[at : at + 1]
    return following != "" and (following in "\u200c\u200d" or "\U0001f3fb" <= following <= "\U0001f3ff" or category(following)[0] == "M")


def _is_short_for_a_word(sentence: str, text: str, start: int, end: int) -> bool:
    """Dr. Khan, No. 3, and “1.” where a sentence begins."""
    if _ABBREVIATED.search(sentence) or _ORDINAL.fullmatch(text, start, end):
        return True
    following = _NEXT.match(text, end)
    return following is not None and following[1].isdigit() and _NUMBERED.search(sentence) is not None


def _goes_on(text: str, at: int) -> bool:
    """“Is it?” she asked."""
    following = _NEXT.match(text, at)
    return following is not None and following[1].islower()


def _longest(fits: Callable[[str], bool], rising: list[int], beginning: Callable[[int], str]) -> str:
    """Of the beginnings that end at these places, one that fits; the next longer one does not."""
    too_long = bisect_left(rising, True, key=lambda at: not fits(beginning(at)))
    return beginning(rising[too_long - 1]) if too_long else ""


def _cut(text: str, at: int) -> str:
    kept = text[:at].rstrip(" \t\n\xa0\u202f.,;:、，；：–—-…«“‘\"'([")
    return kept and kept + "…"
