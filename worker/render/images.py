"""The post's picture and the words for who cannot see it."""

from typing import NamedTuple
from urllib.parse import urlsplit

from worker.channels.base import Channel
from worker.gate.limits import size
from worker.gate.link import is_web
from worker.lib.text import one_line
from worker.models import Post
from worker.render.clean import clean
from worker.render.sentences import shortened


class Picture(NamedTuple):
    address: str = ""
    alt: str = ""


def picture(post: Post, kind: type[Channel]) -> Picture:
    """Empty when there is none. The title stands in for a description that the blog does not give."""
    address = clean(post.image).strip()
    if not is_web(address):
        return Picture()
    words, most = one_line(clean(post.image_alt)) or one_line(clean(post.title)), kind.limits.alt
    return Picture(address, shortened(words, lambda alt: most is None or size(alt, kind) <= most, least_words=1))


def is_the_blogs_own(address: str, link: str) -> bool:
    """On the blog's host or below it: a picture in a mail must not tell anybody else who opened it."""
    host, home = (urlsplit(each).hostname or "" for each in (address, link))
    home = home.removeprefix("www.")
    return host == home or host.endswith(f".{home}")
