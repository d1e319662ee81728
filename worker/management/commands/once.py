import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Count

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

PATIENCE = timedelta(minutes=1)


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
        while _waits_for_the_relay(blog) and _hand_over_everything_due(blog):
            pass
        touched = Delivery.objects.filter(pk__in=Event.objects.filter(at__gte=began, delivery__isnull=False).values("delivery"))
        document = deliveries_json(touched.select_related("blog", "post", "issue").order_by("-id"))
        return document, looked + [f"{row['channel']:<10} {title_of(row)}: {row['reason']}" for row in document]


_Due = Callable[[str | None], Iterable[tuple[int, int]]]
"""Of every blog or of one: the rows that are due, and how far each has got."""


def _hand_over_everything_due(blog: str | None) -> bool:
    """Round after round, for planning makes deliveries and they make batches. A row comes again only once it has got further, so that the rounds end.

    False: nothing was due.
    """
    stages: list[tuple[Callable[[int], object], _Due]] = [
        (check_connection, _once_each(checking.due)),
        (plan, _once_each(posts_to_plan)),
        (send, _deliveries_due),
        (newsletter.hand_over, _batches_due),
        (newsletter.look_up, _once_each(newsletter.doubts_due)),
        (confirmation_mail.send, _once_each(confirmation_mail.due)),
        (reconcile, _once_each(looks_due)),
        (alerts.tell, _once_each(alerts.due)),
        (vanished.look, _once_each(vanished.due)),
    ]
    done: set[tuple[object, tuple[int, int]]] = set()
    while todo := [(act, each) for act, due in stages for each in due(blog) if (act, each) not in done]:
        for act, each in todo:
            act(each[0])
        done.update(todo)
    return bool(done)


def _once_each(due: Callable[[str | None], list[int]]) -> _Due:
    return lambda blog: [(each, 0) for each in due(blog)]


def _deliveries_due(blog: str | None) -> Iterable[tuple[int, int]]:
    """A long list takes several turns until all its readers are written down."""
    written = Delivery.objects.annotate(written=Count("recipients")).values_list("pk", "written")
    due = deliveries_due(blog)
    return sorted(written.filter(pk__in=due), key=lambda each: due.index(each[0]))


def _batches_due(blog: str | None) -> Iterable[tuple[int, int]]:
    """A relay's pace lets only so many of those who wait go in one turn."""
    due = Batch.objects.filter(pk__in=newsletter.due_batches())
    return (due.filter(delivery__blog__slug=blog) if blog else due).order_by("id").values_list("pk", "waiting")


def _waits_for_the_relay(blog: str | None) -> bool:
    """Its pace alone is no reason to leave readers to the next run, if its next slot comes soon. False: nobody waits for that."""
    at = newsletter.next_slot(blog)
    if at is None:
        return bool(_batches_due(blog))  # it came as the last round ended
    if at - clock.now() > PATIENCE:
        return False
    time.sleep(max(0.0, (at - clock.now()).total_seconds()))
    return True
