"""F8: what a quiet look costs. Feeds that have not changed (304), against one bare GET of a kept requests.Session.

    python -m benchmarks.poll [--feeds 200] [--rounds 5]

CPU of this process only; the web site runs in another. The whole look is claim, fetch, schedule and rows, on SQLite, many to
a task as the worker does it.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

NOT_CHANGED = (
    b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nDate: Wed, 25 Nov 2026 04:00:00 GMT\r\nServer: site\r\nCache-Control: max-age=60\r\n\r\n'
)
FEED = b'<?xml version="1.0"?><rss version="2.0"><channel><title>Quiet</title><link>https://blog.example/</link></channel></rss>'
WHOLE = b'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Type: application/rss+xml\r\nContent-Length: %d\r\n\r\n%b' % (len(FEED), FEED)
HOSTS = 50


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--feeds", type=int, default=200, help="how many feeds are due (200)")
    parser.add_argument("--rounds", type=int, default=5, help="how often all of them are looked at (5)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="postlark-poll-") as folder, site() as port:
        os.environ |= {"POSTLARK_DATA": folder, "POSTLARK_BLOGS": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        bare, fetching, whole = measure(port, given.feeds, given.rounds)
    print(f"F8 one bare GET of a requests.Session: {bare * 1e6:.0f} us CPU")
    print(f"F8 the fetch alone: {fetching * 1e6:.0f} us CPU, {fetching / bare:.2f} x the bare GET (reach: 1.3)")
    print(f"F8 a quiet look with its rows, {given.feeds} feeds: {whole * 1e3:.2f} ms CPU each (reach: 3)")


def measure(port: int, feeds: int, rounds: int) -> tuple[float, float, float]:
    """Medians of CPU seconds: (bare GET, fetch, whole look)."""
    import django

    django.setup()
    import requests
    from django.core.management import call_command

    from tests.factories import make_blog
    from worker.ingest import look_at
    from worker.ingest.fetch import Validators, fetch
    from worker.lib import clock
    from worker.models import Blog

    call_command("migrate", verbosity=0)
    slugs = [f"quiet-{number}" for number in range(feeds)]
    for number, slug in enumerate(slugs):
        make_blog(slug, feed=f"http://127.0.1.{number % HOSTS + 1}:{port}/{number}/feed/", poll="10m")
    look_at(slugs)
    session, known = requests.Session(), Validators(etag='"a"')
    url = f"http://127.0.1.1:{port}/feed/"

    def quiet_looks() -> None:
        Blog.objects.update(next_look_at=clock.now())
        looked = look_at(slugs, only_if_due=True)
        if len(looked) != feeds or not all(each.good for each in looked.values()):
            raise SystemExit(f"Only {len(looked)} of {feeds} looks were quiet.")

    def times(action: Callable[[], object], number: int) -> float:
        return statistics.median(cpu(action, number) for _ in range(rounds))

    return (
        times(lambda: session.get(url, headers={"If-None-Match": '"a"'}), 200),
        times(lambda: fetch(url, known, private=True, now=clock.now()), 200),
        times(quiet_looks, 1) / feeds,
    )


def cpu(action: Callable[[], object], number: int) -> float:
    before = time.process_time()
    for _ in range(number):
        action()
    return (time.process_time() - before) / number


@contextmanager
def site() -> Iterator[int]:
    """A web site in a process of its own. Yields its port, the same on all of 127.0.0.0/8."""
    with subprocess.Popen([sys.executable, "-m", "benchmarks.poll", "site"], stdout=subprocess.PIPE, text=True, cwd=HERE) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


HERE = Path(__file__).resolve().parent.parent


def serve() -> None:
    """Every feed once in full, then never changed."""
    with socket.create_server(("0.0.0.0", 0), backlog=500) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            line, _ = listener.accept()
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=answer, args=(line,), daemon=True).start()


def answer(line: socket.socket) -> None:
    waiting = b""
    with line:
        while piece := line.recv(65536):
            waiting += piece
            while b"\r\n\r\n" in waiting:
                request, _, waiting = waiting.partition(b"\r\n\r\n")
                line.sendall(NOT_CHANGED if b"if-none-match" in request.lower() else WHOLE)


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["site"] else main()
