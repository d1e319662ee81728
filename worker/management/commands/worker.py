"""`postlark worker`."""

import gc
from typing import Any

from celery.app.utils import find_app
from django.core.management.base import CommandParser

from worker.management.process import ProcessCommand

# Nobody watches Celery's own events here: what happened stands in rows.
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


class Command(ProcessCommand):
    help = "Run the tasks until stopped; start as many as you like, on as many machines."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clock", action="store_true", help="be the clock as well; then no `postlark beat` may run")
        parser.add_argument("--processes", type=int, default=2, help="how many tasks run at once (2)")

    def run(self, *, clock: bool, processes: int, **options: Any) -> None:
        app = find_app("config.celery")
        app.loader.import_default_modules()
        gc.freeze()  # the pool is forked from here: what is loaded now stays shared memory
        app.worker_main(["worker", "--pool", "prefork", "--concurrency", str(processes), *QUIET, *(["--beat"] if clock else [])])
