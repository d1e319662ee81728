from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker import ingest
from worker.deliver import staff
from worker.management.command import PostlarkCommand, find_blog, the_operator


class Command(PostlarkCommand):
    help = "Let nothing more out of a blog, or of one of its channels, until it is resumed."
    change = staticmethod(staff.pause)

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("blog", help="the blog's slug")
        parser.add_argument("channel", nargs="?", help="only this channel")

    def act(self, *, blog: str, channel: str | None, **_: Any) -> tuple[Any, list[str]]:
        file = find_blog(blog)
        if channel is not None and channel not in file.channels:
            raise CommandError(f"The blog {blog} has no channel {channel!r}; it has {', '.join(file.channels)}.")
        sentence = self.change(ingest.blog_row(blog), channel, the_operator())
        return {"blog": blog, "channel": channel, "sentence": sentence}, [sentence]
