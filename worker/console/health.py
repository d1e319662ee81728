"""How the blogs themselves are: the last good look, the next one, what is paused, and the button to look now."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from worker import tasks
from worker.console import home, times, words
from worker.console.access import Desk, file_of, name_of, staff_page, zone_of
from worker.console.needs import NO_ROOM, THE_COMPUTER
from worker.console.page import page
from worker.deliver import staff
from worker.ingest import bell
from worker.ingest.health import Health, health
from worker.lib import room
from worker.lib.blogs import BlogFile
from worker.lib.language import said
from worker.lib.log import without_secrets
from worker.models import Blog, Connection, Mailbox
from worker.newsletter.mail import mailbox_name
from worker.newsletter.returns import mailboxes

GONE = "The file of this blog is gone; put {}.toml back, or leave it: what was sent stays in the record."


@dataclass(frozen=True)
class ChannelHealth:
    slug: str
    name: str
    says: str
    trouble: bool
    can_pause: bool
    can_resume: bool
    connects: bool
    """What it lacks is mended among the connections."""


@dataclass(frozen=True)
class BlogHealth:
    slug: str
    name: str
    sentence: str
    then: str
    """What happens next; empty where the blog's file is gone."""
    trouble: bool
    looks: str
    last_good: str
    feed: str
    hook: str
    returns: str
    """Of the mailbox to which its newsletters come back; empty: none is read."""
    paused: bool
    channels: tuple[ChannelHealth, ...]


@require_safe
@staff_page
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    connections = {(c.blog_id, c.channel): c for c in Connection.objects.filter(blog__in=desk.blogs)}
    computer = "" if room.is_left() else f"{said(THE_COMPUTER)} {said(NO_ROOM)}"
    return page(request, desk, "health", {"computer": computer, "blogs": [_health(blog, connections) for blog in desk.blogs.values()]})


def _health(blog: Blog, connections: dict[tuple[int, str], Connection]) -> BlogHealth:
    now, file = timezone.now(), file_of(blog)
    how = health(blog, file, now) if file else Health(Blog.State.GONE, GONE.format(blog.slug), "")
    options = sorted(file.channels.items(), key=lambda item: words.place(item[0])) if file else []
    return BlogHealth(
        slug=blog.slug,
        name=name_of(blog),
        sentence=how.sentence,
        then=how.then,
        trouble=how.wrong,
        looks=home.looks(blog, now),
        last_good=times.exact(blog.last_good_at, zone_of(blog)) if blog.last_good_at else "never yet",
        feed=without_secrets(file.feed) if file else "",
        hook=bell.address(blog.slug),
        returns=_returns(blog, file, now) if file and "email" in file.channels else "",
        paused=bool(blog.paused_by),
        channels=tuple(
            _channel(
                slug, home.channel_status(slug, option, blog, connections.get((blog.pk, slug)), now), connections.get((blog.pk, slug)), blog
            )
            for slug, option in options
        ),
    )


def _returns(blog: Blog, file: BlogFile, now: datetime) -> str:
    name = mailbox_name(file)
    if not name:
        return ""
    row = Mailbox.objects.filter(name=name).first()
    if needs := mailboxes.sentence(name):
        return needs
    if row is None or row.looked_at is None:
        return "Its mailbox was not read yet."
    return f"Its mailbox was read {times.relative(row.looked_at, now, zone_of(blog))}; nothing in it needs a person."


def _channel(slug: str, status: home.Status, connection: Connection | None, blog: Blog) -> ChannelHealth:
    """While the whole blog is paused, only its own button lets a channel go on."""
    paused = bool(connection and connection.paused_by)
    stopped = paused or bool(connection and connection.broken)
    return ChannelHealth(
        slug=slug,
        name=words.channel_name(slug),
        says=status.says,
        trouble=status.trouble,
        can_pause=not stopped and not blog.paused_by and status.says != "Off",
        can_resume=stopped and not blog.paused_by,
        connects=status.trouble and slug != "email" and not paused and not blog.paused_by,
    )


@require_POST
@staff_page
def look(request: HttpRequest, desk: Desk, slug: str) -> HttpResponse:
    blog = desk.blog(slug)
    now = bell.rung(blog.slug)
    if now:
        tasks.ring(tasks.look, [blog.slug])
    messages.success(request, f"Postlark looks at {name_of(blog)} {'now' if now else 'in a moment'}.")
    return redirect(reverse("health") + f"#{blog.slug}")


@require_POST
@staff_page
def pause(request: HttpRequest, desk: Desk, slug: str, channel: str = "") -> HttpResponse:
    return _turn(request, desk, slug, channel, stop=True)


@require_POST
@staff_page
def resume(request: HttpRequest, desk: Desk, slug: str, channel: str = "") -> HttpResponse:
    return _turn(request, desk, slug, channel, stop=False)


def _turn(request: HttpRequest, desk: Desk, slug: str, channel: str, *, stop: bool) -> HttpResponse:
    blog, file = desk.blog(slug), file_of(desk.blog(slug))
    if channel and (file is None or channel not in file.channels):
        raise Http404
    turn = staff.pause if stop else staff.resume
    messages.success(request, turn(blog, channel or None, desk.staff.email))
    return redirect(reverse("health") + f"#{blog.slug}")
