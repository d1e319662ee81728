"""Long before a connection ends: 14, 7, 3 and 1 days ahead, set against when the next post is likely. Each warning once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from statistics import median

from django.db import transaction
from django.db.models import Q

from worker import channels
from worker.lib.blogs import blog_file
from worker.models import Connection, Post
from worker.record.transition import note

DAYS = (14, 7, 3, 1)
LATEST = 10  # posts that tell a blog's rhythm
FEWEST = 4  # posts that show a weekday


def days_left(expires_at: datetime, now: datetime) -> int:
    """Whole days; -1 once it has ended."""
    return (expires_at - now).days if expires_at > now else -1


def warning_due(expires_at: datetime | None, now: datetime, warned: int | None) -> int | None:
    """Which of the warnings is to be given now: 14, 7, 3 or 1. `warned`: the one given last."""
    if expires_at is None or expires_at <= now:
        return None
    reached = [days for days in DAYS if expires_at - now <= timedelta(days=days)]
    if not reached or (warned is not None and warned <= min(reached)):
        return None
    return min(reached)


def next_post_likely(published: Sequence[datetime], now: datetime) -> datetime | None:
    """From the middle gap between the latest posts. None: too few to tell, or the blog has long been silent."""
    moments = sorted(published)[-LATEST:]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments) if later > earlier]
    if len(gaps) < 2:
        return None
    gap = timedelta(seconds=median(gaps))
    if now - moments[-1] > 4 * gap:
        return None
    return max(moments[-1] + gap, now)


@dataclass(frozen=True)
class Likely:
    """When the next post is likely, for the clock and for the front desk."""

    at: datetime
    says: str


def likely(published: Sequence[datetime], now: datetime, zone: tzinfo) -> Likely | None:
    """`usually every Tuesday` where the latest posts show it, else `likely around 24 November`. None: nobody can tell."""
    at = next_post_likely(published, now)
    if at is None:
        return None
    local, day = at.astimezone(zone), weekday_of([moment.astimezone(zone) for moment in published])
    return Likely(at, f"usually every {day}" if day else f"likely around {local.day} {local:%B}")


def weekday_of(published: Sequence[datetime]) -> str:
    """The day on which three of four posts of a weekly blog appear; empty where there is none. `published`: in the blog's own time."""
    moments = sorted(published)[-LATEST:]
    gaps = [(later.date() - earlier.date()).days for earlier, later in pairwise(moments)]
    if len(moments) < FEWEST or not 6 <= median(gaps) <= 8:
        return ""
    day, times = Counter(f"{moment:%A}" for moment in moments).most_common(1)[0]
    return day if times * 4 >= len(moments) * 3 else ""


def ending(name: str, expires_at: datetime, now: datetime, next_post: Likely | None) -> str:
    """The sentence, for the console and the record."""
    left = days_left(expires_at, now)
    if left < 0:
        return f"The connection to {name} ended on {_day(expires_at)}. Connect it again; what waits then goes out by itself."
    when = "today" if left == 0 else "in 1 day" if left == 1 else f"in {left} days"
    said = f"The connection to {name} ends {when}, on {_day(expires_at)}. Connect it again before that"
    if next_post is None:
        return f"{said}."
    if next_post.at >= expires_at:
        return f"{said}: the next post ({next_post.says}) could not go out there."
    return f"{said}; the next post ({next_post.says}) can still go out."


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"


def is_ending(row: Connection, now: datetime) -> bool:
    """The end is known, and within 14 days or past."""
    return row.expires_at is not None and row.expires_at - now <= timedelta(days=max(DAYS))


def sentence(row: Connection, now: datetime) -> str:
    """Empty unless it is ending."""
    if row.expires_at is None or not is_ending(row, now):
        return ""
    return ending(channels.find(row.channel).name, row.expires_at, now, likely_for(row, now))


def likely_for(row: Connection, now: datetime) -> Likely | None:
    posts = Post.objects.filter(blog=row.blog_id, published_at__lte=now).order_by("-published_at")
    file = blog_file(row.blog.slug)
    return likely(list(posts.values_list("published_at", flat=True)[: LATEST + 1]), now, file.timezone if file else UTC)


def warn(row: Connection, now: datetime) -> None:
    """Note the warning that is due in the record, once."""
    days = warning_due(row.expires_at, now, row.days_warned)
    if days is None:
        if row.days_warned is not None and not is_ending(row, now):
            Connection.objects.filter(pk=row.pk).update(days_warned=None)
        return
    with transaction.atomic():
        first = Q(days_warned=None) | Q(days_warned__gt=days)
        if Connection.objects.filter(first, pk=row.pk).update(days_warned=days):
            note(sentence(row, now), blog=row.blog, data={"channel": row.channel, "days": days})
