"""What else the blog has said before."""

from typing import NamedTuple

from django.db.models import Q

from worker.gate.link import is_web
from worker.lib.blogs import BlogFile
from worker.lib.text import one_line
from worker.models import Post
from worker.render.clean import clean
from worker.render.excerpt import excerpt
from worker.render.sentences import shortened

LONGEST = 160


class Related(NamedTuple):
    title: str
    link: str
    excerpt: str


def related(post: Post, blog: BlogFile, most: int) -> list[Related]:
    """The newest posts before this one, each with its first sentence or so."""
    earlier = Q(published_at__lt=post.published_at) | Q(published_at=post.published_at, pk__lt=post.pk)
    others = (
        Post.objects.filter(earlier, blog_id=post.blog_id)
        .exclude(origin__in=[Post.Origin.UNSURE, Post.Origin.SAME])
        .order_by("-published_at", "-pk")
    )
    return [
        Related(one_line(clean(each.title)), each.url, shortened(excerpt(each, blog), lambda text: len(text) <= LONGEST, enough=0))
        for each in others[:most]
        if is_web(each.url)
    ]
