from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import IntegrityError, transaction

from worker.deliver.restored import make_safe
from worker.management import archive
from worker.management.command import PostlarkCommand, the_operator
from worker.record.transition import note


class Command(PostlarkCommand):
    help = "Put a backup into a new, empty database. The copy sends nothing until a person releases it."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="as `postlark backup` wrote it")

    def act(self, *, file: Path, **_: Any) -> tuple[Any, list[str]]:
        try:
            with archive.opened(file) as (manifest, content), transaction.atomic():
                archive.read(manifest, content)
                waiting = make_safe(manifest.made_at, the_operator())
                note(f"Restored from the backup of {manifest.made_at:%Y-%m-%d %H:%M} UTC.", who=the_operator(), data={"waiting": waiting})
        except archive.Unusable as refused:
            raise CommandError(str(refused)) from None
        except IntegrityError as error:
            raise CommandError(f"{file} does not fit together, so nothing was restored: {str(error).splitlines()[0]}.") from None
        lines = [
            f"Restored: {sum(manifest.rows.values())} rows as they stood at {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.",
            _waiting(waiting),
            f"E-mail is paused: whoever left after {manifest.made_at:%Y-%m-%d %H:%M} UTC is on the list again. Take them off, then `postlark resume BLOG email`.",
            "What the next look finds in each feed is held as well: it may have gone out since. Everything after that goes by itself again.",
        ]
        return {"made_at": manifest.made_at, "rows": manifest.rows, "waiting": waiting}, lines


def _waiting(number: int) -> str:
    if not number:
        return "Nothing was under way when it was made."
    return f"{number} {'delivery' if number == 1 else 'deliveries'} that had not ended then may have gone out since: each waits for a person (postlark log)."
