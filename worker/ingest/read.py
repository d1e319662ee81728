"""Read a document under a hard limit: a hostile feed costs seconds and a sentence, never a worker."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from worker.ingest.entry import Entry
from worker.ingest.fetch import Document, Trouble
from worker.ingest.parse import parse
from worker.lib.confined import Limits, Stopped, confined

LIMITS = Limits(cpu=2.0, memory=100_000_000, answer=40_000_000, patience=20.0)
"""Five hundred posts with their whole text take half a second and 20 MB."""
TOO_MUCH = (
    "Reading the feed takes more time or memory than any feed should, so it was left alone. "
    "Ask whoever runs the web site to let it list fewer posts, or see what is wrong with it; Postlark looks again."
)


def read(document: Document, now: datetime) -> tuple[Entry, ...]:
    """The feed's entries in its own order. Raises Trouble for whatever is not a whole feed, or takes too much to read."""
    try:
        told = confined(lambda: _told(document, now), LIMITS)
    except Stopped:
        raise Trouble(TOO_MUCH) from None
    trouble, *entries = map(json.loads, told.splitlines())
    if trouble:
        raise Trouble(trouble)
    return tuple(map(_entry, entries))


def _told(document: Document, now: datetime) -> Iterator[bytes]:
    """A line with the trouble, which may be empty, then a line an entry."""
    try:
        entries = parse(document, now)
    except Trouble as trouble:
        yield _line(trouble.sentence)
        return
    yield _line("")
    for entry in entries:
        yield _line(asdict(entry) | {"published": entry.published and entry.published.isoformat()})


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _entry(values: dict[str, Any]) -> Entry:
    published = values["published"]
    return Entry(
        **values | {"categories": tuple(values["categories"]), "published": datetime.fromisoformat(published) if published else None}
    )
