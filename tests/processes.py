"""Real processes for tests: a Valkey, and an installation of Postlark in a folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import SystemRandom
from types import TracebackType
from typing import Any

import redis

from worker.management.broker import private_broker

ROOT = Path(__file__).resolve().parent.parent


class Valkey:
    """The broker that `postlark up` uses, in hand: it can be killed, started again and emptied."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Valkey":
        self._command, self.url = self._stack.enter_context(private_broker(self._folder))
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()
        self._stack.close()

    @property
    def client(self) -> "redis.Redis":
        return redis.Redis(unix_socket_path=self.url.removeprefix("redis+socket://"))

    def start(self) -> None:
        self._process = subprocess.Popen(self._command)
        until(self._answers, "Valkey answers")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        client = self.client
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


class Installation:
    """Postlark in a data folder and a blogs folder of its own, run as real processes."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.data = folder / "data"
        self.blogs = folder / "blogs"
        self.blogs.mkdir(parents=True, exist_ok=True)
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(
                ("POSTLARK_", "EMAIL_URL", "BROKER_URL", "DATABASE_URL", "SECRET_KEY", "PUBLIC_URL", "LISTEN", "DJANGO_")
            )
        }
        self._begun: list[subprocess.Popen[str]] = []
        self.environment = {**clean, "POSTLARK_DATA": str(self.data), "POSTLARK_BLOGS": str(self.blogs), **environment}
        if environment.get("DATABASE_URL"):
            self.environment.setdefault("SECRET_KEY", "the tests' own key, kept from nobody")
            self.environment.setdefault("POSTLARK_KEYS", "dGhlIHRlc3RzJyBvd24ga2V5LCBmcm9tIG5vYm9keSE=")
        else:
            self.environment.pop("DATABASE_URL", None)

    def run(self, *words: str, seconds: float = 60, given: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
        """`postlark WORDS`, to its end; `given` on its standard input."""
        streams: dict[str, Any] = {"input": given, "capture_output": True, "text": True}
        return subprocess.run(_command(words), env=self.environment | environment, cwd=ROOT, timeout=seconds, check=False, **streams)

    @contextmanager
    def running(self, *words: str, output: Path | None = None, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
        """`postlark WORDS` until the block ends; then SIGTERM, and SIGKILL for whoever does not listen. `output`: where it writes to."""
        with ExitStack() as stack:
            stream: Any = stack.enter_context(output.open("ab")) if output else None
            process = subprocess.Popen(_command(words), env=self.environment | environment, cwd=ROOT, stdout=stream, stderr=stream)
            try:
                yield process
            finally:
                end(process)

    def begin(self, module: str, *words: str, **environment: str) -> "subprocess.Popen[str]":
        """The `main` of a module of the tests, for those that kill it."""
        command = [sys.executable, "-m", "tests.in_django", module, *words]
        process = subprocess.Popen(command, env=self.environment | environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self._begun.append(process)
        return process

    def kill(self) -> None:
        """Whatever it has begun."""
        for process in self._begun:
            with process:
                process.kill()


def _command(words: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "worker.management.postlark", *words]


def end(process: "subprocess.Popen[bytes]", seconds: float = 60) -> int:
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.terminate()
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def until(holds: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """Wait for something outside this process, and return it; an AssertionError that says what never came true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := holds():
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds:g} seconds")


def free_port() -> int:
    """Below those that the system gives away by itself: no connection and no other server of the tests gets it before it is used."""
    while True:
        port = SystemRandom().randrange(20_000, 32_000)  # pytest-randomly gives every process the same other chance
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def alive_in(data: Path) -> list[int]:
    """Processes that name this data folder in their environment or on their command line: what a stop must not leave. Linux only."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _names(entry, data)]


def _names(entry: Path, data: Path) -> bool:
    try:
        # A Valkey overwrites its environment with its title.
        return f"POSTLARK_DATA={data}\0" in (entry / "environ").read_text(errors="replace") or f"{data}/" in (entry / "cmdline").read_text()
    except OSError:
        return False
