from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandParser

from worker import alerts, ingest, newsletter, tasks
from worker.connections import check as checking
from worker.deliver import vanished
from worker.deliver.mend import check_connection
from worker.deliver.plan import plan
from worker.deliver.reconcile import reconcile
from worker.deliver.send import send
from worker.deliver.sweep import deliveries_due, looks_due, posts_to_plan
from worker.lib import clock
from worker.lib.blogs import blogs
from worker.management.command import PostlarkCommand, find_blog
from worker.management.shapes import deliveries_json, title_of
from worker.models import Batch, Delivery, Event
from worker.newsletter import confirmation_mail
from worker.newsletter.returns import mailboxes


class Command(PostlarkCommand):
    help = "Look at the feeds, hand over everything that is due, say what happened, and end. For cron; needs no broker."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("blog", nargs="?", help="only this blog (its slug)")

    def act(self, *, blog: str | None, **_: Any) -> tuple[Any, list[str]]:
        began = clock.now()
        slugs = [find_blog(blog).slug] if blog else list(blogs())
        looked = [f"{slug}: {each.sentence}" for slug, each in ingest.look_at(slugs).items()]
        tasks.upkeep()
        for mailbox in mailboxes.due():
            mailboxes.collect(mailbox)
        _hand_over_everything_due(blog)
        touched = Delivery.objects.filter(pk__in=Event.objects.filter(at__gte=began, delivery__isnull=False).values("delivery"))
        document = deliveries_json(touched.select_related("blog", "post", "issue").order_by("-id"))
        return document, looked + [f"{row['channel']:<10} {title_of(row)}: {row['reason']}" for row in document]


def _hand_over_everything_due(blog: str | None) -> None:
    """Round after round, for planning makes deliveries and they make batches; each row once, so that the rounds end."""
    stages: list[tuple[Callable[[int], object], Callable[[str | None], list[int]]]] = [
        (check_connection, checking.due),
        (plan, posts_to_plan),
        (send, deliveries_due),
        (newsletter.hand_over, _batches_due),
        (newsletter.look_up, newsletter.doubts_due),
        (confirmation_mail.send, confirmation_mail.due),
        (reconcile, looks_due),
        (alerts.tell, alerts.due),
        (vanished.look, vanished.due),
    ]
    done: set[tuple[object, int]] = set()
    while todo := [(act, each) for act, due in stages for each in due(blog) if (act, each) not in done]:
        for act, each in todo:
            act(each)
        done.update(todo)


def _batches_due(blog: str | None) -> list[int]:
    due = Batch.objects.filter(pk__in=newsletter.due_batches())
    return list((due.filter(delivery__blog__slug=blog) if blog else due).order_by("id").values_list("pk", flat=True))
