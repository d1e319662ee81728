"""`postlark up`."""

import gc
import os
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from celery.app.utils import find_app
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.urls import get_resolver

from worker.console.sign_in import one_time_link
from worker.lib.blogs import BlogFile, blogs
from worker.management import checks, stand_ins
from worker.management.broker import private_broker
from worker.management.commands.web import serve
from worker.management.commands.worker import work
from worker.management.lock import Taken, only_one
from worker.management.process import ANOTHER_ADDRESS, ProcessCommand, cannot_listen
from worker.management.starter import NotAFeedAddress, starter_file
from worker.management.supervisor import Child, Supervisor, program
from worker.models import Staff

LOCAL_OWNER = "owner@localhost"
WORKER_PATIENCE = 40.0  # a hand-over under way is let finish; the network's answer takes 30 seconds at most
PATIENCE_WITH_SERVED = 30.0


class Command(ProcessCommand):
    help = "Run everything on this machine: web, worker, clock and, unless BROKER_URL is set, a private broker."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--example", action="store_true", help="serve the example blog on this machine as well, when it is watched")
        parser.add_argument("--feed", metavar="URL", help="watch this feed; makes a blog's file for it in the data folder")
        parser.add_argument(
            "--stand-ins", action="store_true", help="run the fake networks of the test suite, connected, and post to them for real"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["feed"]:
            self._start_again_watching(options["feed"])
        if options["stand_ins"] and "POSTLARK_BLOGS" not in os.environ:
            self._start_again_on_stand_ins()
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
            raise CommandError(str(error), returncode=2) from None
        self._say(f"Its settings: {file}")
        self._say(f"Other commands find it with: export POSTLARK_BLOGS={file.parent}")
        _start_again(file.parent)

    def _start_again_on_stand_ins(self) -> None:
        """With rows of its own as well: what only played at being live stays out of the practice's own record."""
        folder = settings.BASE_DIR / "examples" / "stand-ins"
        found_with = f"POSTLARK_BLOGS={folder}"
        if "POSTLARK_DATA" not in os.environ:
            os.environ["POSTLARK_DATA"] = str(settings.POSTLARK_DATA / "stand-ins")
            found_with += f" POSTLARK_DATA={os.environ['POSTLARK_DATA']}"
        self._say(f"Other commands find it with: export {found_with}")
        _start_again(folder, "--example", "--stand-ins")

    def _run(self, **options: Any) -> None:
        served = list(_served(**options))
        with ExitStack() as stack:
            children = list(_children(served, stack))
            wrong = _migrate_and_check()
            wrong.append(cannot_listen(*settings.LISTEN, ANOTHER_ADDRESS))
            wrong += [cannot_listen("127.0.0.1", each.port, f"change the {each.name}'s port in the blog's file.") for each in served]
            if any(wrong):
                raise CommandError("\n".join(filter(None, wrong)))
            if options["stand_ins"]:
                _connect_to_stand_ins()
            link = _sign_in_link()
            connections.close_all()
            gc.collect()
            gc.freeze()  # the children are forked from here, and what is never collected stays shared memory
            Supervisor(children, self._say).run(_page_answers, lambda: self._welcome(link))
        _tidy_database()

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


class Served(NamedTuple):
    """What else is served here, at the address under which the blogs' files look for it."""

    name: str
    module: str
    port: int
    more: tuple[str, ...] = ()


def _served(*, example: bool, stand_ins: bool, **_: Any) -> Iterator[Served]:
    ours = next((blog for slug, blog in blogs().items() if slug.startswith("example")), None)
    if example and ours and (port := _port_on_loopback(ours.feed)):
        yield Served("example blog", "examples.blog", port)
    if stand_ins:
        kept = settings.POSTLARK_DATA / "stand-ins"  # what they were given is there again after a restart
        kept.mkdir(exist_ok=True)
        for slug, port in sorted({(slug, port) for blog in blogs().values() for slug, port in _on_stand_ins(blog)}):
            yield Served(f"stand-in for {slug}", f"tests.fakes.{slug}", port, ("--state", str(kept / f"{slug}.jsonl")))


def _on_stand_ins(blog: BlogFile) -> Iterator[tuple[str, int]]:
    """(channel, port) of what is live at an address on this machine."""
    for slug, options in blog.channels.items():
        if options.mode == "live" and (port := _port_on_loopback(getattr(options, "base_url", ""))):
            yield slug, port


def _connect_to_stand_ins() -> None:
    for blog in blogs().values():
        for slug, _ in _on_stand_ins(blog):
            stand_ins.connect(blog, slug)


def _port_on_loopback(address: str) -> int | None:
    parts = urlsplit(address)
    return parts.port if parts.hostname in ("127.0.0.1", "localhost") else None


def _children(served: Iterable[Served], stack: ExitStack) -> Iterator[Child]:
    """In the order in which they are stopped: first who has work in hand, last who only answers."""
    broker = None
    if not settings.BROKER_URL:
        broker, url = stack.enter_context(private_broker(settings.POSTLARK_DATA))
        os.environ["BROKER_URL"] = settings.BROKER_URL = url
    yield Child("worker", _once_they_answer(served, lambda: work(clock=True, processes=2)), WORKER_PATIENCE)
    yield Child("web", _in_a_sentence(serve))
    if broker:
        yield Child("broker", program(broker, settings.BASE_DIR))
    for name, module, port, more in served:
        yield Child(name, program([sys.executable, "-m", module, "--port", str(port), *more], settings.BASE_DIR))


def _once_they_answer(served: Iterable[Served], main: Callable[[], None]) -> Callable[[], None]:
    """`main` for a child: what asks a stand-in too early is refused, and tries again only minutes later."""

    def run() -> None:
        until = time.monotonic() + PATIENCE_WITH_SERVED
        while time.monotonic() < until and not all(_answers("127.0.0.1", each.port) for each in served):
            time.sleep(0.05)
        main()

    return run


def _migrate_and_check() -> list[str]:
    """The mistakes found. Bringing a new database up to date takes a second; all else is loaded and looked at meanwhile."""
    migration = Child("migration", _in_a_sentence(lambda: call_command("migrate", verbosity=0)))
    migration.start()
    wrong = checks.of_files()
    _load()
    if migration.wait():
        sys.exit(1)  # it has said why
    return [*wrong, *checks.of_database()]


def _in_a_sentence(main: Callable[[], object]) -> Callable[[], None]:
    """`main` for a child: what it refuses is said, not traced."""

    def run() -> None:
        try:
            main()
        except CommandError as error:
            sys.exit(f"{error}")

    return run


def _load() -> None:
    """What the children will need, once for all of them."""
    get_resolver().url_patterns  # noqa: B018  loads every page
    find_app("config.celery").loader.import_default_modules()


def _tidy_database() -> None:
    """SQLite puts its journal away when its last connection is closed in order; those of the pool's processes are not."""
    with suppress(DatabaseError):
        connections[DEFAULT_DB_ALIAS].ensure_connection()
        connections.close_all()


def _page_answers() -> bool:
    return _answers(*settings.LISTEN)


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
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
