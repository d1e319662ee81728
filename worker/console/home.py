"""Posts x channels: what stands where, and above it what needs a person."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from worker.connections import standing
from worker.console import first_steps, needs, times, words
from worker.console.access import Desk, file_of, name_of, staff_page, zone_of
from worker.console.page import live_page, whole_number
from worker.deliver import money
from worker.ingest.health import WRONG
from worker.lib.blogs import ChannelOptions
from worker.lib.language import said
from worker.models import Blog, Connection, Delivery, Post, Subscriber
from worker.models.posts import LONG_TEXTS
from worker.record.deliveries import of_posts, outdated
from worker.record.sums import Sum, sum_of

POSTS_A_PAGE = 20
MOST_STRIPS = 5
State = Delivery.State


@dataclass(frozen=True)
class Cell:
    """How one post stands on one channel."""

    address: str
    chip: words.Chip
    line: str
    out: str
    """Where the network shows it, if it does."""


@dataclass(frozen=True)
class Row:
    post: int
    title: str
    when: str
    by: str
    blog: str
    edited: bool
    before_our_time: bool
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Status:
    """One field of a blog's strip."""

    name: str
    says: str
    trouble: bool = False


@dataclass(frozen=True)
class Strip:
    blog: str
    slug: str
    fields: tuple[Status, ...]

    @property
    def trouble(self) -> bool:
        return any(field.trouble for field in self.fields)


@dataclass(frozen=True)
class View:
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    needs: needs.Needs
    strips: tuple[Strip, ...]
    older: str
    several_blogs: bool
    quiet_blogs: int
    """Of several, so many are fine and off the page; their strips are a click away."""
    steps: tuple[first_steps.Steps, ...]


@require_safe
@staff_page
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    now, everything = timezone.now(), desk
    slug = request.GET.get("blog", "")
    if slug:
        desk = desk.at(slug)
    posts, older = _posts(desk, whole_number(request.GET.get("older", "")))
    deliveries = _deliveries(posts)
    columns = _columns(desk, {slug for _, slug in deliveries})
    totals = sum_of([d.pk for of_a_cell in deliveries.values() for d in of_a_cell if d.channel == "email"])
    strips = tuple(_strips(desk, now))
    view = View(
        columns=tuple(words.channel_name(slug) for slug in columns),
        rows=tuple(_row(post, [deliveries.get((post.pk, slug), []) for slug in columns], totals, desk, now) for post in posts),
        needs=needs.what_needs_a_person(desk),
        strips=strips if len(strips) <= MOST_STRIPS else tuple(strip for strip in strips if strip.trouble),
        older="?" + urlencode({"blog": slug, "older": older} if slug else {"older": older}) if older else "",
        several_blogs=len(desk.blogs) > 1,
        quiet_blogs=0 if len(strips) <= MOST_STRIPS else sum(not strip.trouble for strip in strips),
        steps=first_steps.of(desk) if len(desk.blogs) == 1 else (),
    )
    return live_page(
        request,
        desk,
        "home",
        view,
        parts=["#needs", "#strips", "#grid"],
        about=Q(blog__in=desk.blogs),
        before_our_time=words.BEFORE_OUR_TIME,
        switch={blog.slug: name_of(blog) for blog in everything.blogs.values()} if len(everything.blogs) > 1 else {},
        chosen=slug,
    )


def _posts(desk: Desk, older_than: int | None) -> tuple[list[Post], int | None]:
    """A page of posts, newest first, and where the next page begins."""
    shown = Post.objects.all() if desk.sees_everything else Post.objects.filter(blog__in=desk.blogs)
    posts: QuerySet[Post] = shown.defer(*LONG_TEXTS).order_by("-published_at", "-pk")
    last = Post.objects.filter(pk=older_than, blog__in=desk.blogs).first() if older_than is not None else None
    if last:
        posts = posts.filter(
            Q(published_at__lt=last.published_at) | Q(published_at=last.published_at, pk__lt=last.pk), published_at__lte=last.published_at
        )
    found = list(posts[: POSTS_A_PAGE + 1])
    return found[:POSTS_A_PAGE], found[POSTS_A_PAGE - 1].pk if len(found) > POSTS_A_PAGE else None


def _deliveries(posts: Iterable[Post]) -> dict[tuple[int, str], list[Delivery]]:
    """(post, channel) -> its deliveries but for test copies, oldest first."""
    found = defaultdict(list)
    for post, delivery in of_posts(post.pk for post in posts):
        found[post, delivery.channel].append(delivery)
    return found


def _columns(desk: Desk, used: set[str]) -> list[str]:
    """Every channel that one of the blogs has switched on, and those that have been used; in the channels' own order."""
    files = [file for blog in desk.blogs.values() if (file := file_of(blog))]
    wanted = used | {slug for file in files for slug, options in file.channels.items() if options.mode != "off"}
    return words.in_order(wanted)


def _row(post: Post, of_channels: list[list[Delivery]], totals: dict[int, Sum], desk: Desk, now: datetime) -> Row:
    blog = desk.blogs[post.blog_id]
    zone = zone_of(blog)
    everything = [delivery for of_a_cell in of_channels for delivery in of_a_cell]
    return Row(
        post=post.pk,
        title=post.title,
        when=words.capital(times.relative(post.published_at, now, zone)),
        by=post.author,
        blog=name_of(blog),
        edited=bool(outdated(everything, post.edited_at)),
        before_our_time=post.origin == Post.Origin.BASELINE and all(d.state == State.SKIPPED for d in everything),
        cells=tuple(_cell(the_one_that_counts(of_a_cell, totals), totals, now, blog) if of_a_cell else None for of_a_cell in of_channels),
    )


def the_one_that_counts(deliveries: list[Delivery], totals: dict[int, Sum]) -> Delivery:
    """Of several for the same post and channel: one that is still on its way, else the one that reached most, else the newest."""

    def weight(delivery: Delivery) -> tuple[bool, int, int]:
        total = totals.get(delivery.pk)
        reached = total.sent if total else int(delivery.state == State.SENT)
        under_way = delivery.waits_for != Delivery.WaitsFor.NOTHING and delivery.state != State.FAILED
        return under_way, reached, delivery.pk

    return max(deliveries, key=weight)


def _cell(delivery: Delivery, totals: dict[int, Sum], now: datetime, blog: Blog) -> Cell:
    total, zone = totals.get(delivery.pk), zone_of(blog)
    return Cell(
        address=reverse("delivery", args=[delivery.pk]),
        chip=words.chip(delivery, total, now, zone),
        line=words.line(delivery, total, now, zone),
        out=words.shown_at(delivery),
    )


def _strips(desk: Desk, now: datetime) -> Iterable[Strip]:
    connections = {(c.blog_id, c.channel): c for c in Connection.objects.filter(blog__in=desk.blogs)}
    mailed = Subscriber.objects.filter(blog__in=desk.blogs, state=Subscriber.State.CONFIRMED)
    readers = {row["blog"]: row["readers"] for row in mailed.values("blog").annotate(readers=Count("pk"))}
    for blog in desk.blogs.values():
        fields = [Status("Blog", looks(blog, now), blog.state in WRONG)]
        file = file_of(blog)
        for slug, options in sorted(file.channels.items(), key=lambda item: words.place(item[0])) if file else ():
            connection = connections.get((blog.pk, slug))
            status = channel_status(slug, options, blog, connection, now)
            if slug == "email":
                number = readers.get(blog.pk, 0)
                beside = f"{number} reader{'' if number == 1 else 's'}"
            else:
                beside = money.balance(connection or Connection(channel=slug), file, now) if file else ""
            fields.append(Status(words.channel_name(slug), " · ".join(filter(None, [status.says, beside])), status.trouble))
        yield Strip(name_of(blog), blog.slug, tuple(fields))


def looks(blog: Blog, now: datetime) -> str:
    """Looked 2 min ago, next in 8 min."""
    if file_of(blog) is None:
        return _("No longer watched: its file is gone")
    zone = zone_of(blog)
    last = (
        _("Looked {relative}").format(relative=times.relative(blog.last_good_at, now, zone))
        if blog.last_good_at
        else _("Not looked at yet")
    )
    soon = blog.next_look_at is None or blog.next_look_at <= now
    if soon or not blog.next_look_at:
        return _("{last}, looking now").format(last=last)
    return _("{last}, next {relative}").format(last=last, relative=times.relative(blog.next_look_at, now, zone))


def channel_status(slug: str, options: ChannelOptions, blog: Blog, connection: Connection | None, now: datetime) -> Status:
    """Whatever its posts: may the channel send?"""
    if options.mode == "off":
        return Status("", "Off")
    if paused_by := blog.paused_by or (connection.paused_by if connection else ""):
        return Status("", f"Paused by {paused_by}", True)
    if options.mode == "rehearsal":
        return Status("", "Rehearsing")
    if connection and connection.broken:
        return Status("", words.first_sentence(said(connection.broken)), True)
    if slug != "email" and standing.is_missing(slug, connection):
        return Status("", "Not connected", True)
    if connection and connection.cooldown_until and connection.cooldown_until > now:
        return Status("", _("Waits until {moment}").format(moment=times.until(connection.cooldown_until, now, zone_of(blog))))
    if connection and (left := times.left(connection.expires_at, now)):
        return Status(
            "", _("Ready, {left}").format(left=left), connection.expires_at is not None and connection.expires_at - now < timedelta(days=7)
        )
    return Status("", "Ready")
