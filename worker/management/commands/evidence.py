from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker.management import evidence
from worker.management.command import PostlarkCommand, find_post, the_operator
from worker.record.transition import note


class Command(PostlarkCommand):
    help = "One post's pack for a regulator: words, pictures, mail, readers by consent, times, the record, and the check."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("post", help="id, URL or guid")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE.zip", help="where to write it")

    def act(self, *, post: str, out: Path, **_: Any) -> tuple[Any, list[str]]:
        row = find_post(post)
        try:
            files = evidence.write(row, out)
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror or error}.") from None
        note("The evidence was put together.", who=the_operator(), blog=row.blog, post=row)
        document = {"file": str(out), "post": str(row.pk), "files": files, "bytes": out.stat().st_size}
        return document, [
            f"{out}: {files} files about “{row.title}”. Readers stand in it as numbers, never as addresses. README.txt in it says what is what."
        ]
