from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker.deliver import staff
from worker.deliver.issue_again import test_issue
from worker.deliver.send import send
from worker.lib.refused import Refused
from worker.management.command import PostlarkCommand, find_delivery, find_post, post_or_issue, the_operator
from worker.management.shapes import deliveries_json


class Command(PostlarkCommand):
    help = "Send a marked test copy of a post's newsletter, or of a digest, to one address of your own."

    def arguments(self, parser: CommandParser) -> None:
        post_or_issue(parser)
        parser.add_argument("--channel", default="email", choices=["email"])
        parser.add_argument("--to", required=True, metavar="ADDRESS")

    def act(self, *, post: str | None, issue: str | None, to: str, **_: Any) -> tuple[Any, list[str]]:
        try:
            if issue:
                delivery = test_issue(find_delivery(issue), to, the_operator())
            else:
                delivery = staff.test(find_post(post or ""), to, the_operator())
        except Refused as refused:
            raise CommandError(str(refused)) from None
        send(delivery.pk)
        delivery = find_delivery(str(delivery.pk))
        if delivery.state not in ("sent", "pending"):
            raise CommandError(delivery.reason)
        return deliveries_json([delivery])[0], [delivery.reason]
