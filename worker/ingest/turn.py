"""One look's turn at a blog: the lease on its row, and what the row says afterwards.

The next look is written down before the fetch and counts this one as failed until it is settled: a look that dies costs
time, and no post. Rows change only while the lease is still ours; time is the database's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.conf import settings
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from worker.ingest.fetch import Trouble, Validators
from worker.ingest.schedule import next_look
from worker.lib import crash
from worker.lib.blogs import BlogFile
from worker.models import Blog
from worker.record.transition import note

LONGEST_LEASE = timedelta(minutes=1)
"""Longer than a fetch and everything after it."""

State = Blog.State
_rng = Random()


class Overtaken(Exception):
    """The lease ended, and another look may be under way: nothing may be written."""


@dataclass(frozen=True)
class Turn:
    """`blog` is the row as it stood when the look began, but for the lease and the next look."""

    blog: Blog
    file: BlogFile

    @property
    def first(self) -> bool:
        return self.blog.baseline_at is None

    @property
    def validators(self) -> Validators:
        """Of the document we have read; none before the first one, or when they belong to another address."""
        if self.first or self.blog.feed != self.file.feed:
            return Validators()
        return Validators(self.blog.etag, self.blog.last_modified, self.blog.body_hash)


def blog_row(slug: str) -> Blog:
    """The blog's row, made when there is none yet."""
    return Blog.objects.get_or_create(slug=slug)[0]


def take(file: BlogFile) -> Turn | None:
    """Take the blog's next look; None when one is under way."""
    blog = blog_row(file.slug)
    free = Q(look_until=None) | Q(look_until__lte=Now())
    again = next_look(timezone.now(), file.poll, blog.failures + 1, _rng, never_read=blog.baseline_at is None)
    if not Blog.objects.filter(free, pk=blog.pk).update(
        look_until=Now() + min(settings.LEASE, LONGEST_LEASE), next_look_at=again, failures=blog.failures + 1
    ):
        return None
    crash.point("look-claimed")
    blog.refresh_from_db()
    return Turn(blog, file)


def hold(turn: Turn) -> None:
    """Lock the row for the transaction that writes. Raises Overtaken."""
    if not _ours(turn).update(look_until=turn.blog.look_until):
        raise Overtaken


def end_well(turn: Turn, sentence: str, **fields: Any) -> None:
    """The look was good: give the lease back. Within a transaction; raises Overtaken."""
    now = timezone.now()
    _end(turn, next_look(now, turn.file.poll, 0, _rng), state=State.OK, sentence=sentence, failures=0, last_good_at=now, **fields)
    if turn.blog.state in (State.TROUBLE, State.GONE):
        note("The feed can be read again.", blog=turn.blog)


def end_badly(turn: Turn, trouble: Trouble) -> None:
    """What we know stays; the row says what is wrong, and the record says it once. As `end_well`."""
    again = next_look(
        timezone.now(),
        turn.file.poll,
        turn.blog.failures,
        _rng,
        never_read=turn.first,
        retry_after=trouble.retry_after,
        gone=trouble.gone,
    )
    _end(turn, again, state=State.GONE if trouble.gone else State.TROUBLE, sentence=trouble.sentence)
    if trouble.sentence != turn.blog.sentence:
        note(f"The feed could not be read. {trouble.sentence}", blog=turn.blog)


def _end(turn: Turn, again: datetime, **fields: Any) -> None:
    """A ring during the look has moved the next one forward: that stays."""
    unless_rung = Case(When(next_look_at=turn.blog.next_look_at, then=Value(again)), default=F("next_look_at"))
    if not _ours(turn).update(look_until=None, next_look_at=unless_rung, **fields):
        raise Overtaken


def _ours(turn: Turn) -> Any:
    return Blog.objects.filter(pk=turn.blog.pk, look_until=turn.blog.look_until)
