"""The connections: whose account each channel posts with, how long that holds, and the owner's buttons."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from csp.decorators import csp_update
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from worker import channels, tasks
from worker.channels.base import Poster
from worker.connections import connect
from worker.connections.check import read_back
from worker.connections.consent import named_place, origin_of
from worker.connections.poster import app_of
from worker.connections.standing import Standing, standings
from worker.console import times, words
from worker.console.access import Desk, file_of, name_of, owners_page, staff_page, zone_of
from worker.console.page import page
from worker.deliver import money
from worker.deliver.mend import mended
from worker.lib.blogs import BlogFile
from worker.models import Blog, Connection

TROUBLED = ("broken", "ended", "ending")


@dataclass(frozen=True)
class Line:
    """One channel of one blog."""

    slug: str
    name: str
    sentence: str
    trouble: bool
    account: str
    place: str
    left: str
    checked: str
    notes: tuple[str, ...]
    spent: str
    connected: bool
    can_consent: bool
    can_choose: bool


@dataclass(frozen=True)
class Card:
    slug: str
    name: str
    lines: tuple[Line, ...]


@require_safe
@staff_page
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    files = [file for blog in desk.blogs.values() if (file := file_of(blog))]
    now = timezone.now()
    found = standings(files, now)
    rows = {(row.blog_id, row.channel): row for row in Connection.objects.filter(blog__in=desk.blogs)}
    cards = [
        Card(
            blog.slug,
            name_of(blog),
            tuple(_line(one, blog, rows.get((blog.pk, one.channel)), now) for one in found if one.blog == blog.slug),
        )
        for blog in desk.blogs.values()
    ]
    # A browser that follows a form to the network's page asks the page of the form whether it may.
    shown = csp_update({"form-action": sorted(_origins(files))})(lambda request: page(request, desk, "connections", {"cards": cards}))
    return cast("HttpResponse", shown(request))


def _line(one: Standing, blog: Blog, row: Connection | None, now: datetime) -> Line:
    kind = channels.find(one.channel)
    consent = kind.consent if issubclass(kind, Poster) else None
    file = file_of(blog)
    assert file is not None, "only blogs with a file have channels"
    connected = one.state not in ("not-connected", "open")
    return Line(
        slug=one.channel,
        name=kind.name,
        sentence=one.sentence,
        trouble=one.state in TROUBLED,
        account=one.account,
        place=one.place,
        left=times.left(one.expires_at, now),
        checked=times.exact(one.last_checked, zone_of(blog)) if one.last_checked else "",
        notes=one.notes,
        spent=money.balance(row or Connection(channel=one.channel), file, now),
        connected=connected,
        can_consent=bool(consent and app_of(one.channel).id),
        can_choose=bool(connected and consent and consent.place and issubclass(kind, Poster) and not named_place(file, kind)),
    )


def _origins(files: list[BlogFile]) -> set[str]:
    found = set()
    for file in files:
        for slug, options in file.channels.items():
            kind = channels.find(slug)
            if issubclass(kind, Poster) and kind.consent:
                found.add(origin_of(kind.consent, options))
    return found


@require_POST
@owners_page
def check(request: HttpRequest, desk: Desk, slug: str, channel: str) -> HttpResponse:
    row = connection(desk, slug, channel)
    tell(request, row, desk, "works")
    return back(slug)


def tell(request: HttpRequest, row: Connection, desk: Desk, done: str) -> None:
    """Read the connection back, say what came of it, and let go what waited for it."""
    name = words.channel_name(row.channel)
    error = read_back(row, by_person=True)
    row.refresh_from_db()
    if error:
        messages.error(request, error.sentence)
        return
    tasks.ring(tasks.send, mended(row, desk.staff.email))
    messages.success(request, f"The connection to {name} {done}: {row.account or 'it answers'}.")


@require_POST
@owners_page
def disconnect(request: HttpRequest, desk: Desk, slug: str, channel: str) -> HttpResponse:
    messages.success(request, connect.disconnect(connection(desk, slug, channel), desk.staff.email))
    return back(slug)


def back(slug: str) -> HttpResponse:
    return redirect(reverse("connections") + f"#{slug}")


def connection(desk: Desk, slug: str, channel: str) -> Connection:
    """The row of a connected channel that the blog's file still has. Raises Http404."""
    blog, file = desk.blog(slug), file_of(desk.blog(slug))
    row = Connection.objects.select_related("blog").filter(blog=blog, channel=channel).exclude(credentials="").first()
    if row is None or file is None or channel not in file.channels:
        raise Http404
    return row
