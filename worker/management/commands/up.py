"""`postlark up`."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import connections

from worker.console.sign_in import one_time_link
from worker.lib.blogs import blog_file, blogs
from worker.management import checks
from worker.management.broker import private_broker
from worker.management.lock import Taken, only_one
from worker.management.process import ProcessCommand, address_in_use
from worker.management.starter import NotAFeedAddress, starter_file
from worker.management.supervisor import Child, Supervisor
from worker.models import Staff

LOCAL_OWNER = "owner@localhost"
STOP_ORDER = ["worker", "web", "broker", "example blog", "noticeboard"]
WORKER_PATIENCE = 40.0  # a hand-over under way is let finish; the network's answer takes 30 seconds at most


class Command(ProcessCommand):
    help = "Run everything on this machine: web, worker, clock and, unless BROKER_URL is set, a private broker."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--example", action="store_true", help="serve the example blog on this machine as well, when it is watched")
        parser.add_argument("--feed", metavar="URL", help="watch this feed; makes a blog's file for it in the data folder")
        parser.add_argument("--stand-ins", action="store_true", help="run the fake network of the test suite, and post to it for real")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["feed"]:
            self._start_again_watching(options["feed"])
        if options["stand_ins"] and "POSTLARK_BLOGS" not in os.environ:
            _start_again(settings.BASE_DIR / "examples" / "stand-ins", "--example", "--stand-ins")
        try:
            with only_one(settings.POSTLARK_DATA / "up.lock"):
                self._run(**options)
        except Taken:
            raise CommandError(
                f"Postlark is running already on {settings.POSTLARK_DATA}. Stop that one first, or set another POSTLARK_DATA."
            ) from None

    def _start_again_watching(self, feed: str) -> None:
        try:
            file = starter_file(settings.POSTLARK_DATA / "blogs", feed)
        except NotAFeedAddress as error:
            raise CommandError(str(error)) from None
        self._say(f"Its settings: {file}")
        self._say(f"Other commands find it with: export POSTLARK_BLOGS={file.parent}")
        _start_again(file.parent)

    def _run(self, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        wrong = checks.mistakes()
        ours = dict(_of_the_test_suite(**options))
        wrong += filter(None, (address_in_use(*address) for address in (settings.LISTEN, *ours.values())))
        if wrong:
            raise CommandError("\n".join(wrong))
        link = _sign_in_link()
        connections.close_all()
        with ExitStack() as stack:
            children = list(_children(ours, stack))
            Supervisor(children, STOP_ORDER, self._say).run(_page_answers, lambda: self._welcome(link))

    def _welcome(self, link: str) -> None:
        self._say(f"Postlark is running: {settings.PUBLIC_URL}/  (Ctrl-C stops it)")
        if link:
            self._say(f"Sign in, once, with this link: {link}")

    def _say(self, line: str) -> None:
        with suppress(BrokenPipeError):
            self.stdout.write(line)
            self.stdout.flush()


def _start_again(folder: Path, *options: str) -> None:
    """With another blogs folder: the settings are read once, when a process starts."""
    os.environ["POSTLARK_BLOGS"] = str(folder)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *_POSTLARK, "up", *options])


_POSTLARK = ["-m", "worker.management.postlark"]


def _of_the_test_suite(*, example: bool, stand_ins: bool, **_: Any) -> Iterator[tuple[str, tuple[str, int]]]:
    """What else is served, and where: each stands at the address under which the blogs' files look for it."""
    blog = blog_file("example")
    if example and blog:
        yield from _on_loopback("example blog", blog.feed)
    if stand_ins:
        boards = [options for blog in blogs().values() for options in blog.channels.values() if options.mode == "live"]
        for address in {getattr(options, "base_url", "") for options in boards}:
            yield from _on_loopback("noticeboard", address)


def _on_loopback(name: str, address: str) -> Iterator[tuple[str, tuple[str, int]]]:
    parts = urlsplit(address)
    if parts.hostname in ("127.0.0.1", "localhost") and parts.port:
        yield name, ("127.0.0.1", parts.port)


def _children(ours: dict[str, tuple[str, int]], stack: ExitStack) -> Iterator[Child]:
    environment = dict(os.environ)
    if not settings.BROKER_URL:
        command, environment["BROKER_URL"] = stack.enter_context(private_broker(settings.POSTLARK_DATA))
        yield Child("broker", command, environment, settings.BASE_DIR)
    modules = {"example blog": "examples.blog", "noticeboard": "tests.fakes.noticeboard"}
    for name, (_, port) in ours.items():
        yield Child(name, [sys.executable, "-m", modules[name], "--port", str(port)], environment, settings.BASE_DIR)
    yield Child("web", [sys.executable, *_POSTLARK, "web"], environment, settings.BASE_DIR)
    yield Child("worker", [sys.executable, *_POSTLARK, "worker", "--clock"], environment, settings.BASE_DIR, WORKER_PATIENCE)


def _page_answers() -> bool:
    try:
        with socket.create_connection(settings.LISTEN, timeout=1):
            return True
    except OSError:
        return False


def _sign_in_link() -> str:
    """For whoever started it. Where others own the place and nobody sits at the screen, none: the output may be kept in a log."""
    owner, _ = Staff.objects.get_or_create(email=LOCAL_OWNER, defaults={"role": Staff.Role.OWNER})
    others = Staff.objects.filter(role=Staff.Role.OWNER, is_active=True).exclude(pk=owner.pk)
    if not owner.is_active or (others.exists() and not sys.stdout.isatty()):
        return ""
    return one_time_link(owner.email)
