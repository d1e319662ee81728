from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker.lib import clock
from worker.management.command import PostlarkCommand, the_operator
from worker.record.tidy import Removed, tidy


class Command(PostlarkCommand):
    help = "Remove what has served its time; the record itself is kept. The clock does the same once a day."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")

    def act(self, *, dry_run: bool, **_: Any) -> tuple[Any, list[str]]:
        try:
            removed = _everything() if not dry_run else tidy(clock.now(), really=False)
        except OSError as error:
            raise CommandError(f"{error.filename} cannot be removed: {error.strerror}. What went before it is gone.") from None
        verb = "Would remove" if dry_run else "Removed"
        document = {"dry_run": dry_run, "removed": asdict(removed)}
        return document, [f"{verb} {line}." for line in removed.lines] or ["Nothing has served its time yet."]


def _everything() -> Removed:
    """Round after round, until nothing is left."""
    now = clock.now()
    removed = latest = tidy(now, the_operator())
    while latest.unfinished:
        latest = tidy(now, the_operator())
        removed += latest
    return removed
