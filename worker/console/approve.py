"""Everything of one post that waits for its approver, on one page with one button."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods

from worker import tasks
from worker.console import says, words
from worker.console.access import Desk, file_of, staff_page
from worker.console.page import page, typed
from worker.deliver import approval, staff
from worker.lib.refused import Refused
from worker.models import Delivery, Post, Rendition


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    post = desk.post(pk)
    file = file_of(post.blog)
    if request.method == "POST" and not approval.is_approver(file, desk.staff.email):
        raise PermissionDenied(
            f"Only {file.approval} can approve this." if file and file.approval else "Nothing here waits for an approval."
        )
    waiting = _waiting(post)
    if request.method == "POST":
        _approve(request, desk, waiting)
        return redirect("post", pk=post.pk)
    context = {
        "post": post,
        "approver": file.approval if file else "",
        "may": approval.is_approver(file, desk.staff.email),
        "waiting": [
            (one.delivery.pk, words.channel_name(one.delivery.channel), one.made_at.isoformat(), says.of_delivery(one.delivery, one, file))
            for one in waiting
        ],
    }
    return page(request, desk, "approve", context)


def _waiting(post: Post) -> list[Rendition]:
    held = Rendition.objects.filter(delivery__post=post, delivery__held_for=Delivery.HeldFor.APPROVAL, delivery__state=Delivery.State.HELD)
    return sorted(held.select_related("delivery__blog", "delivery__post"), key=lambda one: words.place(one.delivery.channel))


def _approve(request: HttpRequest, desk: Desk, waiting: list[Rendition]) -> None:
    """Only what was on the page, in the words it had there."""
    done = []
    for one in waiting:
        try:
            seen = parse_datetime(typed(request, f"seen-{one.delivery_id}"))
            if seen:
                staff.release(one.delivery, desk.staff.email, seen=seen)
                done.append(one.delivery_id)
        except (Refused, ValueError) as refused:
            messages.warning(request, f"{words.channel_name(one.delivery.channel)}: its words have changed. {refused}")
    tasks.ring(tasks.send, done)
    if done:
        messages.success(
            request, f"Approved for {len(done)} channel{'' if len(done) == 1 else 's'}. Your name and the time are kept with them."
        )
