"""From a post to what each channel says."""

from collections.abc import Iterable
from dataclasses import replace

from worker import gate
from worker.lib.blogs import BlogFile
from worker.models import Post
from worker.render.digest import digest
from worker.render.email import email
from worker.render.images import Shown, shown, words_only
from worker.render.rendered import Rendered
from worker.render.social import social

__all__ = ["Rendered", "digest", "illustrated", "render"]


def illustrated(post: Post, blog: BlogFile, channel: str, *, text: str | None = None, languages: Iterable[str] = ()) -> Rendered:
    """As `render`, with the picture fetched or drawn, and kept: exactly what would leave. `languages`: in which a mail is to be had besides."""
    picture = shown(post, blog, channel)
    made = render(post, blog, channel, text=text, picture=picture)
    others = {each: render(post, blog.in_language(each), channel, text=text, picture=picture) for each in languages}
    return replace(made, translations=others)


def render(post: Post, blog: BlogFile, channel: str, *, text: str | None = None, picture: Shown | None = None) -> Rendered:
    """What the channel would say about the post; `text`: staff's own words in place of the excerpt. Fetches nothing.

    Raises gate.Refused for what may not leave: no approved disclaimer, more than the network takes, no link, no picture.
    """
    seen = picture or words_only(post, channel)
    made = email(post, blog, text, seen) if channel == "email" else social(post, blog, channel, text, seen)
    made = replace(made, picture=seen.name, note=seen.note)
    gate.check(made.message, blog, channel)
    return made
