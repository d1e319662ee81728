from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker import newsletter, tasks
from worker.deliver import staff
from worker.lib.refused import Refused
from worker.management.command import PostlarkCommand, find_delivery, the_operator
from worker.management.shapes import deliveries_json


class Command(PostlarkCommand):
    help = "Say what became of a delivery whose answer was lost: it is there, or it is not."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("delivery", help="id, as `postlark log` shows it")
        answer = parser.add_mutually_exclusive_group(required=True)
        answer.add_argument("--sent", nargs="?", const="", metavar="URL", help="it is there (at URL)")
        answer.add_argument("--not-sent", action="store_true", help="it is not there: it goes out again")
        whom = parser.add_mutually_exclusive_group()
        whom.add_argument("--recipient", metavar="ADDRESS", help="e-mail: only this reader")
        whom.add_argument("--all-unknown", action="store_true", help="e-mail: everybody in doubt")

    def act(self, *, delivery: str, sent: str | None, recipient: str | None, all_unknown: bool, **_: Any) -> tuple[Any, list[str]]:
        row = find_delivery(delivery)
        by_reader = row.channel == "email" and row.occasion != "test"
        if by_reader and not recipient and not all_unknown:
            raise CommandError("An e-mail is settled reader by reader: add --recipient ADDRESS, or --all-unknown for everybody in doubt.")
        if not by_reader and (recipient or all_unknown):
            raise CommandError("--recipient and --all-unknown are for newsletters; this delivery has no readers to settle one by one.")
        try:
            staff.settle(row, the_operator(), sent=sent is not None, url=sent or "", recipients=[recipient] if recipient else None)
        except Refused as refused:
            raise CommandError(str(refused)) from None
        row.refresh_from_db()
        tasks.ring(tasks.send, [row.pk])
        tasks.ring(tasks.hand_over, newsletter.due_batches(row.pk))
        return deliveries_json([row])[0], [f"Delivery {row.pk}: {row.get_state_display()}. {row.reason}"]
