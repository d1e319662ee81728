"""How a connection stands, in a word and a sentence, for the console and the commands. Never a secret."""

from dataclasses import dataclass
from datetime import datetime

from worker import channels
from worker.channels.base import Poster
from worker.channels.carrier import Carrier
from worker.connections import warn
from worker.connections.poster import network
from worker.lib.blogs import BlogFile, blogs
from worker.models import Connection


@dataclass(frozen=True)
class Standing:
    blog: str
    channel: str
    state: str
    """not-connected, open, connected, unchecked, ending, ended, broken."""
    account: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    last_checked: datetime | None
    sentence: str
    place: str = ""
    notes: tuple[str, ...] = ()


def standings(files: list[BlogFile], now: datetime) -> list[Standing]:
    """Every network of these blogs that is not switched off, connected or not."""
    rows = {(row.blog.slug, row.channel): row for row in Connection.objects.select_related("blog")}
    return [
        standing(file, channel, rows.get((file.slug, channel)), now)
        for file in files
        for channel, options in file.channels.items()
        if options.mode != "off" and not issubclass(channels.find(channel), Carrier)
    ]


def standing(file: BlogFile, channel: str, row: Connection | None, now: datetime) -> Standing:
    if row is None:
        row = Connection(channel=channel)
    state, sentence = _state(file, channel, row, now)
    return Standing(
        blog=file.slug,
        channel=channel,
        state=state,
        account=row.account,
        scopes=tuple(row.scopes),
        expires_at=row.expires_at,
        last_checked=row.last_checked_at,
        sentence=sentence,
        place=_place(file, row),
        notes=tuple(row.notes),
    )


def is_missing(channel: str, row: Connection | None) -> bool:
    """No credentials, and the network asks for some."""
    return not (row and row.credentials) and all(keys.needs for keys in network(channel).shapes)


def _state(file: BlogFile, channel: str, row: Connection, now: datetime) -> tuple[str, str]:
    kind = network(channel)
    if is_missing(channel, row):
        return "not-connected", f"{kind.name} is not connected. Connect it before this channel goes live."
    if not row.credentials:
        return "open", f"{kind.name} asks for no credentials."
    if row.broken:
        return "broken", row.broken
    if ending := warn.sentence(row, now):
        return ("ended" if row.expires_at and row.expires_at <= now else "ending"), ending
    connected = f"Connected as {row.account}." if row.account else "Connected."
    if row.check_failure:
        return "unchecked", f"{connected} But the latest look brought nothing: {row.check_failure}"
    if row.last_checked_at is None:
        return "unchecked", f"{connected} It has not been looked at yet."
    end = f" It holds until {row.expires_at.day} {row.expires_at:%b %Y}." if row.expires_at else ""
    return "connected", f"{connected}{end}"


def _place(file: BlogFile, row: Connection) -> str:
    """Where it posts, as staff know it; empty where the network has one place only."""
    kind = channels.find(row.channel)
    option = kind.consent.place if issubclass(kind, Poster) and kind.consent else ""
    if not option:
        return ""
    options = file.channels[row.channel]
    if option in options.model_fields_set:
        return f"The blog's file names {getattr(options, option)}."
    return row.place_name or row.place_id


def files_of(slug: str | None) -> list[BlogFile]:
    return [file for file in blogs().values() if slug in (None, file.slug)]
