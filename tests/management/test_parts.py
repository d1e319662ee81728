"""The parts one by one, as on many machines: web, worker and beat on a broker and a database of their own."""

import threading
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.processes import ROOT, Installation, Valkey, end, free_port, until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

EXAMPLE = (ROOT / "config" / "blogs" / "example.toml").read_text()


class SlowFeed:
    """A feed that answers when it is let; `asked` counts who has come."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = threading.Event()
        feed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                feed.asked += 1
                feed.may_answer.wait(30)
                with suppress(OSError):
                    self.send_error(503)

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> "SlowFeed":
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/feed/"
        return self

    def __exit__(self, *_: object) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def feed() -> Iterator[SlowFeed]:
    with SlowFeed() as feed:
        yield feed


@pytest.fixture
def here(tmp_path, valkey, feed, fresh_database_url) -> Installation:
    here = Installation(tmp_path, BROKER_URL=valkey.url, DATABASE_URL=fresh_database_url, SWEEP="1s", LISTEN=f"127.0.0.1:{free_port()}")
    blog = EXAMPLE.replace("http://127.0.0.1:8010/feed/", feed.address).replace('poll = "1m"', 'poll = "1s"')
    (here.blogs / "example.toml").write_text(blog)
    assert here.run("migrate").returncode == 0
    return here


def test_a_worker_lives_on_when_the_broker_connection_drops_while_a_task_runs(here: Installation, valkey: Valkey, feed: SlowFeed):
    """Why Celery stays at 5.6.3: docs/adr/0003-celery-stays-at-5-6-3.md"""
    with here.running("worker", "--clock", output=here.data.parent / "output") as worker:
        until(lambda: feed.asked, "a task runs", 60)
        client = valkey.client
        client.client_kill_filter(_type="normal", skipme=True)
        client.close()
        asked = feed.asked
        feed.may_answer.set()
        until(lambda: feed.asked > asked or worker.poll() is not None, "the worker takes up the next task", 90)
        assert worker.poll() is None
        assert end(worker) == 0


def test_work_goes_on_by_itself_when_the_broker_was_killed_and_came_back_empty(here: Installation, valkey: Valkey, feed: SlowFeed):
    feed.may_answer.set()
    with here.running("worker"), here.running("beat") as beat:
        until(lambda: feed.asked, "a task runs", 60)
        valkey.kill()
        valkey.start()
        client = valkey.client
        client.flushall()
        client.close()
        asked = feed.asked
        until(lambda: feed.asked > asked + 1, "the feed is looked at again", 60)
        assert end(beat) == 0


def test_the_web_answers_and_leaves_at_sigterm(here: Installation):
    with here.running("web") as web:
        address = f"http://{here.environment['LISTEN']}/healthz"
        until(lambda: _answers(address), "the page answers")
        assert end(web) == 0


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False
