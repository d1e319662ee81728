"""Sending a post to one channel by hand: once more, or for the first time. Shows who has it already and what will go out."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from worker import tasks
from worker.console import says, times, words
from worker.console.access import Desk, file_of, staff_page, zone_of
from worker.console.page import page, safe_link, typed, whole_number
from worker.deliver import plan, staff
from worker.lib.language import said
from worker.lib.refused import Refused
from worker.models import Delivery, Post
from worker.newsletter.people import key_of
from worker.record.sums import Sum, sum_of
from worker.render.excerpt import excerpt

AUDIENCES = {
    "missing": "Only readers who do not have it yet",
    "failed": "Only readers whose mail was refused",
    "new": "Only readers who subscribed since",
    "all": "All readers, also those who have it",
    "one": "One reader:",
}


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, desk: Desk, pk: int, channel: str) -> HttpResponse:
    post = desk.post(pk)
    file = file_of(post.blog)
    if file is None or channel not in file.channels:
        raise Http404
    before = list(_deliveries(post, channel))
    made = plan.draft(post, file, channel)  # before the rows are locked below: its picture may have to be waited for, once
    refused = ""
    if request.method == "POST":
        try:
            delivery = _send(request, desk, post, channel)
        except Refused as error:
            refused = str(error)
        else:
            return redirect("delivery", pk=delivery.pk)
    context = {
        "post": post,
        "channel": channel,
        "name": words.channel_name(channel),
        "rehearses": file.channels[channel].mode == "rehearsal",
        "already": _already(before, desk),
        "newest": before[0].pk if before else 0,
        "wont_do": _unfinished(before) or (made if isinstance(made, str) else ""),
        "same": "" if isinstance(made, str) else staff.same_words(post, channel, made),
        "excerpt": excerpt(post, file),
        "says": None if isinstance(made, str) else says.of_draft(made, channel, file),
        "audiences": AUDIENCES if channel == "email" else {},
        "refused": refused,
        "typed": request.POST,
    }
    return page(request, desk, "send", context, status=422 if refused else 200)


def _deliveries(post: Post, channel: str) -> list[Delivery]:
    """Newest first, but for test copies."""
    return list(Delivery.objects.filter(post=post, channel=channel).exclude(occasion=Delivery.Occasion.TEST).order_by("-pk"))


def _unfinished(before: list[Delivery]) -> str:
    """Why it cannot be sent just now: one that is still on its way."""
    for delivery in before:
        if delivery.waits_for != Delivery.WaitsFor.NOTHING and delivery.state != Delivery.State.FAILED:
            return f"The one before is not finished: {delivery.reason} Finish that one first."
    return ""


def _already(before: list[Delivery], desk: Desk) -> list[tuple[str, str]]:
    """Who has it: one sentence for each delivery of which anybody has anything, and where it is live."""
    totals = sum_of([delivery.pk for delivery in before if delivery.channel == "email"])
    reached = [delivery for delivery in before if _reached(delivery, totals.get(delivery.pk))]
    return [(_had(delivery, totals.get(delivery.pk), desk), safe_link(delivery.remote_url)) for delivery in reached]


def _reached(delivery: Delivery, total: Sum | None) -> bool:
    return delivery.state == Delivery.State.SENT if total is None else total.sent > 0


def _had(delivery: Delivery, total: Sum | None, desk: Desk) -> str:
    who = words.channel_name(delivery.channel) if total is None else f"{total.sent} reader{'' if total.sent == 1 else 's'}"
    if delivery.finished_at is None:
        return _("{who} got it by now.").format(who=said(who))
    at = times.exact(delivery.finished_at, zone_of(desk.blogs[delivery.blog_id]))
    return _("{who} got it on {at}.").format(who=said(who), at=at)


def _send(request: HttpRequest, desk: Desk, post: Post, channel: str) -> Delivery:
    """A second click, or a page that was open while somebody else sent it, finds the newer delivery instead of making another."""
    seen = whole_number(typed(request, "newest")) or 0
    with transaction.atomic():
        Post.objects.select_for_update().get(pk=post.pk)
        newest = next(iter(_deliveries(post, channel)), None)
        if newest and newest.pk > seen:
            messages.info(request, "This was asked for already; here is how it stands. Nothing was sent twice.")
            return newest
        delivery = staff.resend(
            post, channel, desk.staff.email, typed(request, "reason"), audience=_audience(request, channel), text=_own_words(request)
        )
    messages.success(request, "Asked for. It goes out now.")
    tasks.ring(tasks.send, [delivery.pk])
    return delivery


def _audience(request: HttpRequest, channel: str) -> str:
    if channel != "email":
        return ""
    chosen = request.POST.get("to", "missing")
    if chosen == "one":
        return _one_reader(typed(request, "address"))
    return chosen if chosen in AUDIENCES else "missing"


def _one_reader(address: str) -> str:
    """Only an address: `all`, typed there, would mean everybody."""
    if not address:
        raise Refused("Write down the address of the reader who is to get it.")
    key_of(address)
    return address


def _own_words(request: HttpRequest) -> str | None:
    return typed(request, "text") or None
