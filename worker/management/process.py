"""What the commands share that run until they are stopped."""

import errno
import signal
import socket
import sys
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from worker.management import checks
from worker.management.command import PostlarkCommand


class ProcessCommand(PostlarkCommand):
    """Runs until SIGTERM or SIGINT; prints nothing, so it has no --json. Does not start on an installation with mistakes."""

    def add_arguments(self, parser: CommandParser) -> None:
        self.arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = checks.mistakes()
        if wrong:
            raise CommandError("\n".join(wrong))
        self.act(**options)


def must_have_broker() -> None:
    if not settings.BROKER_URL:
        raise CommandError("BROKER_URL is missing; an example is redis://127.0.0.1:6379/0. On one machine `postlark up` needs none.")


def exit_on_sigterm() -> None:
    """SIGTERM leaves like Ctrl-C does: what is under way is finished, and the exit code is 0."""

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)


def cannot_listen(host: str, port: int, otherwise: str) -> str:
    """The sentence that says why nothing can listen there, and what to do `otherwise`; empty when something can."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return f"{host}:{port} is taken by another program. Stop that one, or {otherwise}"
        return f"Postlark cannot listen on {host}:{port}: {error.strerror}. Instead, {otherwise}"
    return ""


ANOTHER_ADDRESS = "choose another address: LISTEN=127.0.0.1:8001"
