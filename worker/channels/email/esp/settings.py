"""What EMAIL_URL may say of a mail provider: anymail+NAME://KEY@PLACE, one shape for all.

Read at every start, so nothing of anymail is imported here.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from worker.channels.email.relay import RelaySettings, is_loopback, options_of, read_interval, read_number


class _Kind(NamedTuple):
    """One provider. `place`: what stands behind the @, as people read it; empty: nothing does. `needs`: it must stand there.

    `pair`: the key is two, with a colon in between. `logs`: who got what can be looked up there.
    """

    name: str
    url: str
    place: str = ""
    needs: bool = False
    pair: bool = False
    logs: bool = True
    regions: dict[str, str] = {}

    def shape(self, slug: str) -> str:
        key = "ACCESS_KEY:SECRET_KEY" if self.pair else "KEY"
        return f"anymail+{slug}://{key}{f'@{self.place.upper()}' if self.needs else ''}"


KINDS = {
    "brevo": _Kind("Brevo", "https://api.brevo.com/v3"),
    "mailgun": _Kind("Mailgun", "https://api.mailgun.net", "domain", needs=True, regions={"eu": "https://api.eu.mailgun.net"}),
    "postmark": _Kind("Postmark", "https://api.postmarkapp.com", "stream"),
    "sendgrid": _Kind("SendGrid", "https://api.sendgrid.com/v3", regions={"eu": "https://api.eu.sendgrid.com/v3"}),
    "ses": _Kind("Amazon SES", "https://email.{place}.amazonaws.com", "region", needs=True, pair=True, logs=False),
}
_PLACE = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class EspSettings(RelaySettings):
    """`place`: Mailgun's sending domain, Postmark's message stream, Amazon's region. `webhook`: the secret of /hooks/email/ESP; empty: none.

    `base_url`: where its interface is, or a stand-in on this machine.
    """

    esp: str
    key: str = field(repr=False)
    secret: str = field(default="", repr=False)
    place: str = ""
    webhook: str = field(default="", repr=False)
    base_url: str

    @property
    def name(self) -> str:
        """As people read it."""
        return KINDS[self.esp].name

    def lines(self, free: int) -> int:
        """A sender makes one request after the other; others may make theirs beside it."""
        return 1

    @property
    def logs(self) -> bool:
        """Who got what can be looked up there."""
        return KINDS[self.esp].logs


def parse_esp(url: str) -> EspSettings:
    """ValueError with a sentence that goes on after the variable's name. It never repeats what stands there: it holds a key."""
    slug, parts = _split(url)
    kind = KINDS[slug]
    user, _, place = parts.netloc.rpartition("@") if "@" in parts.netloc else (parts.netloc, "", "")
    key, colon, secret = user.partition(":")
    if not key or (kind.pair and not secret):
        raise ValueError(f"has no {'pair of keys' if kind.pair else 'key'} for {kind.name}; the form is {kind.shape(slug)}.")
    if colon and not kind.pair:
        raise ValueError(f"has a colon in the key for {kind.name}; in a key it is written %3A.")
    options = options_of(parts.query, "webhook", "rate", "connections", "base_url", *(["region"] if kind.regions else []))
    base_url = _base_url(kind, options.get("region", ""), options.get("base_url", ""), _place(slug, kind, place.lower()))
    return EspSettings(
        host=urlsplit(base_url).hostname or "",
        esp=slug,
        key=unquote(key),
        secret=unquote(secret),
        place=place.lower(),
        webhook=options.get("webhook", ""),
        base_url=base_url,
        interval=read_interval(options.get("rate", "")),
        connections=read_number("connections", options.get("connections", "4"), 100),
    )


def _split(url: str) -> tuple[str, SplitResult]:
    scheme, _, rest = url.partition("://")
    slug = scheme.removeprefix("anymail+")
    if slug not in KINDS:
        *others, last = (f"anymail+{each}://" for each in KINDS)
        raise ValueError(f"names a mail provider that Postlark does not know; allowed are {', '.join(others)} and {last}.")
    try:
        parts = urlsplit(f"//{rest}")
    except ValueError:  # a bracket, which only an IPv6 address may have
        raise ValueError("has a key with signs that must be encoded: [ and ] are written %5B and %5D.") from None
    if parts.path not in ("", "/") or parts.fragment:
        raise ValueError("has something between the key and the options; signs like / ? # @ in a key are written %2F %3F %23 %40.")
    return slug, parts


def _place(slug: str, kind: _Kind, place: str) -> str:
    if place and not kind.place:
        raise ValueError(f"has something behind the @; {kind.name} needs only its key: {kind.shape(slug)}.")
    if not place and kind.needs:
        raise ValueError(f"does not name {kind.name}'s {kind.place}; the form is {kind.shape(slug)}.")
    if place and not _PLACE.fullmatch(place):
        raise ValueError(f"does not name {kind.name}'s {kind.place} behind the @; allowed are letters, digits, hyphens and dots.")
    return place


def _base_url(kind: _Kind, region: str, given: str, place: str) -> str:
    if given:
        parts = urlsplit(given)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise ValueError("has an option base_url that is neither an https address nor one on this machine.")
        return given.rstrip("/")
    if region and region not in ("us", *kind.regions):
        raise ValueError(f"has an option region that {kind.name} does not have; allowed are us and {', '.join(kind.regions)}.")
    return kind.regions.get(region, kind.url).format(place=place)
