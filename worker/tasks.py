"""Every Celery task: an id in, one call, no decisions. What a call leaves due, its task rings for.

Messages are doorbells. Losing one costs a sweep's time, getting one twice costs a look at a row.
"""

import logging
from collections.abc import Callable, Iterable

from celery import Task, shared_task
from celery.app.utils import find_app
from django.conf import settings
from kombu.exceptions import OperationalError

from worker import alerts, ingest, newsletter
from worker.connections import check as checking
from worker.deliver import issues, vanished
from worker.deliver import mend as mending
from worker.deliver import plan as planning
from worker.deliver import reconcile as reconciling
from worker.deliver import send as sending
from worker.deliver import sweep as sweeping
from worker.ingest import compare as comparing
from worker.ingest import websub
from worker.ingest.health import notice_silence
from worker.lib import clock
from worker.lib.log import carry_on
from worker.newsletter import confirmation_mail as asking
from worker.newsletter import lapse, sign_up
from worker.newsletter.returns import mailboxes
from worker.record.seal import seal
from worker.record.tidy import tidy_if_due

log = logging.getLogger(__name__)


def ring(task: Task, ids: Iterable[int | str | list[str]]) -> None:
    """Ask a worker to come at once. A broker in trouble is only noted: the rows are written, and the sweep finds them."""
    if not settings.BROKER_URL:
        return
    find_app("config.celery")  # in the web and in commands nobody has loaded it; without, Celery would ring at a default address
    for each in ids:
        try:
            task.apply_async((each,), retry=False)
        except OperationalError as error:
            log.warning(
                "broker does not answer; the sweep will find it", extra={"task": task.name, "id": each, "error": type(error).__name__}
            )
            return


@shared_task
def look(slug: str) -> None:
    ring(plan, ingest.look(slug).posts)


@shared_task
def look_if_due(slugs: list[str]) -> None:
    """Many at a time: most find nothing new."""
    ring(plan, [post for looked in ingest.look_at(slugs, only_if_due=True).values() for post in looked.posts])


@shared_task
def compare(slug: str) -> None:
    comparing.compare(slug)


@shared_task
def ask_hub(hub_id: int) -> None:
    websub.ask(hub_id)


@shared_task
def plan(post_id: int) -> None:
    ring(send, planning.plan(post_id))


@shared_task
def send(delivery_id: int) -> None:
    ring(send, sending.send(delivery_id))
    ring(hand_over, newsletter.due_batches(delivery_id))


@shared_task
def hand_over(batch_id: int) -> None:
    if newsletter.hand_over(batch_id):
        ring(hand_over, newsletter.due_batches())


@shared_task
def look_up(batch_id: int) -> None:
    newsletter.look_up(batch_id)


@shared_task
def confirmation_mail(confirmation_id: int) -> None:
    asking.send(confirmation_id)


@shared_task
def collect(mailbox: str) -> None:
    mailboxes.collect(mailbox)


@shared_task
def reconcile(delivery_id: int) -> None:
    ring(send, reconciling.reconcile(delivery_id))


@shared_task
def look_at_page(post_id: int) -> None:
    vanished.look(post_id)


@shared_task
def check_connection(connection_id: int) -> None:
    mending.check_connection(connection_id)


@shared_task
def alert(blog_id: int) -> None:
    alerts.tell(blog_id)


@shared_task
def tick() -> None:
    """Once every SWEEP: upkeep, then a ring for everything that is due. What is wrong with one row keeps no other waiting."""
    try:
        upkeep()
    finally:
        _ring_for_all_that_is_due()


def _ring_for_all_that_is_due() -> None:
    ring(look_if_due, ingest.due())
    ring(ask_hub, websub.due())
    ring(compare, comparing.due())
    ring(plan, sweeping.posts_to_plan())
    ring(send, sweeping.deliveries_due())
    ring(hand_over, newsletter.due_batches())
    ring(look_up, newsletter.doubts_due())
    ring(confirmation_mail, asking.due())
    ring(collect, mailboxes.due())
    ring(reconcile, sweeping.looks_due())
    ring(check_connection, checking.due())
    ring(alert, alerts.due())
    ring(look_at_page, vanished.due())


def upkeep() -> None:
    """Give back what the dead held, and notice what only the passing of time brings."""
    now = clock.now()
    steps: tuple[Callable[[], object], ...] = (
        sweeping.sweep,
        lambda: issues.open_coming(now),
        newsletter.sweep,
        notice_silence,
        lapse.tell,
        sign_up.drop_old,
        lambda: alerts.notice(now),
        lambda: seal(now),
        lambda: tidy_if_due(now),
    )
    for step in steps:
        with carry_on("upkeep"):
            step()
