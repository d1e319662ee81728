"""What one post costs on all five channels: words, counts, the gate, and the picture fetched, checked, scaled and kept.

    python -m benchmarks.render [--rounds 9]

Twice: with a photograph of 2,400 by 1,600 pixels from a web site on loopback, and with cards in its place. CPU of this
process only, nothing remembered from one round to the next; the median.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from itertools import count

from PIL import Image

REACH = 250
CHANNELS = ("email", "facebook", "twitter", "pinterest", "linkedin")
NUMBERS = count(1)
TEXT = "".join(
    f"<h2>Part {part}</h2><p>{'School can be exciting for some, and a source of worry for others. ' * 8}</p>" for part in range(12)
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9, help="how many posts of each kind (9)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="postlark-render-") as folder, site(photograph()) as address:
        os.environ |= {"POSTLARK_DATA": folder, "POSTLARK_BLOGS": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        for kind, took in measure(address, rounds):
            print(f"One post for five channels, {kind}: {took * 1000:.0f} ms CPU (reach: {REACH})")


def measure(address: str, rounds: int) -> Iterator[tuple[str, float]]:
    import django

    django.setup()
    from django.core.management import call_command

    from tests.factories import blog_file, make_blog, make_post
    from worker.render import illustrated

    call_command("migrate", verbosity=0)
    blog, file = make_blog(), blog_file()

    def seconds(image: str) -> float:
        post = make_post(
            blog,
            content=TEXT,
            title=f"Coping with school stress, part {next(NUMBERS)}",
            image=f"{image}?{next(NUMBERS)}" if image else "",
            url=f"https://blog.example/{next(NUMBERS)}/",
        )
        before = time.process_time()
        for channel in CHANNELS:
            illustrated(post, file, channel)
        return time.process_time() - before

    seconds("")  # fonts and templates are read once in a process's life
    yield "with a photograph", statistics.median(seconds(address) for _ in range(rounds))
    yield "with cards", statistics.median(seconds("") for _ in range(rounds))


def photograph() -> bytes:
    """Neither flat nor noise: a blurred field of random colours, with grain."""
    field = Image.effect_noise((60, 40), 90).resize((2400, 1600), Image.Resampling.BICUBIC)
    grain = Image.effect_noise((2400, 1600), 12)
    stream = BytesIO()
    Image.merge("RGB", (field, Image.blend(field, grain, 0.3), grain)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


@contextmanager
def site(picture: bytes) -> Iterator[str]:
    """Where the picture is."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(picture)))
            self.end_headers()
            self.wfile.write(picture)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/photograph.jpg"
        server.shutdown()


if __name__ == "__main__":
    main()
