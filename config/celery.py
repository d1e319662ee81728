"""The Celery app. Why these settings: docs/adr/0002-rows-are-the-queue.md and docs/dependencies.md."""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import beat_embedded_init, setup_logging, task_failure, worker_process_init, worker_ready
from django.conf import settings

from worker.lib.log import DATABASE_IN_TROUBLE
from worker.lib.parent import be_called, die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

log = logging.getLogger(__name__)
LONGEST_TASK = settings.LEASE.total_seconds()

app = Celery("postlark")
app.conf.update(
    broker_url=settings.BROKER_URL or "memory://",
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": max(3600, 2 * LONGEST_TASK),
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 10,
        "socket_connect_timeout": 3,
    },
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    task_serializer="json",
    accept_content=["json"],
    task_annotations={"*": {"throws": DATABASE_IN_TROUBLE}},  # said below, in a sentence instead of a traceback
    task_time_limit=max(60, LONGEST_TASK),
    worker_prefetch_multiplier=1,
    worker_soft_shutdown_timeout=10,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    beat_scheduler="celery.beat:Scheduler",
    beat_max_loop_interval=settings.SWEEP.total_seconds(),
    timezone="UTC",
)
app.autodiscover_tasks(["worker"])
app.set_default()  # for every thread of this process: the web rings from many


@app.on_after_finalize.connect
def schedule(sender: Celery, **_: Any) -> None:
    from config.schedule import SCHEDULE

    sender.conf.beat_schedule = SCHEDULE


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery sets up its own unless somebody answers this signal."""


@task_failure.connect
def say_that_it_waits(sender: Any, exception: Exception, **_: Any) -> None:
    if isinstance(exception, DATABASE_IN_TROUBLE):
        log.error("the database cannot be used; what is due waits, and goes on by itself", extra={"task": sender.name, "error": exception})


@worker_process_init.connect
def leave_no_orphans(**_: Any) -> None:
    die_with_parent()


@beat_embedded_init.connect
def be_the_clock(**_: Any) -> None:
    die_with_parent()
    be_called("clock")


@worker_ready.connect
def sweep_at_once(**_: Any) -> None:
    """What waited while nothing ran need not wait for the clock as well."""
    app.send_task("worker.tasks.tick", retry=False)
