"""Typed readers for the environment. Each collects its mistakes instead of raising, so that all are told at once."""

import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from worker.lib.blogs import parse_duration


class Env:
    """The process environment; `mistakes` holds one sentence for each value that could not be used.

    Every variable NAME may be given as NAME_FILE instead, naming a file that holds the value (Docker and systemd secrets).
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.mistakes: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        file = self._environ.get(f"{name}_FILE")
        if file and name in self._environ:
            self.mistakes.append(f"{name} and {name}_FILE are both set; set only one of them.")
        if file:
            try:
                return Path(file).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not text"
                self.mistakes.append(f"{name}_FILE names {file}, which cannot be read: {reason}.")
                return default
        return self._environ.get(name, default)

    def path(self, name: str, default: Path) -> Path:
        value = self.text(name)
        return Path(value).expanduser().absolute() if value else default

    def duration(self, name: str, default: str, *, least: str, most: str) -> timedelta:
        value = self.text(name) or default
        try:
            length = parse_duration(value)
        except ValueError as error:
            self.mistakes.append(f"{name} {error}")
            return parse_duration(default)
        if not parse_duration(least) <= length <= parse_duration(most):
            self.mistakes.append(f"{name} is {value!r}; allowed is from {least!r} to {most!r}.")
            return parse_duration(default)
        return length

    def address(self, name: str, default: str) -> tuple[str, int]:
        value = self.text(name) or default
        host, colon, port = value.rpartition(":")
        if not colon or not host or not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) <= 65535:
            self.mistakes.append(f"{name} is {value!r}; allowed is HOST:PORT, for example {default}.")
            return self.address("", default) if value != default else ("127.0.0.1", 8000)
        return host.strip("[]"), int(port)

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        value = self.text(name) or default
        if not value:
            return ""
        if not _is_url(value, schemes):
            # The value itself may hold a password: it is never repeated.
            self.mistakes.append(f"{name} must begin with {' or '.join(f'{s}://' for s in schemes)} and name a place.")
            return default
        return value

    def site(self, name: str, default: str) -> str:
        """The address of a web site, on which others are built: so without a user, a query or a fragment."""
        value = self.url(name, default, ("https", "http"))
        parts = urlsplit(value)
        if "@" in parts.netloc or parts.query or parts.fragment:
            self.mistakes.append(f"{name} takes no user, no ? and no #; an example is https://news.blog.example.")
            return default
        return value.rstrip("/")

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name) or default
        if value not in allowed:
            self.mistakes.append(f"{name} is {value!r}; allowed are {', '.join(allowed)}.")
            return default
        return value

    def networks(self, name: str) -> list[IPv4Network | IPv6Network]:
        found = []
        for word in self.text(name).replace(",", " ").split():
            try:
                found.append(ip_network(word, strict=False))
            except ValueError:
                self.mistakes.append(f"{name} holds {word!r}; allowed are addresses and networks, for example 10.0.0.0/8.")
        return found

    def matching(self, pattern: str) -> dict[str, str]:
        """Every variable whose name matches, also those given as NAME_FILE; name -> value."""
        names = {name.removesuffix("_FILE") for name in self._environ if re.fullmatch(f"(?:{pattern})(?:_FILE)?", name)}
        return {name: self.text(name) for name in sorted(names) if self.text(name)}


def _is_url(value: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(value)
        return (
            parts.scheme in schemes
            and parts.port != 0
            and bool(parts.hostname or (parts.path if parts.scheme not in ("http", "https") else ""))
        )
    except ValueError:
        return False
