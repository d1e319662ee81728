"""Looks at blogs, from the claim to the rows: many are fetched at a time, few at one host, and what is new is stored one by one."""

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.db import transaction

from worker.ingest import turn
from worker.ingest.fetch import Document, Trouble, Unchanged, fetch
from worker.ingest.read import read
from worker.ingest.store import store
from worker.ingest.turn import NOTHING_NEW, Overtaken, Turn
from worker.lib import clock, crash
from worker.lib.blogs import BlogFile, blog_file, blogs
from worker.models import Blog

AT_ONCE = 50
"""Blogs a batch."""
LINES = 16
"""Connections a batch."""
LINES_A_HOST = 3
PAUSE_AT_A_HOST = 0.05
TOO_LONG = "This look took too long, and another has taken its place; it changed nothing."
UNDER_WAY = "A look at this blog is under way already."
OUR_MISTAKE = Trouble("Something in Postlark itself went wrong with this feed; the log says what.")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Looked:
    """What a look came to. `posts`: ids of posts to plan, because they are new or were edited. `good`: the feed could be read."""

    sentence: str
    posts: list[int]
    good: bool = True


def look(slug: str) -> Looked:
    """Look at the blog now, whenever its next look is due. Its rows are written before this returns."""
    file = blog_file(slug)
    if file is None:
        return Looked(f"There is no file for the blog {slug!r} any more.", [], good=False)
    turn.blog_row(slug)
    for mine in turn.take([file]):
        return _settled(mine, _fetched(mine))
    return Looked(UNDER_WAY, [])


def look_at(slugs: Sequence[str], *, only_if_due: bool = False) -> dict[str, Looked]:
    """Look at these blogs, many at a time; slug -> what it came to. `only_if_due`: those that are, and that nobody else looks at."""
    files = [file for slug in slugs if (file := blog_file(slug))]
    Blog.objects.bulk_create([Blog(slug=slug) for slug in _without_row(files)], ignore_conflicts=True)
    looked: dict[str, Looked] = {}
    for start in range(0, len(files), AT_ONCE):
        waiting = files[start : start + AT_ONCE]
        while waiting and (round := _batch(waiting, only_if_due=only_if_due)):
            looked |= round
            waiting = [] if only_if_due else [file for file in waiting if file.slug not in looked]
        looked |= {file.slug: Looked(UNDER_WAY, []) for file in waiting if not only_if_due}
    return {file.slug: looked[file.slug] for file in files if file.slug in looked}


def due() -> list[list[str]]:
    """Blogs whose next look has come, and which nobody is looking at: by the batch, those of one host together, in one batch only."""
    now = clock.now()
    rows = Blog.objects.filter(slug__in=list(blogs())).values_list("slug", "host", "next_look_at", "look_until")
    known = {slug: (host, next_look, until) for slug, host, next_look, until in rows}
    hosts: dict[str, list[str]] = defaultdict(list)
    for slug, file in blogs().items():
        host, next_look, until = known.get(slug, ("", None, None))
        if host != host_of(file) and slug in known:
            Blog.objects.filter(slug=slug).update(host=host_of(file))
        if not any(moment and moment > now for moment in (next_look, until)):
            hosts[host_of(file)].append(slug)
    return _batches([each[:AT_ONCE] for each in hosts.values()])


def host_of(file: BlogFile) -> str:
    return urlsplit(file.feed).netloc.rpartition("@")[2].lower()


def _batches(groups: Sequence[Sequence[str]]) -> list[list[str]]:
    batches: list[list[str]] = []
    for group in groups:
        if not batches or len(batches[-1]) + len(group) > AT_ONCE:
            batches.append([])
        batches[-1] += group
    return batches


def _without_row(files: Sequence[BlogFile]) -> set[str]:
    slugs = {file.slug for file in files}
    return slugs - set(Blog.objects.filter(slug__in=slugs).values_list("slug", flat=True))


Fetched = Document | Unchanged | Trouble | Exception


def _batch(files: Sequence[BlogFile], *, only_if_due: bool) -> dict[str, Looked]:
    began, lease = time.monotonic(), turn.lease().total_seconds()
    turns = turn.take(files, only_if_due=only_if_due)
    fetched = dict(_fetch_all(turns, began + lease / 4))
    looked: dict[str, Looked] = {}
    quiet = [(mine, each.reply) for mine, each in fetched.items() if isinstance(each, Unchanged) and turn.is_quiet(mine, each.reply)]
    if quiet:
        turn.end_quietly(quiet)
        looked |= {mine.file.slug: Looked(NOTHING_NEW, []) for mine, _ in quiet}
    for mine, each in fetched.items():
        if mine.file.slug not in looked and time.monotonic() < began + lease * 5 / 6:
            looked[mine.file.slug] = _settled_quietly(mine, each)
    if late := [mine for mine in turns if mine.file.slug not in looked]:
        turn.give_back(late)
    return looked


def _settled_quietly(mine: Turn, fetched: Fetched) -> Looked:
    """One blog's mistake of ours must not keep the others waiting: it is in the log and in the blog's sentence."""
    try:
        return _settled(mine, fetched)
    except Exception:
        log.exception("look failed", extra={"blog": mine.file.slug})
        return Looked(OUR_MISTAKE.sentence, [], good=False)


def _settled(mine: Turn, fetched: Fetched) -> Looked:
    """Write down what the fetch has brought."""
    crash.point("look-fetched")
    try:
        if isinstance(fetched, Exception):
            raise fetched
        if isinstance(fetched, Document):
            now = clock.now()
            found = store(mine, fetched, read(fetched, now), now)
            return Looked(found.sentence, found.to_plan)
        with transaction.atomic():
            turn.end_well(mine, NOTHING_NEW, fetched.reply)
        return Looked(NOTHING_NEW, [])
    except Trouble as trouble:
        return _end_badly(mine, trouble)
    except Overtaken:
        return Looked(TOO_LONG, [])
    except Exception:
        _end_badly(mine, OUR_MISTAKE)
        raise


def _end_badly(mine: Turn, trouble: Trouble) -> Looked:
    try:
        with transaction.atomic():
            turn.end_badly(mine, trouble)
    except Overtaken:
        pass
    return Looked(trouble.sentence, [], good=False)


def _fetch_all(turns: Sequence[Turn], until: float) -> Iterator[tuple[Turn, Fetched]]:
    """What each fetch has brought; none begins after `until`, and those are left out. No rows are touched here."""
    hosts: dict[str, list[Turn]] = defaultdict(list)
    for mine in turns:
        hosts[urlsplit(mine.address).netloc].append(mine)
    queues = [queue for of_host in hosts.values() for queue in [_Queue(of_host)] * min(len(of_host), LINES_A_HOST)]
    if not queues:
        return
    with ThreadPoolExecutor(min(LINES, len(queues))) as pool:
        for fetched in pool.map(lambda queue: list(queue.fetched(until)), queues):
            yield from fetched


class _Queue:
    """One host's turns, which several threads may take: no two begin within a short pause."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._waiting = deque(turns)
        self._lock = threading.Lock()
        self._free_at = 0.0

    def fetched(self, until: float) -> Iterator[tuple[Turn, Fetched]]:
        while mine := self._next(until):
            yield mine, _fetched(mine)

    def _next(self, until: float) -> Turn | None:
        with self._lock:
            begins = max(self._free_at, time.monotonic())
            if not self._waiting or begins >= until:
                return None
            time.sleep(max(0.0, begins - time.monotonic()))
            self._free_at = time.monotonic() + PAUSE_AT_A_HOST
            return self._waiting.popleft()


def _fetched(mine: Turn) -> Fetched:
    try:
        return fetch(mine.address, mine.validators, private=mine.file.allow_private_addresses, now=datetime.now(UTC))
    except Exception as error:
        return error
