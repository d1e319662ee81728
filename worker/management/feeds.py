"""What `check` says of the feeds: how the last look found each; one that was never read is tried now, so that a wrong address shows at once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from worker.ingest.fetch import Document, Trouble, Unchanged, Validators, fetch
from worker.ingest.health import health
from worker.ingest.read import read
from worker.lib import clock
from worker.lib.blogs import BlogFile, blogs
from worker.models import Blog

MOST_TRIED = 16
TIMEOUT = 5.0


@dataclass(frozen=True)
class Told:
    """`mistake`: what stands at the address is no feed, and never was one for us. A web site that is only away is none."""

    sentence: str
    mistake: bool = False


def feeds() -> dict[str, Told]:
    now, rows = clock.now(), Blog.objects.filter(baseline_at__isnull=False).in_bulk(list(blogs()), field_name="slug")
    tried = _try([file for slug, file in blogs().items() if slug not in rows][:MOST_TRIED])
    told = {slug: Told(health(row, blogs()[slug], now).sentence) for slug, row in rows.items()}
    return {slug: told.get(slug) or tried.get(slug) or Told("Not looked at yet.") for slug in blogs()}


def _try(files: Sequence[BlogFile]) -> dict[str, Told]:
    now = clock.now()
    with ThreadPoolExecutor(MOST_TRIED) as pool:
        fetched = list(pool.map(lambda file: _fetch(file, now), files))
    return {file.slug: _judge(file, each) for file, each in zip(files, fetched, strict=True)}


def _fetch(file: BlogFile, now: datetime) -> Document | Unchanged | Trouble:
    """In a thread of its own, which has no connection to the database."""
    try:
        return fetch(file.feed, Validators(), private=file.allow_private_addresses, now=now, timeout=TIMEOUT)
    except Trouble as trouble:
        return trouble


def _judge(file: BlogFile, fetched: Document | Unchanged | Trouble) -> Told:
    if not isinstance(fetched, Document):
        return Told(fetched.sentence if isinstance(fetched, Trouble) else "Not looked at yet.")
    try:
        number = len(read(fetched, clock.now()))
    except Trouble as trouble:
        return Told(f"{settings.POSTLARK_BLOGS}/{file.slug}.toml: feed: {trouble.sentence}", mistake=True)
    return Told(f"It answers, with {number} {'post' if number == 1 else 'posts'} in it.")
