"""The parts of a mail that some copies leave out: a post that its reader has, or what only the reader's own copy says.

A template marks them; what is kept is the mail without the marks, and where each part stands in it.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from markupsafe import Markup

from worker.render.template import squeezed

READER = "reader"
"""What is about the one reader: why they get it, and how to leave."""

_TEXT = re.compile("\ue002([a-z0-9-]+)\ue003(.*?)\ue004", re.DOTALL)
_HTML = re.compile(r"<!--=([a-z0-9-]+)-->(.*?)<!--=-->", re.DOTALL)


class Section(NamedTuple):
    """`part`: text or html. `start` and `end`: from which character of it to which."""

    part: str
    name: str
    start: int
    end: int


def of_post(pk: int | None) -> str:
    return f"post-{pk}"


def marks(part: str) -> dict[str, Callable[[str], str] | str]:
    """What a template of this part sets around a section: `{{ begin("reader") }}` and `{{ end }}`."""
    if part == "html":
        return {"begin": lambda name: Markup(f"<!--={name}-->"), "end": Markup("<!--=-->")}
    return {"begin": lambda name: f"\ue002{name}\ue003", "end": "\ue004"}


def found(part: str, marked: str) -> tuple[str, list[Section]]:
    """The finished part without the marks, and where its sections stand."""
    pieces: list[str] = []
    sections: list[Section] = []
    at = last = 0
    for match in (_HTML if part == "html" else _TEXT).finditer(marked):
        before, inside = marked[last : match.start()], match[2]
        start = at + len(before)
        at, last = start + len(inside), match.end()
        pieces += [before, inside]
        sections.append(Section(part, match[1], start, at))
    return "".join([*pieces, marked[last:]]), sections


def without(words: str, part: str, names: Iterable[str], sections: Iterable[Iterable[str | int]]) -> str:
    """The part, less the sections of these names. `sections`: as `Rendition.sections` keeps them."""
    dropped = set(names)
    all_of_it = (Section(str(side), str(name), int(start), int(end)) for side, name, start, end in sections)
    for section in sorted(all_of_it, key=lambda each: each.start, reverse=True):
        if section.part == part and section.name in dropped:
            words = words[: section.start] + words[section.end :]
    return squeezed(words) if part == "text" else words
