"""Words set in the fonts beside this file: which font has which letter, where a line ends, how large it can be.

A letter that neither font has is left out, never drawn as a box. Both fonts hold Latin with all its accents, Greek and
Cyrillic; scripts that run from right to left or join their letters are none of theirs.
"""

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path

from PIL import ImageDraw, ImageFont

_FOLDER = Path(__file__).parent / "fonts"
SERIF, SANS = "SourceSerif4-SemiBold", "SourceSans3-SemiBold"
_OTHER = {SERIF: SANS, SANS: SERIF}
_NOWHERE = "\ufffe"
"""A code point that is no character, so that every font draws its box for it."""
_TIED = re.compile(r" (?=[!?:;»%]|[–—] )|(?<=«) ")
_SPACES = " \xa0\u202f\u2009"
_LETTERS = ("L", "N")


@dataclass(frozen=True)
class Setting:
    """Words broken into lines of one size, in pixels."""

    lines: tuple[str, ...]
    size: int
    leading: int

    @property
    def height(self) -> int:
        return self.leading * len(self.lines)


def showable(text: str) -> str:
    """What the fonts can show of it, in one line; empty where that would be less than half of its letters."""
    text = unicodedata.normalize("NFC", " ".join(re.split(r"[ \t\n\r\u2028\u2029]+", text)))
    kept = "".join(letter for letter in text if letter in _SPACES or _font_with(letter, SERIF))
    kept = re.sub(r" {2,}", " ", kept).strip()
    return kept if kept and 2 * _letters(kept) >= _letters(text) and _letters(kept) else ""


def set_in(text: str, font: str, width: int, height: int, smallest: int, largest: int, leading: float = 1.16) -> Setting:
    """As large as lets all of it stand within width and height.

    A word too long for half the largest size is broken with a hyphen; what the smallest size cannot hold ends in an ellipsis.
    """
    words = [word for word in _TIED.sub("\xa0", text).split(" ") if word]

    def lines(size: int) -> list[str]:
        whole = size > max(smallest, largest // 2)
        return _broken(words if whole else [piece for word in words for piece in _pieces(word, font, size, width)], font, size, width)

    def fits(size: int) -> bool:
        return 0 < len(lines(size)) * round(size * leading) <= height

    size = smallest + bisect_left(range(smallest + 1, largest + 1), True, key=lambda each: not fits(each))
    step, broken = round(size * leading), lines(size)
    if len(broken) * step > height:
        return Setting(_cut(broken, font, size, width, max(1, height // step)), size, step)
    return Setting(_balanced(font, size, width, broken), size, step)


def draw(canvas: ImageDraw.ImageDraw, at: tuple[float, float], text: str, font: str, size: int, ink: tuple[int, int, int]) -> None:
    """One line; `at` is where it begins on its base line."""
    x, y = at
    for name, run in _runs(text, font):
        face = _face(name, size)
        canvas.text((x, y), run, fill=ink, font=face, anchor="ls")
        x += face.getlength(run)


@lru_cache(maxsize=4096)
def width_of(text: str, font: str, size: int) -> float:
    return sum(_face(name, size).getlength(run) for name, run in _runs(text, font))


def _letters(text: str) -> int:
    return sum(unicodedata.category(letter).startswith(_LETTERS) for letter in text)


def _broken(words: list[str], font: str, size: int, width: float) -> list[str]:
    """As many words to a line as it holds; empty when one alone is too wide."""
    lines: list[str] = []
    for word in words:
        if width_of(word, font, size) > width:
            return []
        if lines and width_of(f"{lines[-1]} {word}", font, size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _balanced(font: str, size: int, width: int, lines: list[str]) -> tuple[str, ...]:
    """The same number of lines, as equally long as can be: no word alone on the last one."""
    words = [word for line in lines for word in line.split(" ")]
    narrow, wide, best = width // 3, width, lines
    while wide - narrow > 4:
        middle = (narrow + wide) // 2
        tried = _broken(words, font, size, middle)
        if tried and len(tried) == len(lines):
            wide, best = middle, tried
        else:
            narrow = middle
    return tuple(best)


def _pieces(word: str, font: str, size: int, width: float) -> list[str]:
    pieces = []
    while width_of(word, font, size) > width:
        end = next(end for end in range(len(word) - 1, 0, -1) if end == 1 or width_of(word[:end] + "-", font, size) <= width)
        pieces.append(word[:end] + "-")
        word = word[end:]
    return [*pieces, word]


def _cut(lines: list[str], font: str, size: int, width: float, most: int) -> tuple[str, ...]:
    if len(lines) <= most:
        return tuple(lines)
    last = lines[most - 1]
    while width_of(last + "…", font, size) > width and " " in last:
        last = last.rpartition(" ")[0]
    return (*lines[: most - 1], last.rstrip(" ,;:–—-.") + "…")


@lru_cache(maxsize=4096)
def _runs(text: str, font: str) -> tuple[tuple[str, str], ...]:
    named = ((_font_with(letter, font) or font, letter) for letter in text)
    return tuple((name, "".join(letter for _, letter in run)) for name, run in groupby(named, key=lambda pair: pair[0]))


@cache
def _font_with(letter: str, first: str) -> str:
    """Empty: neither has it. A space belongs to the first."""
    if letter in _SPACES:
        return first
    if unicodedata.category(letter)[0] in "CM":
        return ""
    return next((font for font in (first, _OTHER[first]) if _drawn(letter, font) not in (_drawn(_NOWHERE, font), b"")), "")


def _drawn(letter: str, font: str) -> bytes:
    mask = _face(font, 24).getmask(letter)
    return bytes(mask)


@lru_cache(maxsize=256)
def _face(font: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FOLDER / f"{font}.ttf"), size)
