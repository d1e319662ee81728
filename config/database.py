"""DATABASE_URL -> Django's DATABASES entry."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from config.env import Env

SQLITE = "postlark.sqlite3"


def database(env: Env, data: Path) -> dict[str, Any]:
    """SQLite in the data folder unless DATABASE_URL names a PostgreSQL."""
    url = env.url("DATABASE_URL", "", ("postgres", "postgresql"))
    return _postgresql(url) if url else _sqlite(data / SQLITE)


def _sqlite(file: Path) -> dict[str, Any]:
    # FULL: a commit that we act on must survive a power cut. IMMEDIATE: two writers wait for each other instead of failing.
    # secure_delete: whoever is erased is no longer in the file either. Debian's SQLite does so by itself, others do not.
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": file,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
        },
    }


def _postgresql(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    socket = options.pop("host", "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": socket or unquote(parts.hostname or ""),
        "PORT": parts.port or "",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"options": "-c synchronous_commit=on", **options},
    }
