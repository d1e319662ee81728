from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker.deliver import staff
from worker.deliver.send import send
from worker.management.command import PostlarkCommand, find_delivery, find_post, the_operator
from worker.management.shapes import deliveries_json


class Command(PostlarkCommand):
    help = "Send a marked test copy of a post's newsletter to one address of your own."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("post", help="id, URL or guid")
        parser.add_argument("--channel", required=True, choices=["email"])
        parser.add_argument("--to", required=True, metavar="ADDRESS")

    def act(self, *, post: str, to: str, **_: Any) -> tuple[Any, list[str]]:
        try:
            delivery = staff.test(find_post(post), to, the_operator())
        except staff.Refused as refused:
            raise CommandError(str(refused)) from None
        send(delivery.pk)
        delivery = find_delivery(str(delivery.pk))
        if delivery.state not in ("sent", "pending"):
            raise CommandError(delivery.reason)
        return deliveries_json([delivery])[0], [delivery.reason]
