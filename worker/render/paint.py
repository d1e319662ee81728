"""A mail's colours from the blog's own, readable in light and in dark."""

from typing import NamedTuple

from worker.lib.blogs import BlogFile
from worker.render.colours import BLACK, WHITE, Colour, contrast, readable

DARK_CARD = Colour.of("#1e2428")
_BRIGHT = 6.5
_ENOUGH = 4.6
"""A little more than WCAG asks, for rounding."""


class Paint(NamedTuple):
    accent: Colour
    """The button and what is set in the blog's colour, on white; white can be read on it too."""
    dark_accent: Colour
    on_dark_accent: Colour


def paint(blog: BlogFile) -> Paint:
    colour = Colour.of(blog.brand.color)
    accent = readable(colour, WHITE, _ENOUGH)
    dark = readable(colour, DARK_CARD, _BRIGHT)
    return Paint(accent, dark, max(BLACK, WHITE, key=lambda ink: contrast(ink, dark)))
