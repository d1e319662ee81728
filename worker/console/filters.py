"""What somebody chose in the record's filters, and which deliveries that is."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_date
from django.utils.translation import gettext

from worker import channels
from worker.console.access import Desk, zone_of
from worker.console.page import whole_number
from worker.console.words import STATE_WORDS
from worker.lib.language import said
from worker.models import Delivery, Event, Post
from worker.record.needs import NEEDS_YOU
from worker.record.transition import POSTLARK

STATES = {"needs-you": "Needs you", **STATE_WORDS}
NEWEST_FIRST = ("-created_at", "-pk")


@dataclass(frozen=True)
class Chosen:
    """Empty: all. `since` and `until` are days, the last one included; `who` has had a hand in it; `find` stands in the post's
    title, or begins with https:// and stands in its address, or is the number of a line."""

    blog: str = ""
    channel: str = ""
    state: str = ""
    since: str = ""
    until: str = ""
    who: str = ""
    find: str = ""

    def __bool__(self) -> bool:
        return any(asdict(self).values())

    def query(self, **more: Any) -> str:
        return "?" + urlencode({name: value for name, value in (asdict(self) | more).items() if value})

    @property
    def fields(self) -> dict[str, str]:
        """For the hidden fields of a form."""
        return {name: value for name, value in asdict(self).items() if value}

    def in_words(self, desk: Desk) -> str:
        """As the head of a printed page says it."""
        chosen = [
            self.blog,
            channels.find(self.channel).name if self.channel in channels.all_channels() else self.channel,
            STATES.get(self.state, ""),
            self.since and f"from {self.since}",
            self.until and f"until {self.until}",
            self.who and f"by {self.who}",
            self.find and f"“{self.find}”",
        ]
        return ", ".join(said(each) for each in chosen if each) or gettext("everything")


def chosen(given: Mapping[str, str]) -> Chosen:
    """From an address's query or a posted form, without the NUL that PostgreSQL refuses in a text."""
    return Chosen(**{name: given.get(name, "").replace("\0", "").strip() for name in Chosen.__dataclass_fields__})


def deliveries(desk: Desk, choice: Chosen) -> QuerySet[Delivery]:
    """Newest first. Every filter finds an index: models/deliveries.py."""
    rows = _of_blogs(desk, choice.blog).order_by(*_order(choice))
    if choice.channel:
        rows = rows.filter(channel=choice.channel) if choice.channel in channels.all_channels() else rows.none()
    if choice.state == "needs-you":
        rows = rows.filter(NEEDS_YOU)
    elif choice.state in STATES:
        rows = rows.filter(state=choice.state)
    if since := _midnight(choice.since, choice.blog, desk):
        rows = rows.filter(created_at__gte=since)
    if until := _midnight(choice.until, choice.blog, desk, days=1):
        rows = rows.filter(created_at__lt=until)
    if choice.who:
        theirs = Event.objects.filter(who=choice.who, delivery__isnull=False).exclude(who=POSTLARK)
        rows = rows.filter(pk__in=theirs.values("delivery"))
    return rows.filter(_found(desk, choice.find)) if choice.find else rows


def _order(choice: Chosen) -> tuple[str, ...]:
    """By number what one person had a hand in: that is how the events are indexed. Both are the order in which they were made."""
    return ("-pk",) if choice.who else NEWEST_FIRST


def older_than(rows: QuerySet[Delivery], choice: Chosen, pk: int | None) -> QuerySet[Delivery]:
    """What stands below the line of this delivery; all of it where there is none."""
    if pk is not None and choice.who:
        return rows.filter(pk__lt=pk)
    line = Delivery.objects.filter(pk=pk).values("created_at").first() if pk is not None else None
    if line is None:
        return rows
    at = line["created_at"]
    return rows.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk), created_at__lte=at)  # the last part finds the index


def _of_blogs(desk: Desk, slug: str) -> QuerySet[Delivery]:
    wanted = [pk for pk, blog in desk.blogs.items() if slug in ("", blog.slug)]
    if desk.sees_everything and not slug:
        return Delivery.objects.all()
    return Delivery.objects.filter(blog=wanted[0]) if len(wanted) == 1 else Delivery.objects.filter(blog__in=wanted)


def _found(desk: Desk, find: str) -> Q:
    number = whole_number(find.removeprefix("#"))
    if number is not None:
        return Q(pk=number)
    posts = Post.objects.filter(url__icontains=find) if "://" in find else Post.objects.filter(title__icontains=find)
    return Q(post__in=(posts if desk.sees_everything else posts.filter(blog__in=desk.blogs)).values("pk"))


def _midnight(day: str, slug: str, desk: Desk, days: int = 0) -> datetime | None:
    """The beginning of that day (or of one `days` later) where the blog is. None for what is no day."""
    try:
        date = parse_date(day)
    except ValueError:
        return None
    blog = next((blog for blog in desk.blogs.values() if slug in ("", blog.slug)), None)
    if date is None or blog is None or date.year >= 9999:
        return None
    return datetime.combine(date + timedelta(days=days), time(), tzinfo=zone_of(blog))
