"""From a post to what each channel says."""

from worker import gate
from worker.lib.blogs import BlogFile
from worker.models import Post
from worker.render.email import email
from worker.render.rendered import Rendered
from worker.render.social import social

__all__ = ["Rendered", "render"]


def render(post: Post, blog: BlogFile, channel: str, *, text: str | None = None) -> Rendered:
    """What the channel would say about the post; `text`: staff's own words in place of the excerpt.

    Raises gate.Refused for what may not leave: no approved disclaimer, more than the network takes, no link, no picture.
    """
    made = email(post, blog, text) if channel == "email" else social(post, blog, channel, text)
    gate.check(made.message, blog, channel)
    return made
