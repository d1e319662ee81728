from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker.connections.standing import files_of
from worker.management import outside
from worker.management.command import PostlarkCommand, find_blog, no_blogs


class Command(PostlarkCommand):
    help = "Look at the world outside: feed, mail relay, a test mail to the returns mailbox, each connection by a harmless read, versions near their end."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("blog", nargs="?", help="only this blog (its slug)")

    def act(self, *, blog: str | None, **_: Any) -> tuple[Any, list[str]]:
        findings = [
            finding for file in files_of(find_blog(blog).slug if blog else None) for finding in outside.look_at(file, self.stderr.write)
        ]
        self.wrong = [finding for finding in findings if not finding.ok]
        lines = [f"{'ok   ' if one.ok else 'WRONG'}  {one.blog}, {one.what}: {one.sentence}" for one in findings]
        return [vars(one) for one in findings], lines or [no_blogs()]

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if self.wrong:
            things = "thing is" if len(self.wrong) == 1 else "things are"
            raise CommandError(f"{len(self.wrong)} {things} wrong: {', '.join(f'{one.blog} {one.what}' for one in self.wrong)}.")
