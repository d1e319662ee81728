"""The disclaimer that an author wrote into the post: recognised, so that nobody reads two, and compared with the approved one."""

import re
from difflib import SequenceMatcher

from worker.gate.disclaimer import approved
from worker.lib.blogs import BlogFile

ALIKE = 0.72
_HEADING = re.compile(
    r"(?:[*_]{0,2}(?:medical |general |important |legal )?(?:disclaimer|avertissement|mise en garde|avis(?: (?:important|légal|de non[- ]responsabilité))?"
    r"|clause de non[- ]responsabilité|non[- ]responsabilité)[*_]{0,2})\s*(?:[:.!–—-]+|$)\s*",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")


def is_heading(text: str) -> bool:
    """“DISCLAIMER” alone: what follows is the disclaimer."""
    return _HEADING.fullmatch(text) is not None


def is_disclaimer(text: str, blog: BlogFile) -> bool:
    """It says it is one, or says much the same as the approved one."""
    return _HEADING.match(text) is not None or any(_alike(text, words) for words in approved(blog))


def is_approved(text: str, blog: BlogFile) -> bool:
    """Word for word one of the approved, whatever stands before it as a heading and however it is set."""
    return any(_bare(text) == _bare(words) for words in approved(blog))


def without_approved(text: str, blog: BlogFile) -> str:
    for words in approved(blog):
        text = re.sub(r"\s+".join(map(re.escape, words.split())), " ", text, flags=re.IGNORECASE)
    return text


def _alike(text: str, approved_words: str) -> bool:
    ours, theirs = _words(approved_words), _words(text)
    if not ours or not len(ours) / 2 <= len(theirs) <= len(ours) * 2:
        return False
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    return matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def _bare(text: str) -> list[str]:
    return _words(_HEADING.sub("", text, count=1))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
