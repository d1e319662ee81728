"""One act on everything that the record's filters find: a page says first how many, and what will not be touched."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from worker import tasks
from worker.console import filters, words
from worker.console.access import Desk, staff_page
from worker.console.page import page, typed, whole_number
from worker.deliver import staff
from worker.lib.refused import Refused
from worker.models import Delivery

MOST = 100
"""At once, in one request. What is left is said, and found by the same filters again."""
State, WaitsFor = Delivery.State, Delivery.WaitsFor


@dataclass(frozen=True)
class Act:
    label: str
    title: str
    """With {lines}."""
    consequence: str
    button: str
    can: Q
    act: Callable[[Delivery, str, str], Delivery | None]
    """(delivery, who, why). Gives back another delivery where it made one."""


ACTS: Mapping[str, Act] = {
    "hold": Act(
        "Hold…",
        "Hold {lines} back?",
        "They stay here until somebody releases or cancels them.",
        "Hold them",
        Q(state=State.PENDING),
        lambda delivery, who, why: staff.hold(delivery, who, why),
    ),
    "release": Act(
        "Release…",
        "Send {lines} now?",
        "They go out at once, whatever they were waiting for. What waits for somebody's approval is left out: only they can give it.",
        "Send them now",
        (Q(state=State.HELD) & ~Q(held_for=Delivery.HeldFor.APPROVAL)) | Q(state=State.PENDING, waits_for=WaitsFor.CLOCK),
        lambda delivery, who, why: staff.release(delivery, who, why),
    ),
    "cancel": Act(
        "Cancel…",
        "Cancel {lines}?",
        "They will not go out. Each post can still be sent later from its page.",
        "Cancel them",
        Q(state__in=[State.HELD, State.PENDING]),
        lambda delivery, who, why: staff.cancel(delivery, who, why),
    ),
    "resend-missing": Act(
        "Send newsletters to readers without them…",
        "Send {lines} to readers who do not have them?",
        "Each goes by e-mail to subscribed readers who do not have that post yet, and to nobody else.",
        "Send to readers without them",
        Q(channel="email", state__in=[State.SENT, State.FAILED], occasion=Delivery.Occasion.AUTOMATIC, post__isnull=False),
        lambda delivery, who, why: staff.resend(delivery.posts()[0], "email", who, why, audience="missing"),
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, desk: Desk, key: str) -> HttpResponse:
    act = ACTS.get(key)
    if act is None:
        raise Http404
    choice = filters.chosen(request.POST if request.method == "POST" else request.GET)
    seen = whole_number(typed(request, "newest")) if request.method == "POST" else None
    all_found = filters.found(desk, choice)
    found = _acted_on(all_found, act, seen)
    refused = ""
    if request.method == "POST":
        refused = "" if typed(request, "reason") else "Write down why, in a few words. It is kept in the record."
        if not refused:
            _do(request, desk, act, found[:MOST], more=len(found) > MOST)
            return redirect(reverse("log") + choice.query())
    number = min(len(found), MOST)
    context = {
        "act": act,
        "title": act.title.format(lines=f"{number} {'delivery' if number == 1 else 'deliveries'}"),
        "number": number,
        "more": len(found) > MOST,
        "filtered": choice.in_words(desk),
        "only": all_found.only,
        "chosen": choice,
        "newest": max((delivery.pk for delivery in found), default=0),
        "some": [(delivery.pk, words.title(delivery), words.channel_name(delivery.channel)) for delivery in found[:10]],
        "refused": refused,
    }
    return page(request, desk, "bulk", context, status=422 if refused else 200)


def _acted_on(found: filters.Found, act: Act, seen: int | None) -> list[Delivery]:
    """What can be acted on; once asked for, nothing that came after the page was shown."""
    can = act.can if seen is None else act.can & Q(pk__lte=seen)
    return list(found.read(found.first(MOST + 1, can=can)).select_related("blog", "post", "issue"))


def _do(request: HttpRequest, desk: Desk, act: Act, deliveries: list[Delivery], *, more: bool) -> None:
    """One by one; what has moved on meanwhile stays as it is, and the page says so."""
    done, refused = [], []
    for delivery in deliveries:
        try:
            made = act.act(delivery, desk.staff.email, typed(request, "reason"))
        except Refused as error:
            refused.append(str(error))
        else:
            done.append((made or delivery).pk)
    tasks.ring(tasks.send, done)
    messages.success(request, f"Done for {len(done)}." + (" There are more: do it once more for the rest." if more else ""))
    if refused:
        messages.warning(request, f"{len(refused)} stayed as they were. The first of them: {refused[0]}")
