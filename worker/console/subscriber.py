"""One person: may we write, what did they get, what came back; and taking them off when they ring."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from worker.console import subscribers, times, words
from worker.console.access import Desk, name_of, staff_page, zone_of
from worker.console.newsletter import Came, came_of
from worker.console.page import page, typed
from worker.console.words import Chip
from worker.lib.language import speaks
from worker.lib.refused import Refused
from worker.models import Recipient, Subscriber
from worker.newsletter import consent, people
from worker.newsletter.consent import today
from worker.newsletter.leave import forget, unsubscribe
from worker.newsletter.suppress import BY_THEIR_OWN_WISH, allow, reopen, suppression_of
from worker.render.words import spoken_day

NEWSLETTERS = 100
_CHIPS = {
    Recipient.State.WAITING: Chip("Waiting", "clock", "blue"),
    Recipient.State.SENDING: Chip("Sending", "half", "blue"),
    Recipient.State.SENT: Chip("Sent", "tick", "green"),
    Recipient.State.REFUSED: Chip("Refused", "cross", "red"),
    Recipient.State.SKIPPED: Chip("Skipped", "dash", "grey"),
    Recipient.State.UNKNOWN: Chip("In doubt", "question", "violet"),
}


@dataclass(frozen=True)
class Got:
    delivery: int
    title: str
    chip: Chip
    at: str
    reason: str
    detail: str
    came: tuple[Came, ...]


@require_safe
@staff_page
def show(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    row = _found(desk, pk)
    blog, zone, now = row.blog, zone_of(row.blog), timezone.now()
    day, known = today(blog, now), suppression_of(row.blog_id, row.address_key)
    consents, holds = people.consents_of(row), consent.in_force(row.consents.all(), day) is not None
    got = row.recipients.select_related("delivery__post", "delivery__issue").prefetch_related("returns").order_by("-pk")[:NEWSLETTERS]
    context = {
        "row": row,
        "name": row.email or "Somebody who was forgotten",
        "blog": name_of(blog),
        "chip": subscribers.chip(row, known, day),
        "sentence": subscribers.stands(row, known, day, blog),
        "gets": subscribers.gets(row) or "every post as it appears",
        "consents": [
            {
                **people.agreed(one),
                "basis": one.get_basis_display(),
                "since": spoken_day(one.obtained_on, speaks().code),
                "until": spoken_day(one.ends_on, speaks().code) if one.ends_on else "",
                "words": one.wording.text if one.wording else "",
            }
            for one in consents
        ],
        "got": [_got(one, now, zone) for one in got],
        "story": [
            {
                "at": times.exact(event.at, zone),
                "relative": times.relative(event.at, now, zone),
                "who": event.who,
                "what": event.what,
                "because": event.data.get("because", ""),
            }
            for event in row.events.order_by("-pk")[:NEWSLETTERS]
        ],
        "holds": holds,
        "can_sign_up": row.state == Subscriber.State.CONFIRMED and not known and not holds,
        "can_leave": row.state == Subscriber.State.CONFIRMED,
        "can_be_forgotten": row.state != Subscriber.State.FORGOTTEN,
        "can_be_let_in": known is not None and known.cause not in BY_THEIR_OWN_WISH and row.state == Subscriber.State.CONFIRMED,
    }
    return page(request, desk, "subscriber", context)


def _found(desk: Desk, pk: int) -> Subscriber:
    row = Subscriber.objects.select_related("blog").filter(pk=pk, blog__in=desk.blogs).first()
    if row is None:
        raise Http404
    return row


def _got(one: Recipient, now: datetime, zone: tzinfo) -> Got:
    return Got(
        delivery=one.delivery_id,
        title=words.title(one.delivery),
        chip=_CHIPS[Recipient.State(one.state)],
        at=times.relative(one.at, now, zone) if one.at else "",
        reason=one.reason,
        detail=one.detail,
        came=came_of(one, zone),
    )


@require_POST
@staff_page
def act(request: HttpRequest, desk: Desk, pk: int, key: str) -> HttpResponse:
    """They rang: take them off, erase them, or let them in again. The reason is kept."""
    row = _found(desk, pk)
    if key not in _ACTS:
        raise Http404
    reason = typed(request, "reason")
    if not reason:
        messages.warning(request, "Nothing was changed: say why, it is kept in the record.")
    else:
        try:
            changed, done = _ACTS[key](row, desk.staff.email, reason)
        except Refused as refused:
            messages.warning(request, str(refused))
        else:
            messages.success(request, done) if changed else messages.info(request, "That was done already; nothing has changed.")
    return redirect("subscriber", pk=pk)


def _off(row: Subscriber, who: str, reason: str) -> tuple[bool, str]:
    return unsubscribe(row, who, reason), "They are off the list and are not written to again, not even by a newsletter that is on its way."


def _forget(row: Subscriber, who: str, reason: str) -> tuple[bool, str]:
    return forget(row, who, reason), "They are erased; only a hash of the address is kept, so that nobody writes to them again."


def _let_in(row: Subscriber, who: str, reason: str) -> tuple[bool, str]:
    if reopen(row.blog, row.address_key, who=who, reason=reason):
        return True, "They may be written to again, as far as their consent goes."
    changed = allow(row.blog, row.address_key, who=who, obtained_on=today(row.blog, timezone.now()), proof=reason)
    return changed, "They may be written to again; their consent of today is on record."


_ACTS: dict[str, Callable[[Subscriber, str, str], tuple[bool, str]]] = {"off": _off, "forget": _forget, "let-in": _let_in}
