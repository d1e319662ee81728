"""When something may go out: hold, quiet hours and lateness, all as pure functions of values and the clock."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from worker.lib.blogs import BlogFile, QuietHours


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
    quiet = sum(
        (
            min(end, now) - max(start, first_due_at)
            for start, end in _quiet_spans(first_due_at, now, blog)
            if end > first_due_at and start < now
        ),
        timedelta(),
    )
    return now - first_due_at - quiet > blog.late


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
