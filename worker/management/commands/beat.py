"""`postlark beat`."""

from typing import Any

from celery.app.utils import find_app

from worker.management.process import ProcessCommand, must_have_broker


class Command(ProcessCommand):
    help = "Be the clock until stopped; one for all machines."

    def act(self, *args: Any, **options: Any) -> tuple[None, list[str]]:
        must_have_broker()
        find_app("config.celery").Beat(quiet=True).run()
        return None, []
