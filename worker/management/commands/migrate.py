"""`postlark migrate`."""

import json
from argparse import SUPPRESS
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import DatabaseError

from worker.lib.database import described, newer, no_room, unapplied
from worker.management.command import PostlarkCommand


class Command(PostlarkCommand, migrate.Command):
    """Django's own command, said in one sentence. It takes Django's options still: its test runner calls it by name."""

    help = "Bring the database up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        migrate.Command.add_arguments(self, parser)
        for action in parser._actions:
            if action.dest != "help":
                action.help = SUPPRESS
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            steps = self._bring_up_to_date(*args, **options)
        except DatabaseError as error:
            said = _words(error)
            raise CommandError(no_room(said) or f"The database ({described()}) could not be brought up to date: {said}.") from None
        if options.get("json"):
            self.stdout.write(json.dumps({"applied": steps}))
        elif options["verbosity"]:
            self.stdout.write(f"The database is up to date ({described()}); {len(steps) or 'no'} new step{'s' * (len(steps) != 1)}.")

    def _bring_up_to_date(self, *args: Any, **options: Any) -> list[str]:
        ahead = newer()
        if ahead:
            raise CommandError(
                f"The database ({described()}) was written by a newer Postlark: it has {', '.join(ahead)}. "
                "Install that version again, or restore a backup from before."
            )
        steps = unapplied()
        migrate.Command.handle(self, *args, **options | {"verbosity": 0, "interactive": False})
        return steps


def _words(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
