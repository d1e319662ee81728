from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker import channels, tasks
from worker.deliver import send, withdraw
from worker.lib.refused import Refused
from worker.management.command import PostlarkCommand, find_post, the_operator
from worker.management.shapes import deliveries_json
from worker.models import Delivery


class Command(PostlarkCommand):
    help = "Take a post down from every network that can, stop what has not gone out, and say what cannot be undone."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("post", help="id, URL or guid")
        parser.add_argument("--reason", required=True, help="kept in the record")

    def act(self, *, post: str, reason: str, **_: Any) -> tuple[Any, list[str]]:
        try:
            steps = withdraw.withdraw(find_post(post), the_operator(), reason)
        except Refused as refused:
            raise CommandError(str(refused)) from None
        done = [step for step in steps if step.fate.may]
        begun = carried_out([step.delivery for step in done])
        left = [
            {"delivery": str(one.delivery.pk), "channel": one.delivery.channel, "sentence": one.fate.says}
            for one in steps
            if not one.fate.may
        ]
        lines = [
            f"Delivery {one['id']}, {channels.find(one['channel']).name}: "
            + (step.fate.says if step.delivery.issue_id or step.is_page else f"{one['state']}. {one['reason']}")
            for one, step in zip(begun, done, strict=True)
        ]
        lines += [f"Cannot be undone: {one['sentence']}" for one in left]
        return {"deliveries": begun, "cannot_be_undone": left}, lines


def carried_out(begun: list[Delivery]) -> list[dict[str, Any]]:
    """Ask the networks at once, here; what must wait is left to the workers. How each stands then."""
    for delivery in begun:
        if delivery.state == Delivery.State.PENDING:
            tasks.ring(tasks.send, send.send(delivery.pk))
        delivery.refresh_from_db()
    tasks.ring(tasks.send, [delivery.pk for delivery in begun if delivery.waits_for == Delivery.WaitsFor.CLOCK])
    return deliveries_json(begun)
