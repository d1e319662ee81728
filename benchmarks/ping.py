"""From a blog's ping to the new post's row, with `postlark up` on one machine.

python -m benchmarks.ping [--rounds 20]
"""

import argparse
import statistics
import tempfile
import threading
from pathlib import Path

from benchmarks.announce import embedded, seconds_until
from examples import blog as example

STORED = "SELECT count(*) FROM worker_post WHERE url = ?"
REACH = 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20, help="how many posts are published (20)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="postlark-ping-") as folder, example.server(port=0) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        blog = served.RequestHandlerClass.blog
        with embedded(Path(folder), blog) as (here, hook):
            took = sorted(seconds_until(here, hook, blog, STORED, 1) for _ in range(rounds))
        served.shutdown()
    p95 = took[max(0, -(-len(took) * 95 // 100) - 1)]
    print(f"ping to post stored, {rounds} posts: p50 {statistics.median(took) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms (reach: {REACH})")


if __name__ == "__main__":
    main()
