"""F7: from the ping of a blog that has published to the last of five channels: four networks have the post, and the relay each copy.

    python -m benchmarks.announce [--rounds 20]

Once with `postlark up` and its private broker, once with web and worker on a broker of their own, as on many machines.
"""

import argparse
import json
import sqlite3
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from benchmarks.idle import answers
from examples import blog as example
from tests.fakes.facebook import Facebook
from tests.fakes.linkedin import Linkedin
from tests.fakes.pinterest import Pinterest
from tests.fakes.relay import Relay
from tests.fakes.twitter import Twitter
from tests.processes import Installation, Valkey, free_port, until

EXAMPLE = Path(__file__).resolve().parent.parent / "config" / "blogs" / "example.toml"
SENT = "SELECT count(*) FROM worker_delivery d JOIN worker_post p ON p.id = d.post_id WHERE p.url = ? AND d.state = 'sent'"
TOKEN = "for a stand-in"
STAND_INS = {
    "facebook": (Facebook, "page_access_token"),
    "twitter": (Twitter, "oauth2_access_token"),
    "pinterest": (Pinterest, "access_token"),
    "linkedin": (Linkedin, "access_token"),
}
READERS = "email\n" + "".join(f"reader.{number}@reader.example\n" for number in range(5))
CONSENT = ("--basis", "express", "--obtained", "2026-05-04", "--proof", "a benchmark")
PAUSE = 6.0  # a blog that rings again within 5 s waits its turn: worker/ingest/bell.py


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20, help="how many posts are published (20)")
    rounds = parser.parse_args().rounds
    for name, place, reach in (("embedded", embedded, 1000), ("own broker", own_broker, 500)):
        with tempfile.TemporaryDirectory(prefix="postlark-announce-") as folder, example.server(port=0) as blog:
            threading.Thread(target=blog.serve_forever, daemon=True).start()
            with place(Path(folder), blog.RequestHandlerClass.blog) as (here, hook):
                took = sorted(seconds_until(here, hook, blog.RequestHandlerClass.blog, SENT, 5) for _ in range(rounds))
            blog.shutdown()
        p95 = took[max(0, -(-len(took) * 95 // 100) - 1)]
        print(f"F7 {name:<10} {rounds} posts: p50 {statistics.median(took) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms (reach: {reach})")


def seconds_until(here: Installation, hook: str, blog: example.Blog, count: str, number: int) -> float:
    """From the ping until `count`, a query that is given the new post's address, gives that number."""
    url = blog.url(blog.publish(f"A walk at {time.time_ns()}", "Going outside helps."))
    began = time.monotonic()
    with urllib.request.urlopen(urllib.request.Request(hook, method="POST", data=b""), timeout=10):
        pass
    with closing(sqlite3.connect(here.data / "postlark.sqlite3", timeout=20)) as rows:
        while rows.execute(count, (url,)).fetchone()[0] < number:
            if time.monotonic() - began > 60:
                raise SystemExit(f"Not within a minute: {number} by {count}.")
            time.sleep(0.002)
    took = time.monotonic() - began
    time.sleep(PAUSE)
    return took


@contextmanager
def embedded(folder: Path, blog: example.Blog) -> Iterator[tuple[Installation, str]]:
    with installation(folder, blog) as (here, web), here.running("up", output=folder / "output"):
        yield here, hook_of(here, web)


@contextmanager
def own_broker(folder: Path, blog: example.Blog) -> Iterator[tuple[Installation, str]]:
    with ExitStack() as stack:
        broker = stack.enter_context(Valkey(folder))
        here, web = stack.enter_context(installation(folder, blog, BROKER_URL=broker.url))
        for words in (("worker",), ("beat",), ("web",)):
            stack.enter_context(here.running(*words, output=folder / "output"))
        yield here, hook_of(here, web)


@contextmanager
def installation(folder: Path, blog: example.Blog, **environment: str) -> Iterator[tuple[Installation, str]]:
    """Live on all five, against stand-ins on this machine, for the blog that is served here; it looks by itself only once an hour."""
    with ExitStack() as stack:
        networks = {slug: stack.enter_context(network(token=TOKEN)) for slug, (network, _) in STAND_INS.items()}
        relay = stack.enter_context(Relay())
        address = f"127.0.0.1:{free_port()}"
        here = Installation(
            folder, LISTEN=address, PUBLIC_URL=f"http://{address}", EMAIL_URL=relay.url, POSTLARK_LOG="warning", **environment
        )
        text = (
            EXAMPLE.read_text()
            .replace("http://127.0.0.1:8010", blog.base)
            .replace('poll = "1m"', 'poll = "1h"')
            .replace("backlog = 1\n", "")
        )
        text = text.replace('mode = "rehearsal"', 'mode = "live"')
        for slug, network in networks.items():
            text = text.replace(f"[channels.{slug}]", f'[channels.{slug}]\nbase_url = "{network.url}"')
        (here.blogs / "example.toml").write_text(text)
        (folder / "readers.csv").write_text(READERS)
        done(here, "migrate")
        done(here, "subscribers", "import", "example", str(folder / "readers.csv"), *CONSENT)
        for slug, (_, key) in STAND_INS.items():
            done(here, "connect", "example", slug, given=json.dumps({key: TOKEN}))
        yield here, f"http://{address}"


def done(here: Installation, *words: str, given: str = "") -> None:
    ended = here.run(*words, given=given)
    if ended.returncode:
        raise SystemExit(f"postlark {' '.join(words)}: {ended.stderr or ended.stdout}")


def hook_of(here: Installation, web: str) -> str:
    """The address that the blog rings at, once all is up and the first look is over."""
    until(lambda: answers(f"{web}/healthz"), "the page answers", 60)
    until(
        lambda: "last_good" in (said := here.run("blogs", "--json").stdout) and json.loads(said)[0]["last_good"],
        "the first look is over",
        60,
    )
    hook: str = json.loads(here.run("blogs", "--json").stdout)[0]["publish_hook"]
    return hook


if __name__ == "__main__":
    main()
