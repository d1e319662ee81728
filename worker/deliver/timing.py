"""When something may go out: hold, quiet hours and lateness, all as pure functions of values and the clock."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from worker.lib.blogs import BlogFile, QuietHours

APART = timedelta(minutes=1)
"""Between two posts to the same network that have waited. Speed and repetition are what networks take for spam."""
FRESH = timedelta(minutes=5)


def first_due(now: datetime, blog: BlogFile, channel: str) -> datetime:
    """When a post noticed `now` goes out on `channel`: after its hold, and not in quiet hours."""
    return after_quiet(now + blog.hold_for(channel), blog)


def after_quiet(moment: datetime, blog: BlogFile) -> datetime:
    """`moment` itself, or the end of the quiet hours it falls into."""
    for start, end in _quiet_spans(moment, moment + timedelta(days=1), blog):
        if start <= moment < end:
            moment = end
    return moment


def too_late(now: datetime, first_due_at: datetime, blog: BlogFile) -> bool:
    """True once more than `late` has passed since the first due time, quiet hours not counted."""
    return now - first_due_at - _quiet_between(first_due_at, now, blog) > blog.late


def late_from(first_due_at: datetime, blog: BlogFile) -> datetime:
    """The last moment at which it still goes by itself."""
    last = first_due_at + blog.late
    while (later := first_due_at + blog.late + _quiet_between(first_due_at, last, blog)) > last:
        last = later
    return last


def its_place(now: datetime, created_at: datetime, called_at: datetime | None, ahead: int) -> datetime:
    """When one goes out that could go now, had not others waited with it: after an outage they follow one another in peace.

    `called_at`: when its network was last asked to post; `ahead`: how many wait before it. What is new never waits.
    """
    if now - created_at <= FRESH:
        return now
    free = max(now, called_at + APART) if called_at else now
    return free + ahead * APART


def _quiet_between(since: datetime, until: datetime, blog: BlogFile) -> timedelta:
    spans = _quiet_spans(since, until, blog)
    return sum((min(end, until) - max(start, since) for start, end in spans if end > since and start < until), timedelta())


def _quiet_spans(since: datetime, until: datetime, blog: BlogFile) -> list[tuple[datetime, datetime]]:
    """The quiet hours, one a day, that touch the time between; in UTC, so that a day of 23 or 25 hours counts as it is."""
    if blog.quiet_hours is None:
        return []
    day = since.astimezone(blog.timezone).date() - timedelta(days=1)
    last = until.astimezone(blog.timezone).date()
    spans = []
    while day <= last:
        spans.append(_span(blog.quiet_hours, datetime.combine(day, time()), blog.timezone))
        day += timedelta(days=1)
    return spans


def _span(quiet: QuietHours, midnight: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """A time that the change of the clocks leaves out or brings twice counts as quiet: in doubt, wait."""
    until = midnight if quiet.end > quiet.start else midnight + timedelta(days=1)
    return min(_both(midnight, quiet.start, zone)), max(_both(until, quiet.end, zone))


def _both(midnight: datetime, at: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    local = datetime.combine(midnight.date(), at, tzinfo=zone)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
