"""A post as one network shows it: `templates/social/<network>.txt`, fitted to what the network takes.

Only the excerpt gives way, then the title; the link and the disclaimer never, and never words that staff wrote. Hashtags
stand at the end, as many as the room that is left holds.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from worker import channels
from worker.channels.base import Channel, Message
from worker.channels.carrier import mark
from worker.gate.disclaimer import approved
from worker.gate.limits import size
from worker.lib.blogs import BlogFile
from worker.lib.text import one_line
from worker.models import Post
from worker.render.author import author_line
from worker.render.clean import clean
from worker.render.excerpt import excerpt
from worker.render.hashtags import hashtags
from worker.render.images import Shown
from worker.render.links import tagged
from worker.render.own import own_words
from worker.render.rendered import Rendered
from worker.render.sentences import shortened
from worker.render.template import fill, squeezed
from worker.render.words import WORDS

REASONABLE = 120
"""So much of the excerpt must stand beside the full disclaimer, or the short one takes its place."""
_HASHTAG = re.compile(mark(r"(\w+)"))
"""Marked until all else is escaped, since a hashtag on the wire may be markup."""


@dataclass(frozen=True)
class Parts:
    """What a template may name; beside them `lead`, the title as it leads into the excerpt."""

    title: str
    excerpt: str
    author: str
    link: str
    disclaimer: str = ""
    hashtags: str = ""


@dataclass(frozen=True)
class Draft:
    """A text in the making: always the whole template, filled with less and less until it fits."""

    kind: type[Channel]
    colon: str
    parts: Parts

    def saying(self, **parts: str) -> "Draft":
        return replace(self, parts=replace(self.parts, **parts))

    @property
    def text(self) -> str:
        """As it goes over the wire."""
        words = self.kind.escape(squeezed(fill(f"social/{self.kind.slug}.txt", lead=self._lead(), **asdict(self.parts))))
        return _HASHTAG.sub(lambda found: self.kind.hashtag(found[1]), words)

    @property
    def fits(self) -> bool:
        return self.kind.measure(self.text) <= self.kind.limits.text

    def _lead(self) -> str:
        """The title as it leads into the excerpt: behind it a colon, unless it ends in a mark of its own."""
        title = self.parts.title
        return title + self.colon if title and self.parts.excerpt and title[-1] not in ".?!:…»" else title


def social(post: Post, blog: BlogFile, channel: str, text: str | None, image: Shown) -> Rendered:
    kind = channels.find(channel)
    title, words, address = one_line(clean(post.title)), excerpt(post, blog), clean(post.url).strip()
    link = tagged(address, channel) if blog.utm else address
    heading = "" if title.endswith("…") and words.startswith(title[:-1]) else title  # a post without a title was given its first words
    parts = Parts(title=heading, excerpt=words, author=author_line(post, blog), link=link)
    draft = Draft(kind, WORDS[blog.language].colon, parts)
    if text is None:
        made = _ending_in(hashtags(post, blog.hashtags), _best(draft, blog, _give_way))
    else:
        made = _best(draft.saying(excerpt=own_words(text, blog, address, link)), blog, _keep_own)
    wire = made.text
    message = Message(
        text=wire,
        link=link,
        title=_part(title, kind.limits.title, kind),
        description=wire if kind.limits.text_is_description else _part(words, kind.limits.description, kind),
        image=image.address,
        alt=image.alt,
        picture=image.picture,
    )
    return Rendered(message, made.parts.disclaimer, kind.measure(wire), kind.limits.text)


def _best(draft: Draft, blog: BlogFile, adapt: Callable[[Draft], Draft]) -> Draft:
    """With the full disclaimer where that leaves a reasonable excerpt; else with the one that leaves more room.

    The one with the shortest disclaimer when none fits: the gate refuses it, and says by how much.
    """
    drafts = [adapt(draft.saying(disclaimer=words)) for words in approved(blog)]
    if not blog.disclaimer.required or not drafts:
        drafts.append(adapt(draft))
    fitting = [each for each in drafts if each.fits]
    for each in fitting:
        if each.parts.title == draft.parts.title and len(each.parts.excerpt) >= min(REASONABLE, len(draft.parts.excerpt)):
            return each
    carrying = [each for each in fitting if each.parts.disclaimer] or fitting
    return max(carrying, key=_said, default=min(drafts, key=lambda each: each.kind.measure(each.text)))


def _said(draft: Draft) -> int:
    return len(draft.parts.title) + len(draft.parts.excerpt)


def _give_way(draft: Draft) -> Draft:
    bare = draft.saying(excerpt="")
    if bare.fits:
        return draft.saying(excerpt=shortened(draft.parts.excerpt, lambda words: draft.saying(excerpt=words).fits))
    return bare.saying(title=shortened(bare.parts.title, lambda words: bare.saying(title=words).fits, least_words=1))


def _keep_own(draft: Draft) -> Draft:
    return draft if draft.fits else draft.saying(title="")


def _ending_in(tags: list[str], draft: Draft) -> Draft:
    """As many of the hashtags as leave the rest as it is. Staff's own words are given none: they can write their own."""
    for count in range(len(tags), 0, -1):
        longer = draft.saying(hashtags=" ".join(mark(tag) for tag in tags[:count]))
        if longer.fits:
            return longer
    return draft


def _part(words: str, most: int | None, kind: type[Channel]) -> str:
    """A part beside the text, as long as it may be; empty where the network has no such part."""
    return "" if most is None else shortened(words, lambda part: size(part, kind) <= most, least_words=1)
