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
from worker.record.needs import HELD_TOGETHER, NEEDS_YOU

STATES = {
    "needs-you": "Needs you",
    **STATE_WORDS,
    "held-burst": "Held: many at once",
    "held-late": "Held: too late",
    "held-page": "Held: the page",
}
MOST_POSTS = 1000
"""So many are looked through for a title, so that a word that stands in all of them costs no more than one that stands in few."""
LARGEST_PIECE = 4000
"""Of what somebody has touched, so much is looked through at once."""


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

    @property
    def number(self) -> int | None:
        """The line that is looked for by its number."""
        return whole_number(self.find.removeprefix("#"))

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
            self.since and gettext("from {since}").format(since=self.since),
            self.until and gettext("until {until}").format(until=self.until),
            self.who and gettext("by {who}").format(who=self.who),
            self.find and f"“{self.find}”",
        ]
        return ", ".join(said(each) for each in chosen if each) or gettext("everything")


def chosen(given: Mapping[str, str]) -> Chosen:
    """From an address's query or a posted form, without the NUL that PostgreSQL refuses in a text."""
    return Chosen(**{name: given.get(name, "").replace("\0", "").strip() for name in Chosen.__dataclass_fields__})


@dataclass(frozen=True)
class Found:
    """Newest first; what a title or an address finds, the newest post first. `only`: what was not looked through, if anything.

    `rows`: by all that was chosen but for `touched`, the deliveries that somebody has had a hand in.
    """

    choice: Chosen
    rows: QuerySet[Delivery]
    touched: QuerySet[Event, int] | None = None
    only: str = ""

    def first(self, most: int, below: int | None = None, can: Q | None = None) -> list[int]:
        """The numbers of so many, so that an index alone is read; below the line of that one, and only of those that `can`."""
        line = Delivery.objects.filter(pk=below).first() if below is not None else None
        rows = self.rows.filter(can or Q(), self._below(line) if line else Q()).order_by(*self._order).values_list("pk", flat=True)
        if self.touched is None:
            return list(rows[:most])
        if self.choice.find:
            return list(rows.filter(pk__in=self.touched)[:most])
        return _piece_by_piece(self.touched.filter(delivery__lt=line.pk) if line else self.touched, rows, most)

    def read(self, numbers: list[int]) -> QuerySet[Delivery]:
        """Those deliveries, in the same order."""
        return Delivery.objects.filter(pk__in=numbers).order_by(*self._order)

    @property
    def _order(self) -> tuple[str, ...]:
        """As the one index goes that finds them: PostgreSQL would else read from the newest on, however old what matches is."""
        if self.choice.find and self.choice.number is None:
            return ("-post_id", "-pk")
        return ("-pk",) if self.choice.who else ("-created_at", "-pk")

    def _below(self, line: Delivery) -> Q:
        first = self._order[0].removeprefix("-")
        value = getattr(line, first)
        if value is None:
            return Q()
        below = Q(**{f"{first}__lt": value}) | Q(**{first: value, "pk__lt": line.pk})
        return below & Q(**{f"{first}__lte": value})  # the last part finds the index


def found(desk: Desk, choice: Chosen, *, every: bool = False) -> Found:
    """`every`: nothing is left out, however long that takes. benchmarks/record.py holds each filter and each pair quick."""
    rows, only = _of_blogs(desk, choice.blog), ""
    if choice.channel:
        rows = rows.filter(channel=choice.channel) if choice.channel in channels.all_channels() else rows.none()
    if choice.state == "needs-you":
        rows = rows.filter(NEEDS_YOU)
    elif choice.state in HELD_TOGETHER:
        rows = rows.filter(HELD_TOGETHER[choice.state])
    elif choice.state in STATES:
        rows = rows.filter(state=choice.state)
    if since := _midnight(choice.since, choice.blog, desk):
        rows = rows.filter(created_at__gte=since)
    if until := _midnight(choice.until, choice.blog, desk, days=1):
        rows = rows.filter(created_at__lt=until)
    if choice.number is not None:
        rows = rows.filter(pk=choice.number)
    elif choice.find:
        posts = _posts(desk, choice)
        newest, only = (posts, "") if every else _newest(posts, choice)
        rows = rows.filter(post__in=newest)
    return Found(choice, rows, _touched_by(choice.who) if choice.who else None, only)


def _touched_by(who: str) -> QuerySet[Event, int]:
    theirs = Event.objects.filter(who=who, delivery__isnull=False)
    return theirs.order_by("-delivery").values_list("delivery", flat=True).distinct()


def _piece_by_piece(touched: QuerySet[Event, int], rows: QuerySet[Delivery, int], most: int) -> list[int]:
    """Larger pieces, the fewer of them match. Asked for all at once, PostgreSQL would rather walk through what everybody has touched."""
    found: list[int] = []
    size, last = most, None
    while len(found) < most:
        piece = touched if last is None else touched.filter(delivery__lt=last)
        found += rows.filter(pk__in=piece[:size])[: most - len(found)]
        last = next(iter(piece[size - 1 : size]), None)
        if last is None:
            break
        size = min(4 * size, LARGEST_PIECE)
    return found


def _of_blogs(desk: Desk, slug: str) -> QuerySet[Delivery]:
    wanted = _blogs(desk, slug)
    if desk.sees_everything and not slug:
        return Delivery.objects.all()
    return Delivery.objects.filter(blog=wanted[0]) if len(wanted) == 1 else Delivery.objects.filter(blog__in=wanted)


def _blogs(desk: Desk, slug: str) -> list[int]:
    return [pk for pk, blog in desk.blogs.items() if slug in ("", blog.slug)]


def _posts(desk: Desk, choice: Chosen) -> QuerySet[Post, int]:
    """The numbers of the posts whose title or address it stands in."""
    where = "url__icontains" if _by_address(choice) else "title__icontains"
    posts = Post.objects.filter(**{where: choice.find})
    if choice.blog or not desk.sees_everything:
        posts = posts.filter(blog__in=_blogs(desk, choice.blog))
    return posts.values_list("pk", flat=True)


def _newest(posts: QuerySet[Post, int], choice: Chosen) -> tuple[list[int], str]:
    """Of very many the newest, and a sentence that says so."""
    numbers = list(posts.order_by("-pk")[: MOST_POSTS + 1])
    if len(numbers) <= MOST_POSTS:
        return numbers, ""
    numbers.pop()
    if _by_address(choice):
        return numbers, f"More than {MOST_POSTS} posts have that in their address: these are the newest. Type more to find older ones."
    return numbers, f"More than {MOST_POSTS} posts have that in their title: these are the newest. Type more to find older ones."


def _by_address(choice: Chosen) -> bool:
    return "://" in choice.find


def _midnight(day: str, slug: str, desk: Desk, days: int = 0) -> datetime | None:
    """The beginning of that day (or of one `days` later) where the blog is. None for what is no day."""
    try:
        date = parse_date(day)
    except ValueError:
        return None
    blog = next((blog for blog in desk.blogs.values() if slug in ("", blog.slug)), None)
    if date is None or blog is None or not 1 < date.year < 9999:
        return None
    return datetime.combine(date + timedelta(days=days), time(), tzinfo=zone_of(blog))
