"""`postlark worker`."""

import gc
import logging
import os
import signal
import sys
import warnings
from argparse import ArgumentTypeError
from threading import Thread
from typing import Any

from celery.app.utils import find_app
from celery.platforms import SecurityWarning
from celery.signals import worker_ready
from celery.worker import state
from django.core.management.base import CommandParser

from worker.management.process import ProcessCommand, must_have_broker

log = logging.getLogger(__name__)


class Command(ProcessCommand):
    help = "Run the tasks until stopped; start as many as you like, on as many machines."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clock", action="store_true", help="be the clock as well; then no `postlark beat` may run")
        parser.add_argument("--processes", type=_several, default=2, help="how many tasks run at once (2)")

    def act(self, *args: Any, **options: Any) -> tuple[None, list[str]]:
        must_have_broker()
        work(clock=options["clock"], processes=options["processes"])
        return None, []


def _several(said: str) -> int:
    if not said.isdecimal() or not 1 <= int(said) <= 1000:
        raise ArgumentTypeError(f"{said!r} is not a number from 1 to 1000")
    return int(said)


def work(*, clock: bool, processes: int) -> None:
    # It warns of root because pickled messages could then do anything; config/celery.py accepts JSON only.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker = find_app("config.celery").Worker(
        pool="prefork",
        concurrency=processes,
        beat=clock,
        quiet=True,
        # Nobody watches Celery's own events: what happened stands in rows.
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    if clock:
        worker_ready.connect(lambda **_: Thread(target=_end_with_its_clock, args=(worker,), daemon=True).start(), weak=False)
    gc.collect()
    gc.freeze()  # the pool is forked from here, and what is never collected stays shared memory
    worker.start()
    sys.exit(worker.exitcode)


def _end_with_its_clock(worker: Any) -> None:
    """The clock is a process of its own, which Celery does not look after: without it nothing would come due any more, in a worker that seems well."""
    worker.beat.join()
    if state.should_stop is None:
        log.error("the clock has ended, so the worker ends too; whoever started it starts it again")
        os.kill(os.getpid(), signal.SIGTERM)
