"""What `doctor` looks at: everything that a blog needs and that is not on this machine.

Nothing is changed out there, but for one mail to ourselves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from worker import channels, ingest
from worker.channels.base import DeliveryError, Poster
from worker.channels.email import Email
from worker.connections.check import read_back
from worker.connections.standing import standing
from worker.ingest.compare import compare
from worker.ingest.fetch import Document, Trouble, Validators, fetch
from worker.ingest.read import read
from worker.lib import clock
from worker.lib.blogs import BlogFile
from worker.models import Connection
from worker.newsletter.mail import cannot_send, relay_of
from worker.newsletter.returns.arrived import Verdict

SUNSET_AHEAD = timedelta(days=60)


@dataclass(frozen=True)
class Finding:
    blog: str
    what: str
    ok: bool
    sentence: str


def look_at(file: BlogFile, tell: Callable[[str], object]) -> Iterator[Finding]:
    """`tell`: hears what is being waited for."""
    yield _feed(file)
    if behind := compare(file.slug):
        yield Finding(file.slug, "web site", False, behind)
    for channel, options in file.channels.items():
        if options.mode == "off":
            continue
        if channel == "email":
            relay = _relay(file)
            yield relay
            if relay.ok and relay_of(file):
                yield from (Finding(file.slug, *verdict) for verdict in _round_trip(file, tell))
        else:
            yield _connection(file, channel)
            yield from _sunset(file, channel)


def _feed(file: BlogFile) -> Finding:
    """Fetched and read, and nothing of it kept."""
    now = clock.now()
    try:
        document = fetch(file.feed, Validators(), private=file.allow_private_addresses, now=now)
        entries = read(document, now) if isinstance(document, Document) else ()
    except Trouble as trouble:
        return Finding(file.slug, "feed", False, trouble.sentence)
    return Finding(file.slug, "feed", True, f"It answers, with {len(entries)} {'post' if len(entries) == 1 else 'posts'} in it.")


def _relay(file: BlogFile) -> Finding:
    """A rehearsal needs no relay; where one is named, it is tried."""
    live, relay, missing = file.channels["email"].mode == "live", relay_of(file), cannot_send(file)
    if relay is None or missing:
        return Finding(file.slug, "mail relay", not live, missing if live else f"Rehearsing. {missing}")
    try:
        return Finding(file.slug, "mail relay", True, Email(relay).check())
    except DeliveryError as error:
        return Finding(file.slug, "mail relay", False, error.sentence)


def _round_trip(file: BlogFile, tell: Callable[[str], object]) -> Iterator[Verdict]:
    from worker.management.round_trip import round_trip  # slow to import, and only where it is asked for

    yield from round_trip(file, tell)


def _connection(file: BlogFile, channel: str) -> Finding:
    """Live without a connection is wrong; a rehearsal without one is not."""
    row = Connection.objects.select_related("blog").filter(blog=ingest.blog_row(file.slug), channel=channel).first()
    if row and row.credentials:
        read_back(row, by_person=True)
        row.refresh_from_db()
    stands = standing(file, channel, row, clock.now())
    live = file.channels[channel].mode == "live"
    ok = stands.state in ("open", "connected", "ending") or (stands.state == "not-connected" and not live)
    return Finding(file.slug, channels.find(channel).name, ok, " ".join([stands.sentence, *stands.notes]))


def _sunset(file: BlogFile, channel: str) -> Iterator[Finding]:
    kind = channels.find(channel)
    last = kind.sunset(file.channels[channel]) if issubclass(kind, Poster) else None
    if last is not None and (sentence := near_its_end(kind.name, last, clock.now().date())):
        yield Finding(file.slug, f"{kind.name}'s version", False, sentence)


def near_its_end(name: str, last: date, today: date) -> str:
    """Empty while the version has more than 60 days to live."""
    if last - today > SUNSET_AHEAD:
        return ""
    day = f"{last.day} {last:%b %Y}"
    if last < today:
        return f"The version of {name}'s interface in the blog's file ended on {day}. Name a newer one (version)."
    return f"The version of {name}'s interface in the blog's file ends on {day}, in {(last - today).days} days. Name a newer one (version)."
