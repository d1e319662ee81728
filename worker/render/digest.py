"""A week's or a month's posts as one newsletter: `templates/email/digest/`. Its subject names no post, since a copy may leave out any of them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from worker import gate
from worker.lib.blogs import BlogFile
from worker.lib.text import one_line
from worker.models import Post
from worker.render import sections
from worker.render.author import author_line
from worker.render.clean import clean
from worker.render.email import made
from worker.render.excerpt import excerpt
from worker.render.images import Shown, shown
from worker.render.rendered import Rendered
from worker.render.words import WORDS, spoken_day

_IN_FULL = 12
"""So many posts with their excerpts; the rest by title. Gmail clips a mail at 102 KB: https://github.com/hteumeuleu/email-bugs/issues/41"""


class Item(NamedTuple):
    section: str
    title: str
    link: str
    excerpt: str
    author: str
    in_full: bool


def digest(posts: list[Post], blog: BlogFile, edition: str, day: date, languages: Iterable[str] = ()) -> Rendered:
    """With the picture of the first post, fetched and kept. `languages`: in which it is to be had besides. Raises gate.Refused for what may not leave."""
    image = shown(posts[0], blog, "email")
    made = _in_one_language(posts, blog, edition, day, image)
    others = {each: _in_one_language(posts, blog.in_language(each), edition, day, image) for each in languages}
    return replace(made, translations=others)


def _in_one_language(posts: list[Post], blog: BlogFile, edition: str, day: date, image: Shown) -> Rendered:
    words = WORDS[blog.language]
    items = [_item(post, blog, in_full=number < _IN_FULL) for number, post in enumerate(posts)]
    heading = words.of_the[edition]
    values: dict[str, Any] = {"title": heading, "heading": heading, "day": spoken_day(day, blog.language), "items": items}
    mail = replace(made("digest", blog, items[0].link, image, values), picture=image.name, note=image.note)
    gate.check(mail.message, blog, "email")
    return mail


def _item(post: Post, blog: BlogFile, *, in_full: bool) -> Item:
    title = one_line(clean(post.title)) or WORDS[blog.language].new_post.format(blog=blog.name)
    return Item(
        section=sections.of_post(post.pk),
        title=title,
        link=clean(post.url).strip(),
        excerpt=excerpt(post, blog) if in_full else "",
        author=author_line(post, blog) if in_full else "",
        in_full=in_full,
    )
