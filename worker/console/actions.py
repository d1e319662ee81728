"""What a person can do with a delivery: each act with its words, and when it may be done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from django.utils.dateparse import parse_datetime

from worker.console.access import Desk, file_of
from worker.console.page import safe_link, typed
from worker.deliver import approval, staff, withdraw
from worker.deliver.issue_again import resend_issue
from worker.models import Delivery
from worker.record.sums import Sum

State, WaitsFor = Delivery.State, Delivery.WaitsFor


@dataclass(frozen=True)
class Stands:
    """How a delivery stands before the person at the desk."""

    delivery: Delivery
    desk: Desk
    total: Sum | None = None
    """Of a newsletter whose readers are written down."""

    @property
    def in_doubt(self) -> int:
        """Readers of a newsletter that is through or stopped, of whom it is not known whether they got it."""
        return self.total.unknown if self.total and self.delivery.state in (State.SENT, State.CANCELLED) else 0

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


def asked_to_stay(it: Stands) -> bool:
    """Whether what is out shall stay out."""
    return it.delivery.state == State.SENT and it.delivery.waits_for == WaitsFor.PERSON


def _may_release(it: Stands) -> bool:
    waits = it.delivery.state == State.PENDING and it.delivery.waits_for == WaitsFor.CLOCK and not it.delivery.withdrawn_by
    return waits or (it.delivery.state == State.HELD and (not it.for_approval or it.is_approver))


def is_finished(delivery: Delivery) -> bool:
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


def _readers(request: HttpRequest) -> list[str] | None:
    """Those who were ticked; None: everybody in doubt."""
    return request.POST.getlist("reader") or None


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
        may=asked_to_stay,
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
        label="Send to readers without it…",
        title="Send this newsletter to readers who miss it?",
        consequence="It goes to subscribed readers who miss something of it; each copy leaves out what its reader has. Nobody gets a post twice.",
        button="Send it to them",
        act=lambda delivery, who, request: resend_issue(delivery, who, typed(request, "reason")),
        done="Asked for. It goes out now.",
        may=lambda it: it.delivery.issue_id is not None and is_finished(it.delivery),
        reason="required",
    ),
    "there": Action(
        label="It is there…",
        title="You looked, and it is there?",
        consequence="Postlark takes your word for it, writes that down, and sends nothing. By its address there it can be corrected or taken down from here later.",
        button="Yes, it is there",
        act=lambda delivery, who, request: staff.settle(delivery, who, True, safe_link(typed(request, "address")), _readers(request)),
        done="Thank you. It counts as sent.",
        may=_in_doubt,
        asks_address=True,
    ),
    "not-there": Action(
        label="It is not, send it…",
        title="You looked, and it is not there?",
        consequence="It goes out again at once. If it was there after all, people will see it twice.",
        button="It is not there, send it",
        act=lambda delivery, who, request: staff.settle(delivery, who, False, recipients=_readers(request)),
        done="Thank you. It goes out now.",
        may=_person_asked,
    ),
}


@dataclass(frozen=True)
class Otherwise:
    """Words of these acts that differ where one `is_so`."""

    keys: frozenset[str]
    is_so: Callable[[Stands], bool]
    words: Mapping[str, Any]


def _of(*keys: str, when: Callable[[Stands], object], **words: str) -> Otherwise:
    return Otherwise(frozenset(keys), lambda it: bool(when(it)), words)


OTHERWISE = (
    _of(
        "release",
        when=lambda it: it.for_approval,
        label="Approve…",
        title="Do you approve these words?",
        consequence="They go out as they stand here, now or when quiet hours end. Your name and the time are kept with them.",
        button="Approve and send",
        done="Approved. It goes out now.",
    ),
    _of(
        "release",
        when=lambda it: it.delivery.withdrawn_by,
        label="Take it down…",
        title="Take it down now?",
        consequence="It is taken down from the network. Done twice, it changes nothing.",
        button="Take it down",
        done="Asked for. It is taken down now.",
    ),
    _of(
        "release",
        when=lambda it: it.total,
        label="Go on…",
        title="Send it to the readers who are left?",
        button="Go on",
        done="It goes on now.",
    ),
    _of("release", when=lambda it: it.delivery.state == State.PENDING, label="Send now…"),
    _of(
        "hold",
        when=lambda it: it.is_newsletter and it.total,
        label="Pause…",
        title="Pause this newsletter?",
        consequence="It stops between two readers and goes on from there when somebody says so. Nobody gets it twice.",
        button="Pause it",
        done="Paused. Nobody else gets it until somebody lets it go on.",
    ),
    _of(
        "cancel",
        when=lambda it: it.is_newsletter and it.total,
        label="Stop…",
        title="Stop this newsletter for good?",
        consequence="Who has it keeps it. Everybody else is skipped, and can still get it later by a resend.",
        button="Stop it",
        done="Stopped. Nobody else gets it.",
    ),
    _of(
        "there",
        when=lambda it: it.is_newsletter,
        label="They have it…",
        title="Do these readers have it?",
        consequence="Postlark takes your word for it, writes that down, and sends them nothing.",
        button="They have it",
        done="Thank you. It counts as sent to them.",
    ),
    _of(
        "not-there",
        when=lambda it: it.is_newsletter and it.delivery.state == State.CANCELLED,
        label="They do not…",
        title="These readers do not have it?",
        consequence="The newsletter was stopped, so it does not go to them. They can still get it later by a resend.",
        button="They do not have it",
        done="Thank you. Nothing goes to them.",
    ),
    _of(
        "not-there",
        when=lambda it: it.is_newsletter,
        label="They do not, send it…",
        title="These readers do not have it?",
        consequence="It goes to them again at once. Who has it after all gets it twice.",
        button="They do not, send it",
        done="Thank you. It goes to them now.",
    ),
    _of(
        "skip",
        "cancel",
        when=lambda it: it.delivery.issue_id,
        title="Leave this newsletter out?",
        consequence="Nobody gets it. You can still send it later from its page.",
    ),
)
"""The first that fits counts."""


def worded(key: str, it: Stands) -> Action:
    """The same act in the words that fit how it stands."""
    words = next((each.words for each in OTHERWISE if key in each.keys and each.is_so(it)), {})
    return replace(ACTIONS[key], **words)
