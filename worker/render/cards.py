"""A card in place of a picture: the post's title, the blog, the author, in the blog's own colours, above a few quiet hills."""

import hashlib
import math

from PIL import Image, ImageDraw

from worker.channels.base import Picture, PictureRules
from worker.lib.blogs import BlogFile, Brand
from worker.render.colours import WHITE, Colour, mixed, readable
from worker.render.lettering import SANS, SERIF, draw, set_in, showable
from worker.render.photo import encoded

_EDGE = 0.07
"""Of the card's width: the margin at its sides."""
_HILLS = {True: 0.25, False: 0.26}
"""Of the card's height, upright or lying."""
_FEW = 14
"""Characters of a title that may stand larger than others."""
_NIGHT = Colour(16, 20, 24)
_TINTS = (0.22, 0.5, 1.0)
"""How much of the blog's colour each hill has, from the farthest to the nearest."""


def card(title: str, author: str, blog: BlogFile, rules: PictureRules) -> Picture:
    """As large as the network shows best. Whatever stands in title and names, nothing leaves the card and no letter is a box."""
    return encoded(drawn(title, author, blog.name, blog.brand, rules.width, rules.height), rules)


def drawn(title: str, author: str, blog: str, brand: Brand, width: int, height: int) -> Image.Image:
    paper, colour = Colour.of(brand.background), Colour.of(brand.color)
    image = Image.new("RGB", (width, height), paper)
    hills = round(height * _HILLS[height > width])
    image.paste(_hills(width, hills, paper, colour, seed=title or blog), (0, height - hills))
    _words(image, showable(title), showable(author), showable(blog), paper, colour, height - hills)
    return image


def _words(image: Image.Image, title: str, author: str, blog: str, paper: Colour, colour: Colour, bottom: int) -> None:
    """The blog above, the title in the middle of what is left, the author below it."""
    canvas, upright, edge = ImageDraw.Draw(image), image.height > image.width, round(image.width * _EDGE)
    dark_on_light = paper.luminance > 0.18
    ink = readable(mixed(colour, _NIGHT if dark_on_light else WHITE, 0.75), paper, 9)
    wide, small = image.width - 2 * edge, round(image.width * (0.036 if upright else 0.028))
    top = edge
    if title and blog:
        _name(canvas, (edge, top), blog, small, readable(colour, paper), wide)
        top += round(small * 1.5)
    author_room = round(small * 2.4) if author else 0
    room = bottom - top - author_room
    words = title or blog
    smallest, largest = round(image.width * 0.03), round(image.width * (0.112 if upright else 0.085) * (1.4 if len(words) <= _FEW else 1))
    setting = set_in(words, SERIF, wide, round(room * 0.96), smallest, largest)
    y = top + max(0, (room - setting.height) // 2)
    for number, line in enumerate(setting.lines):
        draw(canvas, (edge, y + number * setting.leading + round(setting.size * 0.92)), line, SERIF, setting.size, ink)
    if author:
        _line(canvas, (edge, y + setting.height + round(small * 1.7)), author, small, readable(mixed(ink, paper, 0.3), paper), wide)


def _name(canvas: ImageDraw.ImageDraw, at: tuple[int, int], blog: str, size: int, ink: Colour, width: int) -> None:
    """Behind a short dash."""
    (x, y), dash = at, round(size * 1.3)
    middle = y + round(size * 0.5)
    canvas.rounded_rectangle((x, middle - size // 14, x + dash, middle + size // 14), radius=size // 14, fill=ink)
    _line(canvas, (x + round(dash * 1.4), y + round(size * 0.8)), blog, size, ink, width - round(dash * 1.4))


def _line(canvas: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, ink: Colour, width: int) -> None:
    setting = set_in(text, SANS, width, round(size * 1.2), round(size * 0.75), size)
    draw(canvas, at, setting.lines[0], SANS, setting.size, ink)


def _hills(width: int, height: int, paper: Colour, colour: Colour, seed: str) -> Image.Image:
    """Each title has hills of its own, and the same again whenever it is drawn. Drawn twice as large: that smooths their edges."""
    digits = hashlib.sha256(seed.encode()).digest()
    image = Image.new("RGB", (2 * width, 2 * height), paper)
    canvas = ImageDraw.Draw(image)
    ground = readable(colour, WHITE, 2.2)
    for number, tint in enumerate(_TINTS):
        phase, waves, swell = (digits[3 * number + place] / 255 for place in range(3))
        base, rise = (0.30 + 0.22 * number) * 2 * height, (0.10 + 0.12 * swell) * 2 * height
        top = [
            (
                x,
                base
                - rise * math.sin(2 * math.pi * (x / (2 * width) * (0.7 + 0.7 * waves) + phase))
                + rise * 0.25 * math.sin(7 * x / width + 9 * phase),
            )
            for x in range(0, 2 * width + 16, 16)
        ]
        canvas.polygon([*top, (2 * width + 16, 2 * height), (0, 2 * height)], fill=mixed(paper, ground, tint))
    return image.reduce(2)
