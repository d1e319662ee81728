"""The one word, shape and colour that each state has on screen, and the short line under it."""

import re
from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from worker import channels
from worker.console import times
from worker.console.page import safe_link
from worker.lib.language import said
from worker.models import Attempt, Delivery
from worker.record.sums import Sum, sum_of

State, WaitsFor = Delivery.State, Delivery.WaitsFor


class Chip(NamedTuple):
    """`shape` names an icon of templates/console/_parts.html, `tone` a colour of postlark.css."""

    word: str
    shape: str
    tone: str


NEEDS_YOU = Chip("Needs you", "exclamation", "red")
BEFORE_OUR_TIME = Chip("Before our time", "dash", "grey")
NOT_YET = Chip("Being prepared", "half", "blue")

_CHIPS = {
    State.HELD: Chip("Held", "bars", "amber"),
    State.PENDING: Chip("Waiting", "clock", "blue"),
    State.PREPARING: Chip("Preparing", "half", "blue"),
    State.SENDING: Chip("Sending", "half", "blue"),
    State.UNKNOWN: Chip("Checking", "question", "violet"),
    State.FAILED: Chip("Failed", "cross", "red"),
    State.SKIPPED: Chip("Skipped", "dash", "grey"),
    State.CANCELLED: Chip("Cancelled", "dash", "grey"),
    State.REHEARSED: Chip("Rehearsed", "ring", "teal"),
    State.WITHDRAWN: Chip("Withdrawn", "dash", "grey"),
}

STATE_WORDS = {state.value: "Sent" if state == State.SENT else _CHIPS[state].word for state in State}


def total_of(delivery: Delivery) -> Sum | None:
    """The sum of a newsletter whose readers are written down."""
    return sum_of([delivery.pk]).get(delivery.pk) if delivery.channel == "email" else None


def approved(delivery: Delivery, zone: tzinfo) -> str:
    return f"Approved by {delivery.approved_by} on {times.exact(delivery.approved_at, zone)}." if delivery.approved_at else ""


def chip(delivery: Delivery, total: Sum | None, now: datetime, zone: tzinfo) -> Chip:
    """`total`: the sum of an e-mail delivery, where it has recipients."""
    state = State(delivery.state)
    if delivery.waits_for == WaitsFor.PERSON and state in (State.PENDING, State.UNKNOWN, State.SENT):
        return NEEDS_YOU
    if state == State.CANCELLED and total and total.sent:
        return Chip(_("Stopped at {sent}").format(sent=total.sent), "dash", "grey")
    if state == State.SENT:
        shape, tone = ("question", "violet") if total and total.unknown else ("tick", "green")
        return Chip(_done(delivery, total, now, zone), shape, tone)
    return _CHIPS[state]


def _done(delivery: Delivery, total: Sum | None, now: datetime, zone: tzinfo) -> str:
    """Posted 09:04 · Pinned · 309 of 312."""
    if total:
        return _("{sent} of {audience}").format(sent=total.sent, audience=total.audience)
    known = channels.all_channels().get(delivery.channel)
    word = said(known.done if known else "Sent")
    at = delivery.finished_at
    return f"{word} {times.clock(at, zone)}" if at and times.is_today(at, now, zone) else word


def line(delivery: Delivery, total: Sum | None, now: datetime, zone: tzinfo) -> str:
    """What stands small under the chip: short, and only what the word does not say already."""
    state, ended = State(delivery.state), delivery.finished_at
    if state == State.SENDING and total:
        return _("{sent} of {audience} so far").format(sent=total.sent, audience=total.audience)
    if state == State.SENT and total:
        return parts_of(total)
    if state == State.SENT:
        return "" if ended is None or times.is_today(ended, now, zone) else capital(times.relative(ended, now, zone))
    if state == State.REHEARSED and ended:
        return capital(times.relative(ended, now, zone))
    if delivery.waits_for == WaitsFor.NETWORK and state == State.UNKNOWN and delivery.due_at:
        return _("Answer lost; looking {relative}").format(relative=times.relative(max(delivery.due_at, now), now, zone))
    if delivery.waits_for == WaitsFor.CLOCK and delivery.due_at:
        return _waiting(delivery.due_at, delivery.reason, now, zone)
    return _PLACE_OF_ADDRESS.sub("", first_sentence(said(delivery.reason)))


_PLACE_OF_ADDRESS = re.compile(r"(?<=\w)@[\w.-]*\w")  # in a narrow cell, desk@practice.example is desk


def _waiting(due_at: datetime, reason: str, now: datetime, zone: tzinfo) -> str:
    """until 14:05 · until tomorrow 08:00: quiet hours."""
    if due_at <= now:
        return _("goes out now")
    until = _("until {moment}: quiet hours") if reason.startswith("Quiet hours") else _("until {moment}")
    return until.format(moment=times.until(due_at, now, zone))


def one_try(attempt: Attempt, zone: tzinfo) -> str:
    """A try in one line, for the record."""
    words = {
        Attempt.Kind.CREATE: _("Try {number}, {at}: {came_of_it}"),
        Attempt.Kind.EDIT: _("Try {number}, edit, {at}: {came_of_it}"),
        Attempt.Kind.DELETE: _("Try {number}, delete, {at}: {came_of_it}"),
    }
    came_of_it = said(_CAME_OF_IT[Attempt.Outcome(attempt.outcome)])
    at = times.exact(attempt.started_at, zone)
    return words[Attempt.Kind(attempt.kind)].format(number=attempt.number, at=at, came_of_it=came_of_it)


_CAME_OF_IT = {
    Attempt.Outcome.OPEN: "not finished",
    Attempt.Outcome.OK: "it worked",
    Attempt.Outcome.TRANSIENT: "not now, later",
    Attempt.Outcome.REJECTED: "it was refused",
    Attempt.Outcome.UNAUTHORIZED: "not let in",
    Attempt.Outcome.UNKNOWN: "the answer was lost",
}


def parts_of(total: Sum) -> str:
    """2 refused, 9 skipped: the other terms of the sum that are not nothing."""
    there = [term(name, number) for name in TERMS[1:] if (number := getattr(total, name))]
    return ", ".join(there) or "Everybody has it"


TERMS = ("sent", "refused", "skipped", "unknown", "waiting")
"""Of the sum, as they stand on a page."""


def term(name: str, number: int) -> str:
    said_of = {
        "sent": ngettext("{number} sent", "{number} sent", number),
        "refused": ngettext("{number} refused", "{number} refused", number),
        "skipped": ngettext("{number} skipped", "{number} skipped", number),
        "unknown": ngettext("{number} in doubt", "{number} in doubt", number),
        "waiting": ngettext("{number} waiting", "{number} waiting", number),
    }
    return said_of[name].format(number=number)


def title(delivery: Delivery) -> str:
    """A newsletter's name is ours to say; a post's title is not."""
    return said(delivery.title) if delivery.issue_id else delivery.title


def shown_at(delivery: Delivery) -> str:
    """Where the network shows it; empty once it was taken down."""
    return "" if delivery.state == State.WITHDRAWN else safe_link(delivery.remote_url)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def first_sentence(text: str) -> str:
    """`Quiet hours: it goes out at 08:00.` of a longer reason; a full stop within a name or an address ends nothing."""
    return re.split(r"(?:(?<=[.!?])|(?<=[.!?][”’\")]))\s+(?=[“\"A-ZÀ-Þ])", text.strip(), maxsplit=1)[0].removesuffix(".")


def in_order(slugs: Iterable[str]) -> list[str]:
    return sorted(slugs, key=place)


def place(slug: str) -> tuple[int, str]:
    """Where a channel stands from left to right; one that no longer has a file comes last."""
    known = channels.all_channels().get(slug)
    return (known.column if known else 10_000, slug)


def channel_name(slug: str) -> str:
    known = channels.all_channels().get(slug)
    return known.name if known else slug
