"""Moments as people say them: relative until it matters, then exact, always in the blog's own time zone."""

from datetime import datetime, timedelta, tzinfo

from worker.connections.warn import days_left

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def relative(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """just now · 2 min ago · today 09:04 · yesterday 17:40 · 12 November · 12 November 2025; in 8 min · today 14:05 · tomorrow 08:00."""
    distance = moment - now
    if -HOUR < distance < HOUR:
        return _near(distance)
    days = (moment.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days in _NEAR_DAYS:
        return f"{_NEAR_DAYS[days]} {clock(moment, zone)}"
    day = date(moment, now, zone)
    return f"{day} {clock(moment, zone)}" if days > 0 else day


_NEAR_DAYS = {-1: "yesterday", 0: "today", 1: "tomorrow"}


def _near(distance: timedelta) -> str:
    minutes = abs(distance) // MINUTE
    if distance <= timedelta(0):
        return f"{minutes} min ago" if minutes else "just now"
    return f"in {minutes} min" if minutes else "in a moment"


def until(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """What stands after "Waiting until": 14:05 · tomorrow 08:00 · 12 November 08:00."""
    days = (moment.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days == 0:
        return clock(moment, zone)
    return f"{_NEAR_DAYS.get(days) or date(moment, now, zone)} {clock(moment, zone)}"


def is_today(moment: datetime, now: datetime, zone: tzinfo) -> bool:
    return moment.astimezone(zone).date() == now.astimezone(zone).date()


def clock(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}"


def date(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """The year is said only where it is another one."""
    local = moment.astimezone(zone)
    day = f"{local.day} {local:%B}"
    return day if local.year == now.astimezone(zone).year else f"{day} {local.year}"


def exact(moment: datetime, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    return f"{local.day} {local:%B %Y, %H:%M:%S}"


def clock_with_seconds(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%H:%M:%S}"


def left(end: datetime | None, now: datetime) -> str:
    """12 days left; empty where no end is known."""
    if end is None:
        return ""
    days = days_left(end, now)
    return "ended" if days < 0 else "ends today" if days == 0 else "1 day left" if days == 1 else f"{days} days left"
