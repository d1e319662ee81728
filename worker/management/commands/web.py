"""`postlark web`."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.servers.basehttp import get_internal_wsgi_application
from waitress.server import create_server

from worker.management.process import ANOTHER_ADDRESS, ProcessCommand, cannot_listen, exit_on_sigterm


class Command(ProcessCommand):
    help = "Serve the console and the public addresses until stopped."

    def act(self, *args: Any, **options: Any) -> tuple[None, list[str]]:
        serve()
        return None, []


def serve() -> None:
    host, port = settings.LISTEN
    if wrong := cannot_listen(host, port, ANOTHER_ADDRESS):
        raise CommandError(wrong)
    server = create_server(
        get_internal_wsgi_application(),
        host=host,
        port=port,
        threads=6,
        ident="",
        clear_untrusted_proxy_headers=False,  # config/proxies.py does, and knows networks
        asyncore_loop_timeout=30,
    )
    exit_on_sigterm()
    server.run()
