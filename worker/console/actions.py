"""What a person can do with a delivery: which buttons it has now, and the page behind each, where the reason is typed.

A second click does nothing: the row has moved on by then, and the page says how it stands.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods

from worker import tasks
from worker.console import says, words
from worker.console.access import Desk, file_of, staff_page
from worker.console.page import page, safe_link, typed
from worker.deliver import approval, correct, staff, withdraw
from worker.deliver.issue_again import resend_issue
from worker.deliver.reword import may_reword
from worker.models import Connection, Delivery, Rendition
from worker.record.sums import Sum

State, WaitsFor = Delivery.State, Delivery.WaitsFor

WHY_GREY = {
    State.HELD: "It is held already. Resending opens once this one is finished.",
    State.PENDING: "Resending opens once this one is finished.",
    State.PREPARING: "It is on its way. These open when it has arrived.",
    State.SENDING: "It is on its way. These open when it has arrived.",
    State.UNKNOWN: "These open once we know what happened.",
}
FINISHED = "It is finished: there is nothing left to release, hold or skip."
NOT_YOURS = "You can look at everything here; changing it is for the office and the owner."


@dataclass(frozen=True)
class Stands:
    """How a delivery stands before the person at the desk."""

    delivery: Delivery
    desk: Desk
    total: Sum | None = None
    """Of a newsletter whose readers are written down."""

    @property
    def in_doubt(self) -> int:
        """Readers of a newsletter that is through, of whom it is not known whether they got it."""
        return self.total.unknown if self.total and self.delivery.state == State.SENT else 0

    @property
    def is_newsletter(self) -> bool:
        return self.delivery.channel == "email" and self.delivery.occasion != Delivery.Occasion.TEST

    @property
    def being_sent(self) -> bool:
        return self.is_newsletter and self.delivery.state == State.SENDING

    @property
    def for_approval(self) -> str:
        """Who must approve it, if that is what it waits for."""
        file = file_of(self.delivery.blog)
        return (file.approval or "") if file and self.delivery.held_for == Delivery.HeldFor.APPROVAL else ""

    @property
    def is_approver(self) -> bool:
        return approval.is_approver(file_of(self.delivery.blog), self.desk.staff.email)


@dataclass(frozen=True)
class Action:
    label: str
    title: str
    """What is asked on the page behind the button."""
    consequence: str
    button: str
    act: Callable[[Delivery, str, HttpRequest], Delivery | None]
    """Gives back another delivery where it made one."""
    done: str
    may: Callable[[Stands], bool]
    """Whether it can act now."""
    reason: str = "none"
    """Whether a reason is asked for: none, optional, required."""
    asks_address: bool = False
    shows_words: bool = False


def _may_hold(it: Stands) -> bool:
    return (it.delivery.state == State.PENDING and not it.delivery.withdrawn_by) or it.being_sent


def _may_drop(it: Stands) -> bool:
    return (it.delivery.state in (State.HELD, State.PENDING) and not it.delivery.withdrawn_by) or it.being_sent


def _asked_to_stay(it: Stands) -> bool:
    """Whether what is out shall stay out."""
    return it.delivery.state == State.SENT and it.delivery.waits_for == WaitsFor.PERSON


def _may_release(it: Stands) -> bool:
    waits = it.delivery.state == State.PENDING and it.delivery.waits_for == WaitsFor.CLOCK and not it.delivery.withdrawn_by
    return waits or (it.delivery.state == State.HELD and (not it.for_approval or it.is_approver))


def _is_finished(delivery: Delivery) -> bool:
    return delivery.waits_for == WaitsFor.NOTHING or delivery.state == State.FAILED


def _in_doubt(it: Stands) -> bool:
    return it.delivery.state == State.UNKNOWN or it.in_doubt > 0


def _person_asked(it: Stands) -> bool:
    return (it.delivery.state == State.UNKNOWN and it.delivery.waits_for == WaitsFor.PERSON) or it.in_doubt > 0


def _withdraw(delivery: Delivery, who: str, request: HttpRequest) -> None:
    withdraw.withdraw_one(delivery, who, typed(request, "reason"))


def _release(delivery: Delivery, who: str, request: HttpRequest) -> None:
    try:
        seen = parse_datetime(typed(request, "seen"))
    except ValueError:
        seen = None
    staff.release(delivery, who, typed(request, "reason"), seen=seen)


ACTIONS = {
    "release": Action(
        label="Release…",
        title="Send this now?",
        consequence="It goes out at once, whatever it was waiting for; in quiet hours, when they end.",
        button="Send it now",
        act=_release,
        done="Released. It goes out now.",
        may=_may_release,
        reason="optional",
        shows_words=True,
    ),
    "hold": Action(
        label="Hold…",
        title="Hold this back?",
        consequence="It stays here until somebody releases or cancels it.",
        button="Hold it",
        act=lambda delivery, who, request: staff.hold(delivery, who, typed(request, "reason")),
        done="Held. Nothing goes out until somebody releases it.",
        may=_may_hold,
        reason="required",
    ),
    "skip": Action(
        label="Skip…",
        title="Leave this channel out?",
        consequence="This post will not go out here. You can still send it later from its page.",
        button="Skip it",
        act=lambda delivery, who, request: staff.skip(delivery, who, typed(request, "reason")),
        done="Skipped. It will not go out here.",
        may=lambda it: it.delivery.state in (State.HELD, State.PENDING) and not it.delivery.withdrawn_by,
        reason="required",
    ),
    "withdraw": Action(
        label="Withdraw…",
        title="Take this back?",
        consequence="It is taken down from the network, and what waits does not go out. What people have seen, shared or been mailed stays with them.",
        button="Withdraw it",
        act=_withdraw,
        done="Asked for. It is withdrawn now.",
        may=lambda it: it.delivery.state == State.SENT and withdraw.can_be_withdrawn(it.delivery),
        reason="required",
    ),
    "leave": Action(
        label="Leave it there…",
        title="Shall it stay where it is?",
        consequence="It stays out, and nobody is asked about it again.",
        button="Leave it there",
        act=lambda delivery, who, request: withdraw.leave(delivery, who),
        done="It stays.",
        may=_asked_to_stay,
    ),
    "cancel": Action(
        label="Cancel…",
        title="Cancel this?",
        consequence="It will not go out. You can still send the post later from its page.",
        button="Cancel it",
        act=lambda delivery, who, request: staff.cancel(delivery, who, typed(request, "reason")),
        done="Cancelled. It will not go out.",
        may=_may_drop,
        reason="required",
    ),
    "again": Action(
        label="Send to who misses it…",
        title="Send this newsletter to readers who miss it?",
        consequence="It goes to subscribed readers who miss something of it; each copy leaves out what its reader has. Nobody gets a post twice.",
        button="Send it to them",
        act=lambda delivery, who, request: resend_issue(delivery, who, typed(request, "reason")),
        done="Asked for. It goes out now.",
        may=lambda it: it.delivery.issue_id is not None and _is_finished(it.delivery),
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


def worded(key: str, it: Stands) -> Action:
    """The same act in the words that fit how it stands."""
    action = ACTIONS[key]
    match key:
        case "release" if it.for_approval:
            return replace(
                action,
                label="Approve…",
                title="Do you approve these words?",
                consequence="They go out as they stand here, now or when quiet hours end. Your name and the time are kept with them.",
                button="Approve and send",
                done="Approved. It goes out now.",
            )
        case "release" if it.delivery.withdrawn_by:
            return replace(
                action,
                label="Take it down…",
                title="Take it down now?",
                consequence="It is taken down from the network. Done twice, it changes nothing.",
                button="Take it down",
                done="Asked for. It is taken down now.",
            )
        case "release" if it.total:
            return replace(action, label="Go on…", title="Send it to the readers who are left?", button="Go on", done="It goes on now.")
        case "release" if it.delivery.state == State.PENDING:
            return replace(action, label="Send now…")
        case "hold" if it.is_newsletter and it.total:
            return replace(
                action,
                label="Pause…",
                title="Pause this newsletter?",
                consequence="It stops between two readers and goes on from there when somebody says so. Nobody gets it twice.",
                button="Pause it",
                done="Paused. Nobody else gets it until somebody lets it go on.",
            )
        case "cancel" if it.is_newsletter and it.total:
            return replace(
                action,
                label="Stop…",
                title="Stop this newsletter for good?",
                consequence="Who has it keeps it. Everybody else is skipped, and can still get it later by a resend to who misses it.",
                button="Stop it",
                done="Stopped. Nobody else gets it.",
            )
        case "there" if it.is_newsletter:
            return replace(
                action,
                label="They have it…",
                title="Do these readers have it?",
                consequence="Postlark takes your word for it, writes that down, and sends them nothing.",
                button="They have it",
                done="Thank you. It counts as sent to them.",
            )
        case "not-there" if it.is_newsletter:
            return replace(
                action,
                label="They do not, send it…",
                title="These readers do not have it?",
                consequence="It goes to them again at once. Who has it after all gets it twice.",
                button="They do not, send it",
                done="Thank you. It goes to them now.",
            )
        case "skip" | "cancel" if it.delivery.issue_id:
            return replace(
                action, title="Leave this newsletter out?", consequence="Nobody gets it. You can still send it later from its page."
            )
    return action


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


def what_can_be_done(it: Stands) -> Row:
    delivery, desk = it.delivery, it.desk
    finished = _is_finished(delivery)
    label = "Send for real…" if delivery.state == State.REHEARSED else "Resend…"
    dropping = "skip" if delivery.occasion == Delivery.Occasion.AUTOMATIC and not it.total and not it.being_sent else "cancel"
    mend = _mend(it) if delivery.state == State.PENDING and delivery.waits_for == WaitsFor.PERSON and desk.may_change else ()
    edit = Button("reword", "Edit the words…", reverse("reword", args=[delivery.pk]), not (desk.may_change and may_reword(delivery)), False)
    out = ("withdraw", "leave") if _asked_to_stay(it) else ("withdraw",)
    back = _buttons(out, it) if it.delivery.channel != "email" and it.delivery.state == State.SENT else ()
    mended = tuple(_correct(delivery)) if desk.may_change else ()
    again = _again(delivery, label, desk, finished=finished, main=finished and not mended)
    return _row((*mend, *_buttons(("release", "hold", dropping), it), edit, *mended, *back, *again), _why_grey(it), desk)


def _mend(it: Stands) -> Iterator[Button]:
    """Where what it waits for is mended; afterwards it goes by itself."""
    blog = it.delivery.blog
    connection = Connection.objects.filter(blog=blog, channel=it.delivery.channel).first()
    if blog.paused_by or it.delivery.channel == "email" or (connection and connection.paused_by):
        yield Button("mend", "Resume…", reverse("health") + f"#{blog.slug}", False, main=True)
    else:
        yield Button("mend", "Mend the connection…", reverse("connections") + f"#{blog.slug}", False, main=True)


def _correct(delivery: Delivery) -> Iterator[Button]:
    if correct.may_correct(delivery):
        yield Button("correct", "Correct…", reverse("correct", args=[delivery.post_id, delivery.channel]), False, main=True)


def _again(delivery: Delivery, label: str, desk: Desk, *, finished: bool, main: bool) -> Iterator[Button]:
    if delivery.post_id:
        address = reverse("send", args=[delivery.post_id, delivery.channel])
        yield Button("send", label, address, not finished or not desk.may_change, main)
    else:
        label = label if delivery.state == State.REHEARSED else ACTIONS["again"].label
        yield Button("again", label, reverse("act", args=[delivery.pk, "again"]), not finished or not desk.may_change, main)


def _why_grey(it: Stands) -> str:
    if it.for_approval and not it.is_approver:
        return f"Only {it.for_approval} can approve it, signed in. Resending opens once this one is finished."
    if it.being_sent and it.total:
        return "The words of a newsletter on its way can’t be changed. Resending opens once this one is finished."
    return WHY_GREY.get(State(it.delivery.state), FINISHED)


def answers(it: Stands) -> Row | None:
    """What a person can say about one in doubt. They stay, greyed, when the doubt is over; None where there never was any."""
    if not it.delivery.unknown_since and not it.in_doubt:
        return None
    unknown = it.delivery.state == State.UNKNOWN
    why = "This opens if we cannot find out ourselves." if unknown else "Nothing is in doubt any more."
    return _row(_buttons(("there", "not-there"), it), why, it.desk)


def _buttons(keys: tuple[str, ...], it: Stands) -> Iterator[Button]:
    for key in keys:
        may = it.desk.may_change and ACTIONS[key].may(it)
        main = it.delivery.state == State.HELD and key == "release" and may
        yield Button(key, worded(key, it).label, reverse("act", args=[it.delivery.pk, key]), not may, main)


def _row(buttons: Iterable[Button], why: str, desk: Desk) -> Row:
    row = tuple(buttons)
    return Row(row, (why if desk.may_change else NOT_YOURS) if any(button.grey for button in row) else "")


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
        "says": says.of_delivery(delivery, rendition, file_of(delivery.blog)) if rendition else None,
        "seen": rendition.made_at.isoformat() if rendition else "",
    }
    return page(request, desk, "act", context, status=422 if refused else 200)


def _act(request: HttpRequest, desk: Desk, delivery: Delivery, action: Action) -> Delivery | str:
    """The delivery whose page says how it stands, when it was done or no longer can be. Else what is missing."""
    if action.reason == "required" and not typed(request, "reason"):
        return "Write down why, in a few words. It is kept in the record."
    try:
        shown = action.act(delivery, desk.staff.email, request) or delivery
    except staff.Refused as refused:
        messages.warning(request, str(refused))
        return delivery
    messages.success(request, action.done)
    tasks.ring(tasks.send, [shown.pk])
    return shown
