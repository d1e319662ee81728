"""A blog's colours, made fit to be read. Contrast as WCAG 2.2 counts it: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""

from typing import NamedTuple

READABLE = 4.5
"""The least between words and their ground (WCAG AA)."""


class Colour(NamedTuple):
    red: int
    green: int
    blue: int

    @classmethod
    def of(cls, code: str) -> "Colour":
        """`#1f5f5b`."""
        return cls(*bytes.fromhex(code.removeprefix("#")))

    def __str__(self) -> str:
        return "#" + bytes(self).hex()

    @property
    def luminance(self) -> float:
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (each / 255 for each in self))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue


BLACK, WHITE = Colour(0, 0, 0), Colour(255, 255, 255)


def contrast(one: Colour, other: Colour) -> float:
    darker, lighter = sorted((one.luminance, other.luminance))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of the other."""
    return Colour(*(round(a + (b - a) * share) for a, b in zip(one, other, strict=True)))


def readable(colour: Colour, ground: Colour, least: float = READABLE) -> Colour:
    """The colour itself, or as little darker or lighter as it takes to read it on this ground."""
    end = max(BLACK, WHITE, key=lambda each: contrast(each, ground))
    steps = (mixed(colour, end, step / 50) for step in range(51))
    return next((each for each in steps if contrast(each, ground) >= least), end)
