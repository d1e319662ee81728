"""The disclaimer that an author wrote into the post: recognised, so that nobody reads two, and compared with the approved one."""

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import groupby
from operator import itemgetter

from worker.gate.disclaimer import approved
from worker.lib.blogs import BlogFile
from worker.render.sentences import sentences
from worker.render.visible import HEADING

ALIKE = 0.72
_TITLE = re.compile(
    r"(?:[*_]{0,2}(?:medical |general |important |legal )?(?:disclaimer|avertissement|mise en garde|avis(?: (?:important|légal|de non[- ]responsabilité))?"
    r"|clause de non[- ]responsabilité|non[- ]responsabilité)[*_]{0,2})\s*(?:[:.!–—-]+|$)\s*",
    re.IGNORECASE,
)
_WITHIN = re.compile(r"(?<=[.!?…»”] )(?=(?:DISCLAIMER|Disclaimer|AVERTISSEMENT|Avertissement|MISE EN GARDE|Mise en garde)\s?:)")
_WORD = re.compile(r"\w+")
_LEAST_WORDS = 6
"""Of a sentence that is compared with the approved one's: fewer are anybody's."""


def without(pieces: Iterable[str], blog: BlogFile) -> Iterator[str]:
    """The paragraphs that are no part of a disclaimer."""
    return (piece for piece, part in _parts(pieces, blog) if not part)


def among(pieces: Iterable[str], blog: BlogFile) -> Iterator[str]:
    """The disclaimers, each with what goes on in the paragraphs behind it."""
    runs = groupby(_parts(pieces, blog), key=itemgetter(1))
    return (" ".join(_bared(piece) for piece, _ in run) for part, run in runs if part == "disclaimer")


def _parts(pieces: Iterable[str], blog: BlogFile) -> Iterator[tuple[str, str]]:
    """Each paragraph that has words, and what part it is: `heading` over a disclaimer, `disclaimer` or its next paragraph, or none."""
    part = ""
    for piece in filter(_bared, pieces):
        words = _bared(piece)
        if _TITLE.fullmatch(words):
            part = "heading"
        elif part == "heading" or is_disclaimer(words, blog) or (part and _goes_on(words, blog)):
            part = "disclaimer"
        else:
            part = ""
        yield piece, part


def _bared(piece: str) -> str:
    return piece.removeprefix(HEADING).strip()


def is_disclaimer(text: str, blog: BlogFile) -> bool:
    """It says it is one, or says much the same as the approved one."""
    return _TITLE.match(text) is not None or any(_alike(text, words) for words in approved(blog))


def _goes_on(text: str, blog: BlogFile) -> bool:
    """Behind a disclaimer: the next paragraph of the approved one."""
    part = f" {' '.join(_words(text))} "
    return part.strip() != "" and any(part in f" {' '.join(_bare(words))} " for words in approved(blog))


def without_one(text: str, blog: BlogFile) -> str:
    """A paragraph without the approved words, and up to where one of another wording begins."""
    text = _WITHIN.split(without_approved(text, blog), maxsplit=1)[0]
    whole, left_over = sentences(text)
    kept = [sentence for sentence in whole if not _says_the_same(sentence, blog)]
    return text if len(kept) == len(whole) else " ".join(filter(None, [*kept, left_over]))


def is_approved(text: str, blog: BlogFile) -> bool:
    """Word for word one of the approved, whatever stands before it as a heading and however it is set."""
    return any(_bare(text) == _bare(words) for words in approved(blog))


def without_approved(text: str, blog: BlogFile) -> str:
    for words in approved(blog):
        text = re.sub(r"\s+".join(map(re.escape, words.split())), " ", text, flags=re.IGNORECASE)
    return text


def _says_the_same(sentence: str, blog: BlogFile) -> bool:
    """As one of the approved one's sentences, in other words."""
    theirs = set(_words(sentence))
    return len(theirs) >= _LEAST_WORDS and any(
        len(theirs & set(_words(ours))) >= len(theirs) / 2 and _alike(sentence, _TITLE.sub("", ours, count=1))
        for words in approved(blog)
        for ours in sentences(words)[0]
    )


def _alike(text: str, approved_words: str) -> bool:
    ours, theirs = _words(approved_words), _words(text)
    if not ours or not len(ours) / 2 <= len(theirs) <= len(ours) * 2:
        return False
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    return matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def _bare(text: str) -> list[str]:
    return _words(_TITLE.sub("", text, count=1))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
