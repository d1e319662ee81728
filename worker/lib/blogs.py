"""The typed shape of a blog's file, as every stage sees it. `config/blog.py` reads the file into it."""

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from worker.lib.address import read_address
from worker.lib.log import without_secrets

Mode = Literal["live", "rehearsal", "off"]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(value: object) -> timedelta:
    """`90s`, `10m`, `24h`, `2d` -> timedelta. ValueError with a sentence that goes on after the key's name."""
    match = re.fullmatch(r"([0-9]{1,6})\s*([smhd])", str(value).strip())
    if not match:
        raise ValueError(f"is {value!r}; allowed is a number with s, m, h or d, for example '10m'.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


class QuietHours(NamedTuple):
    """Local times of day; nothing goes out from `start` until `end` (which may be on the next day)."""

    start: time
    end: time


def parse_quiet_hours(value: object) -> QuietHours:
    match = re.fullmatch(r"(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)", str(value).strip())
    try:
        h1, m1, h2, m2 = map(int, match.groups()) if match else (99, 0, 0, 0)
        hours = QuietHours(time(h1, m1), time(h2, m2))
    except ValueError:
        hours = None
    if hours is None or hours.start == hours.end:
        raise ValueError(f"is {value!r}; allowed is FROM-UNTIL with two different times, for example '21:00-08:00'.")
    return hours


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (KeyError, ValueError, OSError):
        raise ValueError(f"is {value!r}, which is not a time zone; an example is 'America/Toronto'.") from None


def _web_address(value: str) -> str:
    if not re.match(r"https?://[^\s/]+", value) or not _has_host(value):
        raise ValueError(f"is {without_secrets(value)!r}; allowed is an address that begins with https:// or http://.")
    return value


def _has_host(address: str) -> bool:
    """And a port that there can be."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _network_address(value: str) -> str:
    pattern = r"https://[^\s/]+|http://(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?(/|$)"
    if not re.match(pattern, value) or not _has_host(value):
        raise ValueError(f"is {value!r}; allowed is an https:// address, or http:// on this machine (127.0.0.1) for a stand-in.")
    return value.rstrip("/")


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\"]+|[^@\s<>,;\"]+@localhost", value):
        raise ValueError(f"is {value!r}, which is not an e-mail address.")
    if not value.isascii():
        _as_a_relay_takes_it(value)
    return value


def _as_a_relay_takes_it(value: str) -> None:
    try:
        read_address(value)
    except ValueError as error:
        raise ValueError(f"is {value!r}, which {error}") from None


def _one_line(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty.")
    if re.search(r"[\x00-\x1f\x7f]", value):
        raise ValueError("must be one line.")
    return value.strip()


def shaped(pattern: str, allowed: str) -> AfterValidator:
    """For a channel's own keys: the value matches `pattern` from end to end, or the mistake says what is `allowed`."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"is {value!r}; allowed is {allowed}.")
        return value

    return AfterValidator(check)


def lasting(least: str, most: str) -> BeforeValidator:
    """A duration that makes sense for its key."""
    shortest, longest = parse_duration(least), parse_duration(most)

    def check(value: object) -> timedelta:
        length = parse_duration(value)
        if not shortest <= length <= longest:
            raise ValueError(f"is {value!r}; allowed is from {least!r} to {most!r}.")
        return length

    return BeforeValidator(check)


def whole(least: int, most: int) -> BeforeValidator:
    """A number that makes sense for its key."""

    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"is {value!r}; allowed is a whole number from {least} to {most}.")
        return value

    return BeforeValidator(check)


Hold = Annotated[timedelta, lasting("0s", "30d")]
Quiet = Annotated[QuietHours, BeforeValidator(parse_quiet_hours)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
NetworkAddress = Annotated[str, AfterValidator(_network_address)]
"""Where a network is: https, or a stand-in on loopback, so that no token ever travels in the clear."""
MailAddress = Annotated[str, AfterValidator(_mail_address)]
Line = Annotated[str, AfterValidator(_one_line)]


class Section(BaseModel):
    """A part of a blog's file: unknown keys are mistakes, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, strict=True)


class Approved(Section):
    full: str = ""
    short: str = ""


class Disclaimer(Approved):
    """`fr`, `en`: the approved words for readers of the newsletter who chose that language and not the blog's."""

    required: bool = True
    fr: Approved = Approved()
    en: Approved = Approved()


class Sender(Section):
    """Who writes, as Canada's anti-spam law asks (CRTC 2012-548)."""

    name: Line
    email: MailAddress
    reply_to: MailAddress | None = None
    mailing_address: Line
    contact: Line
    on_behalf_of: Line | None = None
    relay: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] | None = None


class Brand(Section):
    """The blog's colours: in the newsletter, and on the card that is drawn where a post has no picture."""

    color: Annotated[str, shaped(r"#[0-9a-fA-F]{6}", "a colour like '#1f5f5b'")] = "#1f5f5b"
    background: Annotated[str, shaped(r"#[0-9a-fA-F]{6}", "a colour like '#f6f3ec'")] = "#f6f3ec"


def _somewhere(value: str) -> str:
    """An Apprise address may hold a secret, so it is never repeated, not even one with a slip of the pen in it."""
    if re.match(r"[a-z][a-z0-9+.-]*://.", value):
        return value
    try:
        return _mail_address(value)
    except ValueError:
        raise ValueError("is neither an e-mail address nor one that Apprise knows, for example 'slack://...'.") from None


class Alerts(Section):
    to: list[Annotated[str, AfterValidator(_somewhere)]] = Field(default=[], repr=False)


class ChannelOptions(Section):
    """What every channel's section may say. A channel adds its own by a subclass in its file."""

    mode: Mode = "rehearsal"
    hold: Hold | None = None


class BlogFile(Section):
    """One file in the blogs folder. `slug` is the file's name without `.toml`."""

    slug: str
    name: Line
    feed: WebAddress
    language: Literal["en-CA", "fr-CA"] = "en-CA"
    timezone: Zone = ZoneInfo("America/Toronto")
    poll: Annotated[timedelta, lasting("1s", "30d")] = timedelta(minutes=10)
    backlog: Annotated[int, whole(0, 50)] = 0
    hold: Hold | None = None
    quiet_hours: Quiet | None = None
    burst: Annotated[int, whole(1, 1000)] = 3
    late: Annotated[timedelta, lasting("1s", "365d")] = timedelta(hours=24)
    allow_private_addresses: bool = False
    approval: MailAddress | None = None
    """Who must have approved, signed in, every text before it goes out."""
    disclaimer: Disclaimer = Disclaimer()
    brand: Brand = Brand()
    hashtags: Annotated[int, whole(0, 10)] = 3
    utm: bool = False
    sender: Sender | None = None
    alerts: Alerts = Alerts()
    channels: Mapping[str, ChannelOptions]

    def hold_for(self, channel: str) -> timedelta:
        """How long a post waits between being noticed and going out. E-mail waits 10 minutes unless told otherwise: it can't be recalled."""
        own = self.channels[channel].hold
        if own is not None:
            return own
        if self.hold is not None:
            return self.hold
        return timedelta(minutes=10) if channel == "email" else timedelta(0)

    def in_language(self, language: str) -> "BlogFile":
        """As readers see it who chose this language: with the approved disclaimer in it, where there is one. Empty: the blog's own."""
        if language in ("", self.language):
            return self
        own = self.disclaimer.fr if language == "fr-CA" else self.disclaimer.en
        words = {"full": own.full, "short": own.short} if own.full or own.short else {}
        return self.model_copy(update={"language": language, "disclaimer": self.disclaimer.model_copy(update=words)})

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.timezone)


def blogs() -> Mapping[str, BlogFile]:
    """Every blog's file, by slug, as read when this process started."""
    return settings.BLOGS  # config/settings.py fills it


def blog_file(slug: str) -> BlogFile | None:
    """None when the file has been removed since the row was made."""
    return blogs().get(slug)
