from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from worker import ingest, newsletter
from worker.deliver.plan import plan
from worker.deliver.reconcile import reconcile
from worker.deliver.send import send
from worker.deliver.sweep import deliveries_due, looks_due, posts_to_plan, sweep
from worker.lib.blogs import blogs
from worker.management.command import PostlarkCommand, find_blog
from worker.management.shapes import deliveries_json
from worker.models import Delivery, Event


class Command(PostlarkCommand):
    help = "Look at the feeds, hand over everything that is due, say what happened, and end. For cron; needs no broker."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("blog", nargs="?", help="look only at this blog (its slug)")

    def act(self, *, blog: str | None, **_: Any) -> tuple[Any, list[str]]:
        began = timezone.now()
        looked = [f"{slug}: {ingest.look(slug).sentence}" for slug in ([find_blog(blog).slug] if blog else blogs())]
        sweep()
        while _one_round(blog):
            pass
        touched = Delivery.objects.filter(pk__in=Event.objects.filter(at__gte=began, delivery__isnull=False).values("delivery"))
        document = deliveries_json(touched.select_related("blog", "post").order_by("-id"))
        return document, looked + [f"{row['channel']:<10} {row['post']['title']}: {row['reason']}" for row in document]


def _one_round(blog: str | None) -> bool:
    """Everything due now, once; True when there was anything. What a round puts off is due later, so rounds end."""
    del blog
    rounds = [(plan, posts_to_plan()), (send, deliveries_due()), (newsletter.hand_over, newsletter.due_batches()), (reconcile, looks_due())]
    for act, ids in rounds:
        for each in ids:
            act(each)
    return any(ids for _, ids in rounds)
