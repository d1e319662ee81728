"""Other words for what has not gone out: typed here, looked at through the gate, then kept."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods

from worker import tasks
from worker.console import says, words
from worker.console.access import Desk, file_of, staff_page
from worker.console.page import page, typed
from worker.deliver import reword
from worker.lib.refused import Refused
from worker.models import Delivery, Rendition
from worker.render.excerpt import excerpt


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """`look`: shows what it becomes, and keeps nothing. `own`: back to Postlark's own words."""
    delivery, file = desk.delivery(pk), file_of(desk.delivery(pk).blog)
    rendition = Rendition.objects.filter(delivery=delivery).first()
    if file is None or delivery.post is None or not reword.may_reword(delivery):
        messages.warning(request, f"Its words can’t be changed any more. {delivery.reason}")
        return redirect("delivery", pk=pk)
    text = (
        typed(request, "text") if request.method == "POST" else (rendition.own_words if rendition else "") or excerpt(delivery.post, file)
    )
    refused = ""
    if request.method == "POST" and "look" not in request.POST:
        refused = _keep(request, desk, delivery, "" if "own" in request.POST else text)
        if not refused:
            return redirect("delivery", pk=pk)
    made = reword.preview(delivery, text)
    context = {
        "delivery": delivery,
        "channel": words.channel_name(delivery.channel),
        "text": text,
        "seen": typed(request, "seen") or (rendition.made_at.isoformat() if rendition else ""),
        "refused": refused or (made if isinstance(made, str) else ""),
        "says": None if isinstance(made, str) else says.of_draft(made, delivery.channel, file),
        "is_own": bool(rendition and rendition.edited_by),
        "enhanced": True,
    }
    return page(request, desk, "reword", context, status=422 if refused else 200)


def _keep(request: HttpRequest, desk: Desk, delivery: Delivery, text: str) -> str:
    """The gate's sentence, where it says no."""
    try:
        seen = parse_datetime(typed(request, "seen"))
    except ValueError:
        seen = None
    try:
        reword.reword(delivery, desk.staff.email, text, seen=seen)
    except Refused as refused:
        return str(refused)
    messages.success(request, f"The words are kept. {delivery.reason}")
    tasks.ring(tasks.send, [delivery.pk])
    return ""
