"""A blog's file for somebody who has only a feed's address so far."""

import re
import tomllib
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from django.template.loader import render_to_string


class NotAFeedAddress(ValueError):
    """The sentence says why."""


def starter_file(folder: Path, feed: str) -> Path:
    """The file in `folder` that watches `feed`: the one that is there, or a new one, everything rehearsing."""
    host = _host(feed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        file = folder / f"{_slug(host, number)}.toml"
        if not file.exists():
            file.write_text(render_to_string("blog.toml", {"host": host, "feed": feed, "private": _is_private(host)}), encoding="utf-8")
            return file
        if _watches(file, feed):
            return file
    raise NotAFeedAddress(f"{folder} holds too many files for {host}.")


def _host(feed: str) -> str:
    try:
        parts = urlsplit(feed)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", 0
    if not host or port == 0 or not re.fullmatch(r"https?://[^\s\"\\\x00-\x1f\x7f]+", feed):
        raise NotAFeedAddress(f"{feed!r} is not the address of a feed; an example is https://blog.example/feed/")
    return host


def _slug(host: str, number: int) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", host.lower().removeprefix("www.")).strip("-")[:40].strip("-") or "blog"
    return words if number == 1 else f"{words}-{number}"


def _watches(file: Path, feed: str) -> bool:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8")).get("feed") == feed
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError):
        return False


def _is_private(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
