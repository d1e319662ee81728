"""A connection was mended: what waited for that goes out by itself."""

from django.db import transaction
from django.db.models import Q

from worker.connections.check import check
from worker.deliver.amended import goes_on
from worker.deliver.claim import State, WaitsFor
from worker.lib import clock
from worker.models import Connection, Delivery
from worker.record.transition import POSTLARK, transition


def check_connection(pk: int) -> None:
    """The daily reading; what an earlier one had stopped goes on when this one went well."""
    if check(pk):
        mended(Connection.objects.select_related("blog").get(pk=pk), POSTLARK)


def mended(connection: Connection, who: str) -> list[int]:
    """Ids of the deliveries that are due now. What a person has paused stays paused."""
    waiting = Q(state=State.PENDING, waits_for=WaitsFor.PERSON)
    with transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(broken="", refusals=0)
        if connection.paused_by or connection.blog.paused_by:
            return []
        rows = Delivery.objects.filter(waiting, blog=connection.blog_id, channel=connection.channel)
        return [
            row.pk
            for row in rows
            if transition(
                row,
                waiting,
                who=who,
                state=State.PENDING,
                waits_for=WaitsFor.CLOCK,
                reason=f"The connection works again. {goes_on(row)}",
                due_at=clock.now(),
            )
        ]
