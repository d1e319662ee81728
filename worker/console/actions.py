"""What a person can do with a delivery: which buttons it has now, and the page behind each, where the reason is typed.

A second click does nothing: the row has moved on by then, and the page says how it stands.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from worker import tasks
from worker.console import words
from worker.console.access import Desk, staff_page
from worker.console.page import page, safe_link, typed
from worker.deliver import staff
from worker.models import Delivery

State, WaitsFor = Delivery.State, Delivery.WaitsFor

WHY_GREY = {
    State.HELD: "It is held already. Resending opens once this one is finished.",
    State.PENDING: "Resending opens once this one is finished.",
    State.PREPARING: "It is on its way. These open when it has arrived.",
    State.SENDING: "It is on its way. These open when it has arrived.",
    State.UNKNOWN: "These open once we know what happened.",
}
FINISHED = "It is finished: there is nothing left to release, hold or cancel."
NOT_YOURS = "You can look at everything here; changing it is for the office and the owner."


@dataclass(frozen=True)
class Action:
    label: str
    title: str
    """What is asked on the page behind the button."""
    consequence: str
    button: str
    act: Callable[[Delivery, str, HttpRequest], None]
    done: str
    may: Callable[[Delivery, int], bool]
    """Whether it can act now; the number is that of the readers in doubt."""
    reason: str = "none"
    """Whether a reason is asked for: none, optional, required."""
    asks_address: bool = False


def _waits(delivery: Delivery, unknown: int) -> bool:
    return delivery.state == State.PENDING


def _held_or_waits(delivery: Delivery, unknown: int) -> bool:
    return delivery.state in (State.HELD, State.PENDING)


def _can_be_released(delivery: Delivery, unknown: int) -> bool:
    return delivery.state == State.HELD or (delivery.state == State.PENDING and delivery.waits_for == WaitsFor.CLOCK)


def _in_doubt(delivery: Delivery, unknown: int) -> bool:
    return delivery.state == State.UNKNOWN or unknown > 0


def _person_asked(delivery: Delivery, unknown: int) -> bool:
    return (delivery.state == State.UNKNOWN and delivery.waits_for == WaitsFor.PERSON) or unknown > 0


ACTIONS = {
    "release": Action(
        label="Release…",
        title="Send this now?",
        consequence="It goes out at once, whatever it was waiting for.",
        button="Send it now",
        act=lambda delivery, who, request: staff.release(delivery, who, typed(request, "reason")),
        done="Released. It goes out now.",
        may=_can_be_released,
        reason="optional",
    ),
    "hold": Action(
        label="Hold…",
        title="Hold this back?",
        consequence="It stays here until somebody releases or cancels it.",
        button="Hold it",
        act=lambda delivery, who, request: staff.hold(delivery, who, typed(request, "reason")),
        done="Held. Nothing goes out until somebody releases it.",
        may=_waits,
        reason="required",
    ),
    "cancel": Action(
        label="Cancel…",
        title="Cancel this?",
        consequence="It will not go out. You can still send the post later from its page.",
        button="Cancel it",
        act=lambda delivery, who, request: staff.cancel(delivery, who, typed(request, "reason")),
        done="Cancelled. It will not go out.",
        may=_held_or_waits,
        reason="required",
    ),
    "there": Action(
        label="It is there…",
        title="You looked, and it is there?",
        consequence="Postlark takes your word for it, writes that down, and sends nothing.",
        button="Yes, it is there",
        act=lambda delivery, who, request: staff.settle(delivery, who, True, safe_link(typed(request, "address"))),
        done="Thank you. It counts as sent.",
        may=_in_doubt,
        asks_address=True,
    ),
    "not-there": Action(
        label="It is not, send it…",
        title="You looked, and it is not there?",
        consequence="It goes out again at once. If it was there after all, people will see it twice.",
        button="It is not there, send it",
        act=lambda delivery, who, request: staff.settle(delivery, who, False),
        done="Thank you. It goes out now.",
        may=_person_asked,
    ),
}


@dataclass(frozen=True)
class Button:
    """Grey while it cannot act; its place it keeps."""

    key: str
    label: str
    address: str
    grey: bool
    main: bool
    """The one that most will want now."""


@dataclass(frozen=True)
class Row:
    """Buttons side by side, and one sentence that says why some of them are grey."""

    buttons: tuple[Button, ...]
    why_grey: str


def what_can_be_done(delivery: Delivery, unknown: int, desk: Desk) -> Row:
    finished = delivery.waits_for == WaitsFor.NOTHING or delivery.state == State.FAILED
    label = "Send for real…" if delivery.state == State.REHEARSED else "Resend…"
    page = reverse("send", args=[delivery.post_id, delivery.channel]) if delivery.post_id else ""
    again = [Button("send", label, page, not finished or not desk.may_change, main=True)] if page else []
    why = WHY_GREY.get(State(delivery.state), FINISHED)
    return _row((*again, *_buttons(("release", "hold", "cancel"), delivery, unknown, desk)), why, desk)


def answers(delivery: Delivery, unknown: int, desk: Desk) -> Row | None:
    """What a person can say about one in doubt. They stay, greyed, when the doubt is over; None where there never was any."""
    if not delivery.unknown_since and not unknown:
        return None
    why = "This opens if we cannot find out ourselves." if delivery.state == State.UNKNOWN else "Nothing is in doubt any more."
    return _row(_buttons(("there", "not-there"), delivery, unknown, desk), why, desk)


def _buttons(keys: tuple[str, ...], delivery: Delivery, unknown: int, desk: Desk) -> Iterator[Button]:
    for key in keys:
        may = desk.may_change and ACTIONS[key].may(delivery, unknown)
        yield Button(
            key, ACTIONS[key].label, reverse("act", args=[delivery.pk, key]), not may, delivery.state == State.HELD and key == "release"
        )


def _row(buttons: Iterable[Button], why: str, desk: Desk) -> Row:
    row = tuple(buttons)
    return Row(row, (why if desk.may_change else NOT_YOURS) if any(button.grey for button in row) else "")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, desk: Desk, pk: int, key: str) -> HttpResponse:
    delivery = desk.delivery(pk)
    action = ACTIONS.get(key)
    if action is None:
        raise Http404
    refused = _act(request, desk, delivery, action) if request.method == "POST" else ""
    if refused is None:
        return redirect("delivery", pk=delivery.pk)
    names = {"channel": words.channel_name(delivery.channel), "title": delivery.title}
    context = {"delivery": delivery, "action": action, "names": names, "refused": refused}
    return page(request, desk, "act", context, status=422 if refused else 200)


def _act(request: HttpRequest, desk: Desk, delivery: Delivery, action: Action) -> str | None:
    """None when it was done, or when it no longer can be: then the delivery's page says how it stands. Else what is missing."""
    if action.reason == "required" and not typed(request, "reason"):
        return "Write down why, in a few words. It is kept in the record."
    try:
        action.act(delivery, desk.staff.email, request)
    except staff.Refused as refused:
        messages.warning(request, str(refused))
        return None
    messages.success(request, action.done)
    tasks.ring(tasks.send, [delivery.pk])
    return None
