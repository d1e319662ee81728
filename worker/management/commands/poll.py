from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker import ingest
from worker.deliver.plan import plan
from worker.lib.blogs import blogs
from worker.management.command import PostlarkCommand, find_blog, no_blogs
from worker.models import Post


class Command(PostlarkCommand):
    help = "Look at the feeds now, and write down what is to go out."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("blog", nargs="?", help="only this blog (its slug)")

    def handle(self, *args: Any, **options: Any) -> None:
        self.troubles: list[str] = []
        super().handle(*args, **options)
        if self.troubles:
            raise CommandError("\n".join(self.troubles))

    def act(self, *, blog: str | None, **_: Any) -> tuple[Any, list[str]]:
        looked = ingest.look_at([find_blog(blog).slug] if blog else list(blogs()))
        document = [self._told(slug, each) for slug, each in looked.items()]
        lines = []
        for each in document:
            lines += [f"{each['blog']}: {each['sentence']}"] if each["good"] else []
            lines += [f"  {post['id']:>5}  {post['origin']:<9} {post['title']}" for post in each["posts"]]
        return document, lines if document else [no_blogs()]

    def _told(self, slug: str, looked: ingest.Looked) -> dict[str, Any]:
        for post in looked.posts:
            plan(post)
        if not looked.good:
            self.troubles.append(f"{slug}: {looked.sentence}")
        posts = Post.objects.filter(pk__in=looked.posts).order_by("-published_at", "-id").values("id", "guid", "url", "title", "origin")
        return {
            "blog": slug,
            "good": looked.good,
            "sentence": looked.sentence,
            "posts": [{**post, "id": str(post["id"])} for post in posts],
        }
