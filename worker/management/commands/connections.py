from typing import Any

from django.core.management.base import CommandParser

from worker.connections.standing import files_of, standings
from worker.lib import clock
from worker.management.command import PostlarkCommand, find_blog
from worker.management.shapes import connection_json


class Command(PostlarkCommand):
    help = "The connections to the networks: state, account, expiry, last check. Never a secret."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("blog", nargs="?", help="only this blog (its slug)")

    def act(self, *, blog: str | None, **_: Any) -> tuple[Any, list[str]]:
        found = standings(files_of(find_blog(blog).slug if blog else None), clock.now())
        lines = [f"{one.blog:<16} {one.channel:<10} {one.state:<14} {one.sentence}" for one in found]
        return [connection_json(one) for one in found], lines or ["No blog has a network in its file."]
