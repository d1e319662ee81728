import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker import ingest, tasks
from worker.channels.base import DeliveryError
from worker.connections import connect, trial
from worker.connections.poster import network
from worker.connections.standing import standing
from worker.deliver.mend import mended
from worker.lib import clock
from worker.lib.refused import Refused
from worker.management.command import PostlarkCommand, find_blog, the_operator
from worker.management.shapes import connection_json


class Command(PostlarkCommand):
    help = "Connect a channel of a blog: credentials as JSON on stdin, kept encrypted. Prints account, scopes and expiry."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("blog", help="the blog's slug")
        parser.add_argument("channel", help="twitter, facebook, pinterest, linkedin")

    def act(self, *, blog: str, channel: str, **_: Any) -> tuple[Any, list[str]]:
        file = find_blog(blog)
        if channel not in file.channels:
            raise CommandError(f"The blog {blog} has no channel {channel!r}; it has {', '.join(file.channels)}.")
        now = clock.now()
        try:
            credentials = connect.read_credentials(network(channel), _given())
            row = trial.connect(ingest.blog_row(blog), file, channel, credentials, the_operator(), now)
        except Refused as refused:
            raise CommandError(str(refused)) from None
        except DeliveryError as error:
            raise CommandError(error.sentence) from None
        tasks.ring(tasks.send, mended(row, the_operator()))
        row.refresh_from_db()
        stands = standing(file, channel, row, clock.now())
        lines = [stands.sentence, f"    account  {stands.account or 'not known'}", f"    scopes   {', '.join(stands.scopes) or 'not told'}"]
        lines.append(f"    expires  {stands.expires_at:%Y-%m-%d %H:%M} UTC" if stands.expires_at else "    expires  no end is known")
        return connection_json(stands), [*lines, *(f"    {note}" for note in stands.notes)]


def _given() -> str:
    if sys.stdin.isatty():
        sys.stderr.write("Paste the credentials as JSON, then press Ctrl-D.\n")
    try:
        return sys.stdin.read()
    except UnicodeDecodeError:
        raise Refused("What came is not text.") from None
