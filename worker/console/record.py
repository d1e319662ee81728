"""Every line of the record, newest first: who did what, when, and the seal that closes it."""

from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from worker.console import times, words
from worker.console.access import Desk, name_of, staff_page, zone_of
from worker.console.page import page, whole_number
from worker.lib.language import said
from worker.models import Event, Seal
from worker.models.posts import LONG_TEXTS

LINES_A_PAGE = 100


@dataclass(frozen=True)
class Line:
    number: int
    at: str
    relative: str
    who: str
    what: str
    blog: str
    address: str
    """The page of what it is about, where there is one."""
    about: str
    """What stands there: a post's title and a channel; empty for a reader, whose address the record does not hold."""
    seal: int | None


@require_safe
@staff_page
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    theirs = Q() if desk.sees_everything else Q(blog__in=desk.blogs)
    events = Event.objects.filter(theirs).select_related("seal", "post", "delivery__post", "delivery__issue").defer(*_LONG).order_by("-pk")
    before = whole_number(request.GET.get("before", ""))
    found = list((events.filter(pk__lt=before) if before is not None else events)[: LINES_A_PAGE + 1])
    context = {
        "lines": [_line(event, desk) for event in found[:LINES_A_PAGE]],
        "older": found[LINES_A_PAGE - 1].pk if len(found) > LINES_A_PAGE else None,
        "is_newest": before is None,
        "seal": Seal.objects.order_by("-number").first(),
        "several": len(desk.blogs) > 1,
    }
    return page(request, desk, "record", context)


_LONG = [f"{post}__{text}" for post in ("post", "delivery__post") for text in LONG_TEXTS]


def _line(event: Event, desk: Desk) -> Line:
    blog = desk.blogs.get(event.blog_id or 0)
    zone = zone_of(blog) if blog else timezone.get_default_timezone()
    return Line(
        number=event.pk,
        at=times.exact(event.at, zone),
        relative=words.capital(times.relative(event.at, timezone.now(), zone)),
        who=event.who,
        what=event.what,
        blog=name_of(blog) if blog else "",
        address=_address(event),
        about=_about(event),
        seal=event.seal.number if event.seal else None,
    )


def _about(event: Event) -> str:
    if event.delivery:
        return f"{words.title(event.delivery)}, {said(words.channel_name(event.delivery.channel))}"
    return event.post.title if event.post else ""


def _address(event: Event) -> str:
    if event.delivery_id:
        return reverse("delivery", args=[event.delivery_id])
    if event.post_id:
        return reverse("post", args=[event.post_id])
    return reverse("subscriber", args=[event.subscriber_id]) if event.subscriber_id else ""
