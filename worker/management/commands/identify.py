from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker import tasks
from worker.deliver import answer
from worker.lib.refused import Refused
from worker.management.command import PostlarkCommand, find_post, the_operator


class Command(PostlarkCommand):
    help = "Say whether a post that was held is the same as one that Postlark knows."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("post", help="its id, URL or guid")
        said = parser.add_mutually_exclusive_group(required=True)
        said.add_argument("--same", action="store_true", help="it is the post that it resembles: nothing goes out again")
        said.add_argument("--new", action="store_true", help="it is a new post: it goes out")

    def act(self, *, post: str, same: bool, **_: Any) -> tuple[Any, list[str]]:
        found = find_post(post)
        try:
            due = (answer.is_same if same else answer.is_new)(found, the_operator())
        except Refused as refused:
            raise CommandError(str(refused)) from None
        tasks.ring(tasks.send, due)
        other = found.resembles
        document = {"id": str(found.pk), "title": found.title, "same_as": str(other.pk) if same and other else None}
        told = f"is the same as post {other.pk}; nothing of it goes out again" if same and other else "is a new post and goes out"
        return document, [f"Post {found.pk}, “{found.title}”, {told}."]
