"""Taking a whole post back: what that does on each channel, what cannot be undone, and the reason."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from worker import tasks
from worker.console import words
from worker.console.access import Desk, staff_page
from worker.console.page import page, typed
from worker.deliver import withdraw
from worker.lib.refused import Refused
from worker.models import Post


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    post = desk.post(pk)
    refused = ""
    if request.method == "POST":
        if typed(request, "reason"):
            _withdraw(request, desk, post)
            return redirect("post", pk=post.pk)
        refused = "Write down why, in a few words. It is kept in the record."
    steps = [(words.channel_name(step.delivery.channel), step.fate) for step in withdraw.outlook(post)]
    context = {
        "post": post,
        "done": [(name, fate.says) for name, fate in steps if fate.may],
        "left": [(name, fate.says) for name, fate in steps if not fate.may],
        "refused": refused,
    }
    return page(request, desk, "withdraw", context, status=422 if refused else 200)


def _withdraw(request: HttpRequest, desk: Desk, post: Post) -> None:
    try:
        steps = withdraw.withdraw(post, desk.staff.email, typed(request, "reason"))
    except Refused as refused:
        messages.warning(request, str(refused))
        return
    messages.success(request, "Asked for. It is withdrawn now.")
    for step in steps:
        if not step.fate.may:
            messages.warning(request, f"Cannot be undone: {step.fate.says}")
    tasks.ring(tasks.send, [step.delivery.pk for step in steps if step.fate.may])
