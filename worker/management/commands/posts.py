from typing import Any

from django.core.management.base import CommandParser

from worker.management.command import PostlarkCommand, find_blog
from worker.management.shapes import posts_json
from worker.models import Post
from worker.models.posts import LONG_TEXTS


class Command(PostlarkCommand):
    help = "Posts, newest first, with how each stands on every channel."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("blog", nargs="?", help="only this blog (its slug)")

    def act(self, *, blog: str | None, **_: Any) -> tuple[Any, list[str]]:
        posts = Post.objects.select_related("blog").defer(*LONG_TEXTS).order_by("-published_at", "-id")
        if blog:
            posts = posts.filter(blog__slug=find_blog(blog).slug)
        document = posts_json(posts)
        lines = []
        for post in document:
            lines.append(f"{post['id']:>5}  {post['published_at']:%Y-%m-%d}  {post['title']}")
            lines += [f"       {channel:<10} {state['state']:<10} {state['reason']}" for channel, state in post["channels"].items()]
        return document, lines or ["No posts yet. `postlark poll` looks at the feed now."]
