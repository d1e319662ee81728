"""A long list: how long it takes to import, to import again, and to take home; on SQLite, by the commands themselves.

python -m benchmarks.subscribers [--lines 100000]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
BLOG = """
name = "Example"
feed = "http://127.0.0.1:1/feed/"
disclaimer = { full = "Educational only, not therapy." }
channels.email.mode = "rehearsal"
sender = { name = "Example", email = "news@blog.example", mailing_address = "1 Example Street", contact = "416 555 0100" }
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=100_000, help="how many readers (100000)")
    lines = parser.parse_args().lines
    with tempfile.TemporaryDirectory(prefix="postlark-subscribers-") as folder:
        (Path(folder) / "blogs").mkdir()
        (Path(folder) / "blogs" / "example.toml").write_text(BLOG)
        os.environ |= {"POSTLARK_DATA": f"{folder}/data", "POSTLARK_BLOGS": f"{folder}/blogs"}
        file = Path(folder) / "readers.csv"
        file.write_text("email,name,language,topics\n" + "".join(map(_line, range(lines))))
        postlark("migrate")
        basis = ("--basis", "express", "--obtained", "2026-05-04", "--proof", "sign-up sheet")
        print(
            f"A list of {lines:,} imported: {postlark('subscribers', 'import', 'example', str(file), *basis):.1f} s (reach: 30 for 100,000)"
        )
        print(f"The same list once more: {postlark('subscribers', 'import', 'example', str(file), *basis):.1f} s")
        print(f"The list exported: {postlark('subscribers', 'export', 'example'):.1f} s")


def _line(number: int) -> str:
    domain = ("reader.example", "Réader.example", "mail.reader.example")[number % 3]
    return f"Reader.{number}+news@{domain},Reader {number},{'fr' if number % 5 == 0 else ''},{'grief;school' if number % 7 == 0 else ''}\n"


def postlark(*words: str) -> float:
    """Seconds until the command has ended."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "worker.management.postlark", *words], cwd=HERE, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
