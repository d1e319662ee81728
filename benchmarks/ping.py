"""From a blog's ping to the new post's row, with `postlark up` on one machine.

python -m benchmarks.ping [--rounds 20]
"""

import argparse
import sqlite3
import statistics
import tempfile
import threading
import time
import urllib.request
from contextlib import closing
from pathlib import Path

from benchmarks.announce import PAUSE, embedded
from examples import blog as example
from tests.processes import Installation

REACH = 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20, help="how many posts are published (20)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="postlark-ping-") as folder, example.server(port=0) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        blog = served.RequestHandlerClass.blog
        with embedded(Path(folder), blog) as (here, hook):
            took = sorted(stored(here, hook, blog) for _ in range(rounds))
        served.shutdown()
    p95 = took[max(0, -(-len(took) * 95 // 100) - 1)]
    print(f"ping to post stored, {rounds} posts: p50 {statistics.median(took) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms (reach: {REACH})")


def stored(here: Installation, hook: str, blog: example.Blog) -> float:
    """Seconds from the ping until the post is a row."""
    url = blog.url(blog.publish(f"A walk at {time.time_ns()}", "Going outside helps."))
    began = time.monotonic()
    with urllib.request.urlopen(urllib.request.Request(hook, method="POST", data=b""), timeout=10):
        pass
    with closing(sqlite3.connect(here.data / "postlark.sqlite3", timeout=20)) as rows:
        while not rows.execute("SELECT count(*) FROM worker_post WHERE url = ?", (url,)).fetchone()[0]:
            if time.monotonic() - began > 60:
                raise SystemExit("The post was not stored within a minute.")
            time.sleep(0.002)
    took = time.monotonic() - began
    time.sleep(PAUSE)
    return took


if __name__ == "__main__":
    main()
