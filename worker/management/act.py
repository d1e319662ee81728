"""What hold, release and cancel share: a delivery, a reason, and one line of what changed."""

from abc import abstractmethod
from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker import tasks
from worker.lib.refused import Refused
from worker.management.command import PostlarkCommand, find_delivery, the_operator
from worker.management.shapes import deliveries_json
from worker.models import Delivery


class ActCommand(PostlarkCommand):
    @abstractmethod
    def change(self, delivery: Delivery, who: str, because: str) -> None:
        """Raises Refused."""

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("delivery", help="id, as `postlark log` shows it")
        parser.add_argument("--reason", required=True, help="kept in the record")

    def act(self, *, delivery: str, reason: str, **_: Any) -> tuple[Any, list[str]]:
        row = find_delivery(delivery)
        try:
            self.change(row, the_operator(), reason)
        except Refused as refused:
            raise CommandError(str(refused)) from None
        if row.waits_for == Delivery.WaitsFor.CLOCK:
            tasks.ring(tasks.send, [row.pk])
        return deliveries_json([row])[0], [f"Delivery {row.pk}: {row.get_state_display()}. {row.reason}"]
