"""Moments as people say them: relative until it matters, then exact, always in the blog's own time zone."""

from datetime import datetime, timedelta, tzinfo

from django.utils import dateformat
from django.utils.translation import gettext as _

from worker.connections.warn import days_left
from worker.lib.language import dated

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def relative(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """just now · 2 min ago · today 09:04 · yesterday 17:40 · 12 November · 12 November 2025; in 8 min · today 14:05 · tomorrow 08:00."""
    distance = moment - now
    if -HOUR < distance < HOUR:
        return _near(distance)
    days = (moment.astimezone(zone).date() - now.astimezone(zone).date()).days
    if -1 <= days <= 1:
        return _near_day(days).format(clock=clock(moment, zone))
    day = date(moment, now, zone)
    return f"{day} {clock(moment, zone)}" if days > 0 else day


def _near_day(days: int) -> str:
    return _("yesterday {clock}") if days < 0 else _("today {clock}") if days == 0 else _("tomorrow {clock}")


def _near(distance: timedelta) -> str:
    minutes = abs(distance) // MINUTE
    if distance <= timedelta(0):
        return _("{minutes} min ago").format(minutes=minutes) if minutes else _("just now")
    return _("in {minutes} min").format(minutes=minutes) if minutes else _("in a moment")


def until(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """What stands after "Waiting until": 14:05 · tomorrow 08:00 · 12 November 08:00."""
    days = (moment.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days == 0:
        return clock(moment, zone)
    return _near_day(days).format(clock=clock(moment, zone)) if days in (-1, 1) else f"{date(moment, now, zone)} {clock(moment, zone)}"


def is_today(moment: datetime, now: datetime, zone: tzinfo) -> bool:
    return moment.astimezone(zone).date() == now.astimezone(zone).date()


def clock(moment: datetime, zone: tzinfo) -> str:
    return dateformat.format(moment.astimezone(zone), _("H:i"))


def date(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """The year is said only where it is another one."""
    local = moment.astimezone(zone)
    return dated(local, _("j F") if local.year == now.astimezone(zone).year else _("j F Y"))


def exact(moment: datetime, zone: tzinfo) -> str:
    return dated(moment.astimezone(zone), _("j F Y, H:i:s"))


def clock_with_seconds(moment: datetime, zone: tzinfo) -> str:
    return dateformat.format(moment.astimezone(zone), _("H:i:s"))


def left(end: datetime | None, now: datetime) -> str:
    """12 days left; empty where no end is known."""
    if end is None:
        return ""
    days = days_left(end, now)
    if days <= 0:
        return _("ended") if days < 0 else _("ends today")
    return _("1 day left") if days == 1 else _("{days} days left").format(days=days)
