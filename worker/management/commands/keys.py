import secrets
from argparse import SUPPRESS
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from worker.connections.rekey import under_the_newest_key
from worker.lib import clock, keys
from worker.lib.crypto import WrongKey, new_key
from worker.lib.files import draft
from worker.management.command import PostlarkCommand, the_operator
from worker.record.transition import note

RESTART = "Restart Postlark's web and worker processes now, so that all of them sign with the new key."
HOOKS = "Give each blog's web site its new publish hook within 60 days (postlark blogs shows it)."
FROM_OUTSIDE = {
    "POSTLARK_KEYS": "POSTLARK_KEYS comes from the environment: put a new key (openssl rand -base64 32) in front of those that stand there, with a space between, restart every process, then run this again.",
    "SECRET_KEY": "SECRET_KEY comes from the environment: set ADDRESS_KEY to what ADDRESS_KEY is, or else to what SECRET_KEY is now, and never change it; put the SECRET_KEY of now into SECRET_KEY_FALLBACKS for 60 days; set SECRET_KEY to a new one (openssl rand -base64 48); restart every process.",
}


class Command(PostlarkCommand):
    help = "Make new encryption and signing keys. What the old ones closed still opens; their links hold for 60 days."

    def arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="rotate")
        rotate = verbs.add_parser("rotate", help="new keys in front of the old ones; where the environment gives them, what to put where")
        rotate.add_argument("--json", action="store_true", default=SUPPRESS, help="one JSON document on stdout, nothing else")

    def act(self, **_: Any) -> tuple[Any, list[str]]:
        """No key is ever printed."""
        rotated, to_do = [], []
        if settings.KEPT_POSTLARK_KEYS:
            file = settings.KEPT_POSTLARK_KEYS
            _replace(file, f"{new_key()}\n{file.read_text().strip()}\n")
            rotated.append("POSTLARK_KEYS")
        else:
            to_do.append(FROM_OUTSIDE["POSTLARK_KEYS"])
        try:
            count = under_the_newest_key()
        except WrongKey as wrong:
            raise CommandError(str(wrong)) from None
        if settings.KEPT_SECRET_KEY:
            file = settings.KEPT_SECRET_KEY
            _replace(file, keys.with_new(file.read_text(), secrets.token_urlsafe(50), clock.now().date()))
            rotated.append("SECRET_KEY")
            to_do += [RESTART, HOOKS]
        else:
            to_do.append(FROM_OUTSIDE["SECRET_KEY"])
        said = [f"New keys: {' and '.join(rotated)}." if rotated else "No key was changed."]
        said.append(f"{count} connection{'' if count == 1 else 's'} encrypted under the newest key.")
        note(" ".join(said), who=the_operator())
        return {"rotated": rotated, "connections": count, "to_do": to_do}, [*said, *to_do]


def _replace(file: Path, text: str) -> None:
    draft(file.parent, text.encode()).replace(file)
