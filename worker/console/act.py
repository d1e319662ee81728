"""The page behind a button, where the act is asked about and the reason is typed.

A second click does nothing: the row has moved on by then, and the page says how it stands.
"""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from worker import tasks
from worker.console import says, words
from worker.console.access import Desk, file_of, staff_page
from worker.console.actions import ACTIONS, Action, Stands, worded
from worker.console.page import page, typed
from worker.lib.refused import Refused
from worker.models import Delivery, Recipient, Rendition

MOST_READERS = 100
"""So many are shown to be answered for one by one."""


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, desk: Desk, pk: int, key: str) -> HttpResponse:
    delivery = desk.delivery(pk)
    if key not in ACTIONS:
        raise Http404
    it = Stands(delivery, desk, words.total_of(delivery))
    action = worded(key, it)
    refused = _act(request, desk, delivery, action) if request.method == "POST" else ""
    if isinstance(refused, Delivery):
        return redirect("delivery", pk=refused.pk)
    rendition = Rendition.objects.filter(delivery=delivery).first() if action.shows_words else None
    context = {
        "delivery": delivery,
        "action": action,
        "names": {"channel": words.channel_name(delivery.channel), "title": words.title(delivery)},
        "refused": refused,
        "closed": not action.may(it),
        "readers": _in_doubt(delivery) if key in ("there", "not-there") and it.is_newsletter else (),
        "in_doubt": it.total.unknown if it.total else 0,
        "picked": request.POST.getlist("reader"),
        "says": says.of_delivery(delivery, rendition, file_of(delivery.blog)) if rendition else None,
        "seen": rendition.made_at.isoformat() if rendition else "",
    }
    return page(request, desk, "act", context, status=422 if refused else 200)


def _in_doubt(delivery: Delivery) -> list[str]:
    rows = Recipient.objects.filter(delivery=delivery, state=Recipient.State.UNKNOWN).exclude(subscriber__email="")
    return list(rows.order_by("subscriber_id").values_list("subscriber__email", flat=True)[:MOST_READERS])


def _act(request: HttpRequest, desk: Desk, delivery: Delivery, action: Action) -> Delivery | str:
    """The delivery whose page says how it stands, when it was done or no longer can be. Else what is missing."""
    if action.reason == "required" and not typed(request, "reason"):
        return "Write down why, in a few words. It is kept in the record."
    if typed(request, "whom") == "some" and not request.POST.getlist("reader"):
        return "Choose at least one reader, or everybody in doubt."
    try:
        shown = action.act(delivery, desk.staff.email, request) or delivery
    except Refused as refused:
        messages.warning(request, str(refused))
        return delivery
    messages.success(request, action.done)
    tasks.ring(tasks.send, [shown.pk])
    return shown
