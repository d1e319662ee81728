"""The record: every delivery with its tries, newest first, as a plain list with its filters always in sight; on paper and as a sheet too."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, override
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_safe

from worker import channels
from worker.console import bulk, filters, times, words
from worker.console.access import Desk, file_of, name_of, staff_page, zone_of
from worker.console.newsletter import Link, came_back
from worker.console.page import page, whole_number
from worker.lib.language import said, speaks
from worker.lib.sheet import harmless
from worker.models import Attempt, Delivery, Staff
from worker.models.posts import LONG_TEXTS
from worker.record.returned import returned_of
from worker.record.sums import sum_of

LINES_A_PAGE, LINES_ON_PAPER, LINES_OF_A_SHEET = 50, 500, 1000
LINES_STAND_HERE = "<!-- lines -->"
"""In templates/console/log_on_paper.html; what staff or a blog have written is escaped and cannot say it."""
SHEET = (
    *(_("id"), _("blog"), _("channel"), _("occasion"), _("state"), _("waits_for")),
    *(_("reason"), _("created_at"), _("due_at"), _("finished_at"), _("asked_by")),
)
SHEET_OF_NETWORK = (_("remote_id"), _("remote_url"), _("attempt"))
SHEET_OF_POST = (_("post_title"), _("post_url"))


@dataclass(frozen=True)
class Line:
    delivery: int
    at: str
    relative: str
    address: str
    """What it brings, where that has a page of its own."""
    title: str
    channel: str
    blog: str
    occasion: str
    chip: words.Chip
    reason: str
    came: tuple[Link, ...]
    """4 came back: each opens its people."""
    tries: tuple[str, ...]
    more_tries: int
    """So many batches of a newsletter, which are told on its own page."""


@require_safe
@staff_page
def show(request: HttpRequest, desk: Desk) -> HttpResponseBase:
    choice, before = filters.chosen(request.GET), whole_number(request.GET.get("before", ""))
    on_paper = "print" in request.GET
    most = LINES_ON_PAPER if on_paper else LINES_A_PAGE
    found = filters.found(desk, choice)
    numbers = found.first(most + 1, below=before)
    context: dict[str, Any] = {
        "number": len(numbers[:most]),
        "chosen": choice,
        "blogs": {blog.slug: name_of(blog) for blog in desk.blogs.values()},
        "channels": {slug: words.channel_name(slug) for slug in _channels(desk, choice.channel)},
        "states": filters.STATES,
        "people": _people(desk),
        "acts": bulk.ACTS if desk.may_change else {},
        "older": choice.query(before=numbers[most - 1], print="1" if on_paper else "") if len(numbers) > most else "",
        "only": found.only,
        "newest": choice.query() if before is not None else "",
        "filtered": choice.in_words(desk),
        "printed_at": times.exact(timezone.now(), zone_of(next(iter(desk.blogs.values())))) if desk.blogs else "",
    }
    if on_paper:
        return _printed(page(request, desk, "log_on_paper", context), _on_paper(found, numbers[:most], desk, speaks().code))
    return page(request, desk, "log", {**context, "lines": _lines(_read(found, numbers[:most]), desk)})


def _printed(frame: HttpResponse, lines: Iterator[str]) -> StreamingHttpResponse:
    """What stands around the lines, and the lines as they are read: hundreds of them, and nobody waits for the last to see the first."""
    above, _, below = frame.content.decode().partition(LINES_STAND_HERE)
    return StreamingHttpResponse(chain([above], lines, [below]))


def _on_paper(found: filters.Found, numbers: list[int], desk: Desk, language: str) -> Iterator[str]:
    for begin in range(0, len(numbers), LINES_A_PAGE):
        with override(language):  # as in `_csv`
            lines = _lines(_read(found, numbers[begin : begin + LINES_A_PAGE]), desk)
            made = render_to_string("console/lines_on_paper.html", {"lines": lines, "of_many_blogs": len(desk.blogs) > 1})
        yield made


def _read(found: filters.Found, numbers: list[int]) -> list[Delivery]:
    return list(found.read(numbers).select_related("post", "issue").defer(*_LONG))


_LONG = [f"post__{text}" for text in LONG_TEXTS]


def _lines(deliveries: list[Delivery], desk: Desk) -> list[Line]:
    now = timezone.now()
    totals = sum_of([delivery.pk for delivery in deliveries if delivery.channel == "email"])
    returned = returned_of(totals)
    tries = _tries([delivery.pk for delivery in deliveries if delivery.channel != "email" and delivery.attempt])
    lines = []
    for delivery in deliveries:
        blog = desk.blogs[delivery.blog_id]
        zone, at = zone_of(blog), delivery.created_at
        lines.append(
            Line(
                delivery=delivery.pk,
                at=times.exact(at, zone),
                relative=words.capital(times.relative(at, now, zone)),
                address=reverse("post", args=[delivery.post_id]) if delivery.post_id else reverse("delivery", args=[delivery.pk]),
                title=words.title(delivery),
                channel=words.channel_name(delivery.channel),
                blog=name_of(blog),
                occasion="" if delivery.occasion == Delivery.Occasion.AUTOMATIC else delivery.get_occasion_display(),
                chip=words.chip(delivery, totals.get(delivery.pk), now, zone),
                reason=delivery.reason,
                came=tuple(came_back(delivery.pk, returned[delivery.pk])) if delivery.pk in returned else (),
                tries=tuple(words.one_try(attempt, zone) for attempt in tries[delivery.pk]),
                more_tries=delivery.attempt if delivery.channel == "email" else 0,
            )
        )
    return lines


def _tries(deliveries: list[int]) -> dict[int, list[Attempt]]:
    found = defaultdict(list)
    for attempt in Attempt.objects.filter(delivery__in=deliveries).order_by("number"):
        found[attempt.delivery_id].append(attempt)
    return found


def _channels(desk: Desk, chosen: str) -> list[str]:
    """Those of the blogs' files; and the chosen one, which may have left them."""
    files = [file for blog in desk.blogs.values() if (file := file_of(blog))]
    known = {slug for file in files for slug in file.channels} | {chosen}
    return words.in_order(known & set(channels.all_channels()))


def _people(desk: Desk) -> list[str]:
    """Whose hand one may look for: everybody who can sign in, where one sees everything; else oneself and who shares one's blogs."""
    staff = Staff.objects.all() if desk.sees_everything else Staff.objects.filter(blogs__in=desk.blogs).distinct()
    return list(staff.order_by("email").values_list("email", flat=True))


@require_safe
@staff_page
def sheet(request: HttpRequest, desk: Desk) -> StreamingHttpResponse:
    """Everything that the filters find, as CSV; a page at a time, so that a million lines need no memory and keep no transaction open."""
    response = StreamingHttpResponse(
        _csv(_pages(desk, filters.chosen(request.GET)), desk, speaks().code), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="record.csv"'
    return response


def _pages(desk: Desk, choice: filters.Chosen) -> Iterator[Delivery]:
    found, last = filters.found(desk, choice, every=True), None
    while page_of := _read(found, found.first(LINES_OF_A_SHEET, below=last)):
        yield from page_of
        last = page_of[-1].pk


def _csv(deliveries: Iterator[Delivery], desk: Desk, language: str) -> Iterator[str]:
    """In `language`: when the lines are read, the request is over, and with it what it spoke. What a program reads stays as it is."""
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    with override(language):
        headings = [gettext(name) for name in (*SHEET, *SHEET_OF_NETWORK, *SHEET_OF_POST)]
    yield writer.writerow(headings)
    for delivery in deliveries:
        with override(language):
            told = {"blog": desk.blogs[delivery.blog_id].slug, "reason": said(delivery.reason)}
        values = [told.get(name) or getattr(delivery, name) for name in (*SHEET, *SHEET_OF_NETWORK)]
        yield writer.writerow([harmless(value) for value in (*values, words.title(delivery), delivery.post.url if delivery.post else "")])


class _Echo:
    """A file that gives back what is written into it."""

    def write(self, line: str) -> str:
        return line
