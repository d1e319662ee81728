"""`postlark web`."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.servers.basehttp import get_internal_wsgi_application
from waitress.server import create_server

from worker.management.process import ProcessCommand, exit_on_sigterm, not_listening


class Command(ProcessCommand):
    help = "Serve the console and the public addresses until stopped."

    def act(self, *args: Any, **options: Any) -> tuple[None, list[str]]:
        serve()
        return None, []


def serve() -> None:
    host, port = settings.LISTEN
    try:
        server = create_server(
            get_internal_wsgi_application(),
            host=host,
            port=port,
            threads=6,
            ident="",
            clear_untrusted_proxy_headers=False,  # config/proxies.py does, and knows networks
            asyncore_loop_timeout=30,
        )
    except OSError as error:
        raise CommandError(not_listening(host, port, error)) from None
    exit_on_sigterm()
    server.run()
