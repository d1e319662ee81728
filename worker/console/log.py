"""The record: every delivery, newest first, as a plain list with its filters always in sight."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from worker import channels
from worker.console import times, words
from worker.console.access import Desk, name_of, staff_page, zone_of
from worker.console.needs import NEEDS_YOU
from worker.console.page import page, whole_number
from worker.models import Delivery
from worker.record.sums import sum_of

LINES_A_PAGE = 50
State = Delivery.State
STATES = {
    "needs-you": ("Needs you", NEEDS_YOU),
    "waiting": ("Waiting", Q(state=State.PENDING)),
    "sending": ("Sending", Q(state__in=[State.PREPARING, State.SENDING])),
    "checking": ("Checking", Q(state=State.UNKNOWN)),
    "sent": ("Sent", Q(state=State.SENT)),
    "rehearsed": ("Rehearsed", Q(state=State.REHEARSED)),
    "held": ("Held", Q(state=State.HELD, waits_for=Delivery.WaitsFor.PERSON)),  # held ones always do; this finds the index
    "failed": ("Failed", Q(state=State.FAILED)),
    "not-sent": ("Skipped or cancelled", Q(state__in=[State.SKIPPED, State.CANCELLED, State.WITHDRAWN])),
}


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


@require_safe
@staff_page
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    chosen = {name: request.GET.get(name, "") for name in ("blog", "channel", "state")}
    before = whole_number(request.GET.get("before", ""))
    found = list(_deliveries(desk, chosen, before)[: LINES_A_PAGE + 1])
    older = {**chosen, "before": found[LINES_A_PAGE - 1].pk} if len(found) > LINES_A_PAGE else None
    context: dict[str, Any] = {
        "lines": _lines(found[:LINES_A_PAGE], desk),
        "chosen": chosen,
        "blogs": {blog.slug: name_of(blog) for blog in desk.blogs.values()},
        "channels": {slug: channel.name for slug, channel in channels.all_channels().items()},
        "states": {key: word for key, (word, _) in STATES.items()},
        "older": "?" + urlencode(older) if older else "",
        "newest": "?" + urlencode(chosen) if before is not None else "",
    }
    return page(request, desk, "log", context)


def _deliveries(desk: Desk, chosen: dict[str, str], before: int | None) -> QuerySet[Delivery]:
    blogs = [pk for pk, blog in desk.blogs.items() if chosen["blog"] in ("", blog.slug)]
    rows = Delivery.objects.filter(blog__in=blogs).select_related("post", "issue").defer("post__content", "post__summary").order_by("-pk")
    if chosen["channel"]:
        # PostgreSQL takes no NUL in a text, not even to find nothing by it.
        rows = rows.filter(channel=chosen["channel"]) if "\0" not in chosen["channel"] else rows.none()
    if chosen["state"] in STATES:
        rows = rows.filter(STATES[chosen["state"]][1])
    return rows.filter(pk__lt=before) if before is not None else rows


def _lines(deliveries: list[Delivery], desk: Desk) -> list[Line]:
    now = timezone.now()
    totals = sum_of([delivery.pk for delivery in deliveries if delivery.channel == "email"])
    lines = []
    for delivery in deliveries:
        blog = desk.blogs[delivery.blog_id]
        zone, at = zone_of(blog), delivery.finished_at or delivery.created_at
        lines.append(
            Line(
                delivery=delivery.pk,
                at=times.exact(at, zone),
                relative=words.capital(times.relative(at, now, zone)),
                address=reverse("post", args=[delivery.post_id]) if delivery.post_id else reverse("delivery", args=[delivery.pk]),
                title=delivery.title,
                channel=words.channel_name(delivery.channel),
                blog=name_of(blog),
                occasion="" if delivery.occasion == Delivery.Occasion.AUTOMATIC else delivery.get_occasion_display(),
                chip=words.chip(delivery, totals.get(delivery.pk), now, zone),
                reason=delivery.reason,
            )
        )
    return lines
