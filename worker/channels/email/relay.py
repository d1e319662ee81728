"""What EMAIL_URL may say of a relay."""

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

Tls = Literal["starttls", "ssl", "none"]
Auth = Literal["", "plain", "login", "xoauth2"]

_PORTS: dict[Tls, int] = {"starttls": 587, "ssl": 465, "none": 25}
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_SHAPE = "smtp://USER:PASSWORD@HOST:PORT?tls=starttls"


@dataclass(frozen=True, kw_only=True)
class RelaySettings:
    """One relay, as EMAIL_URL names it. `interval`: the least time between two messages; zero: no limit."""

    host: str
    interval: timedelta = timedelta(0)
    connections: int = 4

    @property
    def rate(self) -> str:
        """The pace as people read it: 10/s. Empty: no limit."""
        if not self.interval:
            return ""
        each = self.interval.total_seconds()
        unit, seconds = next((unit, seconds) for unit, seconds in _SECONDS.items() if each <= seconds)
        return f"{seconds / each:.0f}/{unit}"

    @property
    def name(self) -> str:
        """As people read it."""
        return self.host

    def lines(self, free: int) -> int:
        """How many of its connections that are free one sender takes."""
        return free

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)


@dataclass(frozen=True, kw_only=True)
class SmtpSettings(RelaySettings):
    """`auth`: how to sign in; empty: as the relay offers. `messages`: so many on one connection, then a new one is opened."""

    port: int
    tls: Tls
    user: str = ""
    password: str = field(default="", repr=False)
    auth: Auth = ""
    messages: int = 1000


def is_loopback(host: str) -> bool:
    """By its name alone; nothing is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def parse_smtp(url: str) -> SmtpSettings:
    """ValueError with a sentence that goes on after the variable's name. It never repeats what stands there: it may hold a password.

    `tls` unset: ssl on port 465, none on this machine, else starttls.
    """
    parts = _split(url)
    options = options_of(parts.query, "tls", "rate", "connections", "messages", "auth")
    host = (parts.hostname or "").lower()
    tls = _tls(options.get("tls", ""), host, parts.port)
    return SmtpSettings(
        host=host,
        port=parts.port or _PORTS[tls],
        tls=tls,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        interval=read_interval(options.get("rate", "")),
        connections=read_number("connections", options.get("connections", "4"), 100),
        auth=_auth(options.get("auth", ""), parts.username),
        messages=read_number("messages", options.get("messages", "1000"), 100_000),
    )


def _split(url: str) -> SplitResult:
    if not url.startswith("smtp://"):
        raise ValueError(f"must begin with smtp://, as in {_SHAPE}, or with anymail+, as in anymail+mailgun://KEY@DOMAIN.")
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        has_port = False
    if not has_port:
        raise ValueError(
            "has a port that is not a number from 1 to 65535; signs like : / ? # @ in a password are written %3A %2F %3F %23 %40."
        )
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]+", (parts.hostname or "").lower()):
        raise ValueError(f"does not name the relay's host; the form is {_SHAPE}.")
    if parts.path not in ("", "/") or parts.fragment:
        raise ValueError("has something between the port and the options; signs like / ? # in a password are written %2F %3F %23.")
    if bool(parts.username) != bool(parts.password):
        raise ValueError("has a user name without a password, or a password without a user name.")
    return parts


def options_of(query: str, *allowed: str) -> dict[str, str]:
    """A + is a plus sign, as keys in base64 have it."""
    options = dict(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True))
    if not options.keys() <= set(allowed):
        *others, last = allowed
        raise ValueError(f"has an option that Postlark does not know; allowed are {', '.join(others)} and {last}.")
    return options


def _tls(value: str, host: str, port: int | None) -> Tls:
    match value:
        case "starttls" | "ssl" | "none":
            return value
        case "":
            return "ssl" if port == _PORTS["ssl"] else "none" if is_loopback(host) else "starttls"
    raise ValueError("has an option tls that Postlark does not know; allowed are tls=starttls, tls=ssl and tls=none.")


def read_interval(rate: str) -> timedelta:
    if not rate:
        return timedelta(0)
    match = re.fullmatch(r"(\d{1,6})/([smh])", rate)
    if not match or not int(match[1]):
        raise ValueError("has an option rate that is not a number a second, minute or hour, for example rate=10/s.")
    return timedelta(seconds=_SECONDS[match[2]]) / int(match[1])


def read_number(name: str, value: str, most: int) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= most:
        raise ValueError(f"has an option {name} that is not a number from 1 to {most}.")
    return int(value)


def _auth(value: str, user: str | None) -> Auth:
    if value not in ("", "plain", "login", "xoauth2"):
        raise ValueError("has an option auth that Postlark does not know; allowed are auth=plain, auth=login and auth=xoauth2.")
    if value and not user:
        raise ValueError("has an option auth without a user name and a password.")
    return cast("Auth", value)
