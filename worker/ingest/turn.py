"""A look's turn at a blog: the lease on its row, and what the row says afterwards.

Many blogs are claimed with one conditional UPDATE, and those of which there is nothing to tell end with another. The next
look is written down before the fetch and counts this one as failed until it is settled: a look that dies costs time, and no
post. Rows change only while the lease is still ours; time is the database's.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.conf import settings
from django.db.models import Case, F, Q, Value, When

from worker.ingest import health, websub
from worker.ingest.fetch import Document, Reply, Trouble, Validators
from worker.ingest.schedule import Pace, next_look, rhythm_of
from worker.lib import clock, crash
from worker.lib.blogs import BlogFile
from worker.lib.clock import Now
from worker.models import Blog, Post
from worker.record.transition import note

LONGEST_LEASE = timedelta(minutes=1)
"""Longer than a fetch and everything after it."""
NOTHING_NEW = "The feed is fine; nothing new since the last look."

State = Blog.State
_rng = Random()


class Overtaken(Exception):
    """The lease ended, and another look may be under way: nothing may be written."""


@dataclass(frozen=True, eq=False)
class Turn:
    """`blog` is the row as it stood when the look began, but for the lease, the next look and the failures."""

    blog: Blog
    file: BlogFile

    @property
    def first(self) -> bool:
        return self.blog.baseline_at is None

    @property
    def address(self) -> str:
        """Where to look: the address in the blog's file, or where that one has moved for good."""
        return (self._as_learned and self.blog.moved_to) or self.file.feed

    @property
    def validators(self) -> Validators:
        """Of the document we have read; none before the first one, or when the file names another address since."""
        if self.first or not self._as_learned:
            return Validators()
        return Validators(self.blog.etag, self.blog.last_modified, self.blog.body_hash, self.blog.feed)

    @property
    def _as_learned(self) -> bool:
        return self.blog.asked_for == self.file.feed


def blog_row(slug: str) -> Blog:
    """The blog's row, made when there is none yet."""
    return Blog.objects.get_or_create(slug=slug)[0]


def take(files: Sequence[BlogFile], *, only_if_due: bool = False) -> list[Turn]:
    """Take the next look of each of these blogs whose row is free; of one that nobody else is looking at.

    `only_if_due`: and whose time has come, and on whose host nobody else is at the moment.
    """
    by_slug = {file.slug: file for file in files}
    free = Q(look_until=None) | Q(look_until__lte=Now())
    if only_if_due:
        busy = Blog.objects.filter(look_until__gt=Now()).exclude(host="").values("host")
        free = free & (Q(next_look_at=None) | Q(next_look_at__lte=Now())) & ~Q(host__in=busy)
    holder = secrets.token_hex(16)
    if not Blog.objects.filter(free, slug__in=by_slug).update(
        look_by=holder, look_until=Now() + lease(), next_look_at=_unless_it_ends(files), failures=F("failures") + 1
    ):
        return []
    crash.point("look-claimed")
    return [Turn(blog, by_slug[blog.slug]) for blog in Blog.objects.filter(look_by=holder)]


def lease() -> timedelta:
    return min(settings.LEASE, LONGEST_LEASE)


def _unless_it_ends(files: Iterable[BlogFile]) -> Case:
    """After the lease and the blog's own pace: a look that dies is not repeated at once."""
    paces = defaultdict(list)
    for file in files:
        paces[file.poll].append(file.slug)
    return Case(*(When(slug__in=slugs, then=Now() + lease() + poll) for poll, slugs in paces.items()))


def hold(turn: Turn) -> None:
    """Lock the row for the transaction that writes. Raises Overtaken."""
    if not _ours([turn]).update(look_until=F("look_until")):
        raise Overtaken


def end_quietly(quiet: Sequence[tuple[Turn, Reply]]) -> None:
    """These looks found everything as it was, and there is nothing to tell of any of them: one UPDATE."""
    now = clock.now()
    again = {turn.blog.pk: _after_good(turn, now, reply=reply) for turn, reply in quiet}
    _end([turn for turn, _ in quiet], again, state=State.OK, sentence=NOTHING_NEW, failures=0, last_good_at=now)


def is_quiet(turn: Turn, reply: Reply) -> bool:
    """Nothing was wrong, and nothing is on the move."""
    blog = turn.blog
    return (
        blog.state == State.OK
        and not blog.restored_from
        and not (blog.told or blog.behind or blog.trouble_since or reply.moved or blog.moving_to)
        and not (health.stale(reply.age, None, None))
    )


def end_well(turn: Turn, sentence: str, reply: Reply, document: Document | None = None, *, new: bool = False, **fields: Any) -> None:
    """The look was good: give the lease back. Within a transaction; raises Overtaken. `new`: it found new posts."""
    now, blog = clock.now(), turn.blog
    stale = "" if new else health.stale(reply.age, document.dated if document else None, blog.dated_at)
    behind = stale or ("" if new else blog.behind)
    if document:
        fields |= _learned(turn, document) | ({"rhythm": _rhythm(blog)} if new or turn.first else {})
    fields |= _moved(turn, reply)
    told = ""
    if behind:
        since = blog.trouble_since or now
        told = behind if blog.told or now - since >= health.patience_with(stale) else ""
        fields |= {"state": State.BEHIND, "sentence": behind, "trouble_since": since}
    else:
        fields |= {"state": State.OK, "sentence": sentence, "trouble_since": None, "behind": ""}
    again = _after_good(turn, now, reply=reply, document=document)
    if not _end([turn], {blog.pk: again}, failures=0, last_good_at=now, restored_from=None, told=told, **fields):
        raise Overtaken
    if document:
        websub.meet(blog, turn.file, document.head)
    if new:
        websub.found_new_posts(blog)
    if blog.state in (State.TROUBLE, State.GONE):
        note("The feed can be read again.", blog=blog)
    health.tell(blog, told)


def _after_good(turn: Turn, now: datetime, *, reply: Reply, document: Document | None = None) -> datetime:
    pace = document.head.pace if document else Pace(**_pace_of(turn.blog))
    asked = Pace(max(pace.every, reply.max_age), pace.skip_hours, pace.skip_days)
    return next_look(now, turn.file.poll, 0, _rng, rhythm=turn.blog.rhythm, pace=asked)


def _pace_of(blog: Blog) -> dict[str, Any]:
    stated = blog.pace
    return stated and {
        "every": timedelta(seconds=stated["every"]),
        "skip_hours": frozenset(stated["skip_hours"]),
        "skip_days": frozenset(stated["skip_days"]),
    }


def _learned(turn: Turn, document: Document) -> dict[str, Any]:
    validators, pace = document.validators, document.head.pace
    plain = {"every": pace.every.total_seconds(), "skip_hours": sorted(pace.skip_hours), "skip_days": sorted(pace.skip_days)}
    return {
        "asked_for": turn.file.feed,
        "feed": validators.url,
        "etag": validators.etag,
        "last_modified": validators.last_modified,
        "body_hash": validators.body_hash,
        "pace": plain if pace != Pace() else {},
        "dated_at": health.newest_date(document.dated, turn.blog.dated_at, clock.now()),
    }


def _rhythm(blog: Blog) -> timedelta | None:
    """From the dates that the feed itself has stated."""
    dated = Post.objects.filter(blog=blog).exclude(published_at=F("seen_at")).order_by("-published_at")
    return rhythm_of(list(dated.values_list("published_at", flat=True)[:11]))


def _moved(turn: Turn, reply: Reply) -> dict[str, Any]:
    """A permanent redirect is believed when it comes a second time: a mistake of an hour must not last for ever."""
    known = turn.address
    if not reply.moved or reply.moved == known:
        return {"moving_to": "", "moved_to": known if known != turn.file.feed else ""}
    if turn.blog.moving_to != reply.moved or turn.blog.asked_for != turn.file.feed:
        return {"moving_to": reply.moved, "moved_to": known if known != turn.file.feed else "", "asked_for": turn.file.feed}
    note(
        f"The feed has moved for good to {reply.moved}; Postlark looks there from now on. Put that address into the blog's file.",
        blog=turn.blog,
    )
    return {"moving_to": "", "moved_to": reply.moved if reply.moved != turn.file.feed else ""}


def end_badly(turn: Turn, trouble: Trouble) -> None:
    """What we know stays; the row says what is wrong, and the record says it once. As `end_well`.

    An address that the feed had moved to is forgotten: the next look goes to the one in the blog's file again.
    """
    now, blog = clock.now(), turn.blog
    since = blog.trouble_since or now
    gone = trouble.gone or (trouble.missing and now - since >= health.MISSING_FOR_GOOD)
    again = next_look(
        now,
        turn.file.poll,
        blog.failures,
        _rng,
        never_read=turn.first,
        retry_after=trouble.retry_after,
        gone=gone,
    )
    told = trouble.sentence if blog.told or turn.first or now - since >= trouble.patience else ""
    fields = {
        "state": State.GONE if gone else State.TROUBLE,
        "sentence": trouble.sentence,
        "trouble_since": since,
        "told": told,
        "moved_to": "",
        "moving_to": "",
    }
    if not _end([turn], {blog.pk: again}, **fields):
        raise Overtaken
    if trouble.sentence != blog.sentence:
        note(f"The feed could not be read. {trouble.sentence}", blog=blog)
    health.tell(blog, told)


def give_back(turns: Sequence[Turn]) -> None:
    """There was no time for these: they are due as they were."""
    _ours(turns).update(look_until=None, look_by="", next_look_at=Now(), failures=F("failures") - 1)


def _end(turns: Sequence[Turn], again: dict[int, datetime], **fields: Any) -> int:
    """A ring during the look has moved the next one forward, before the lease's end: that stays."""
    unless_rung = Case(
        When(next_look_at__lt=F("look_until"), then=F("next_look_at")), *(When(pk=pk, then=Value(moment)) for pk, moment in again.items())
    )
    ended: int = _ours(turns).update(look_until=None, look_by="", next_look_at=unless_rung, **fields)
    return ended


def _ours(turns: Sequence[Turn]) -> Any:
    return Blog.objects.filter(pk__in=[turn.blog.pk for turn in turns], look_by=turns[0].blog.look_by)
