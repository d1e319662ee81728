"""The picture of a post on one channel: the blog's own where one can be used, else a card with the title. Kept as a file.

Nothing about a picture can keep a post back: whatever is wrong with it becomes a note, and the card takes its place. A mail
goes without a picture instead, since it shows the title anyway.
"""

import time
from dataclasses import dataclass
from functools import lru_cache, partial

from PIL.Image import Image

from worker.channels import find
from worker.channels.base import Channel, Picture, PictureRules
from worker.gate.limits import size
from worker.lib import http
from worker.lib.blogs import BlogFile
from worker.lib.text import one_line
from worker.models import Post
from worker.render.cards import card
from worker.render.choice import Candidate, candidates
from worker.render.clean import clean
from worker.render.keep import keep, kept
from worker.render.photo import Unusable, compressed, encoded, opened, scaled, size_in
from worker.render.sentences import shortened

MOST_TRIED = 3
MOST_BYTES = 15_000_000
SECONDS = 8.0


@dataclass(frozen=True)
class Shown:
    """`picture` and its `name` as a kept file; `address`: where it comes from, empty for a card. `note`: what staff should know."""

    picture: Picture | None = None
    name: str = ""
    address: str = ""
    alt: str = ""
    note: str = ""


def words_only(post: Post, channel: str) -> Shown:
    """The picture's address and description, nothing fetched."""
    best = next(iter(candidates(post)), None)
    return Shown(address=best.address, alt=_alt(best.alt, post, find(channel))) if best else Shown()


def shown(post: Post, blog: BlogFile, channel: str) -> Shown:
    """Fetched or drawn, made ready for the channel, and kept. Only the address where the channel takes no picture as bytes."""
    kind = find(channel)
    if kind.picture is None:
        return words_only(post, channel)
    troubles = []
    for each in candidates(post)[:MOST_TRIED]:
        try:
            picture = _photo(each, kind.picture, blog)
        except Unusable as unusable:
            troubles.append(unusable.sentence)
        else:
            return Shown(picture, keep(picture), each.address, _alt(each.alt, post, kind))
    trouble = f"The blog’s picture {troubles[0]}." if troubles else "The post has no picture."
    if channel == "email":
        return Shown(note=f"{trouble} The mail goes without one." if troubles else "")
    picture = _card(post, blog, kind.picture)
    return Shown(picture, keep(picture), alt=_alt("", post, kind), note=f"{trouble} A card with the title takes its place.")


def again(name: str, post: Post, blog: BlogFile, channel: str) -> tuple[str, Picture]:
    """The kept picture of that name; on a machine that lacks it, made anew from the same source, else the card, under the name it now has."""
    there = kept(name)
    if there is None:
        rules = find(channel).picture
        assert rules is not None, "only a channel that takes pictures has kept one"
        there = shown(post, blog, channel).picture or _card(post, blog, rules)
        name = keep(there)
    return name, there


def _card(post: Post, blog: BlogFile, rules: PictureRules) -> Picture:
    return card(one_line(clean(post.title)), one_line(clean(post.author)), blog, rules)


def _photo(candidate: Candidate, rules: PictureRules, blog: BlogFile) -> Picture:
    asked = (candidate.address, blog.allow_private_addresses, int(time.monotonic() / 60))
    seen = _seen(*asked)
    if isinstance(seen, str):
        raise Unusable(seen)
    size = size_in(seen, rules)
    return encoded(_scaled(*asked, size), rules, partial(_compressed, *asked, size))


@lru_cache(maxsize=8)
def _compressed(address: str, private: bool, minute: int, size: tuple[int, int], media_type: str, quality: int) -> bytes:
    """Once for all channels that take the same."""
    return compressed(_scaled(address, private, minute, size), media_type, quality)


@lru_cache(maxsize=4)
def _scaled(address: str, private: bool, minute: int, size: tuple[int, int]) -> Image:
    """Once for all channels that show it as large as this."""
    seen = _seen(address, private, minute)
    assert not isinstance(seen, str), "it has been seen: its size is known"
    return scaled(seen, size)


@lru_cache(maxsize=2)
def _seen(address: str, private: bool, minute: int) -> Image | str:
    """Asked for once for all channels of a post, and again from the next minute on. Text: why it cannot be used."""
    try:
        answer = http.request("GET", address, timeout=SECONDS, max_bytes=MOST_BYTES, private=private, redirects=3)
        if answer.status != 200:
            return f"is not there (its address answered {answer.status})"
        return opened(answer.body)
    except http.NoAnswer as error:
        return f"did not come: {error.sentence.rstrip('.')}"
    except Unusable as unusable:
        return unusable.sentence


def _alt(words: str, post: Post, kind: type[Channel]) -> str:
    """The title stands in for a description that the blog does not give."""
    most = kind.limits.alt
    return shortened(words or one_line(clean(post.title)), lambda alt: most is None or size(alt, kind) <= most, least_words=1)
