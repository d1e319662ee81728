"""One delivery: the first sentence, what happened, what it says, and what can be done now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from worker.console import actions, says, times, words
from worker.console.access import Desk, file_of, staff_page, zone_of
from worker.console.page import live_page, safe_link
from worker.models import Attempt, Delivery, Event, Rendition
from worker.record.sums import Sum, sum_of

State = Delivery.State
TONES = {
    "sent": "green",
    "rehearsed": "teal",
    "unknown": "violet",
    "held": "amber",
    "failed": "red",
    "sending": "blue",
    "preparing": "blue",
}
TERMS = ("sent", "refused", "skipped", "unknown", "waiting")


@dataclass(frozen=True)
class Step:
    """One line of the story. `yet_to_come`: the clock will bring it."""

    at: str
    what: str
    who: str
    tone: str
    yet_to_come: bool = False


@dataclass(frozen=True)
class Term:
    """One term of the sum, and its place in the bar (in parts of a thousand)."""

    name: str
    number: int
    start: float
    width: float


@dataclass(frozen=True)
class View:
    sentence: str
    chip: words.Chip
    out: str
    asked: str
    steps: tuple[Step, ...]
    audience: int
    terms: tuple[Term, ...]
    rows: tuple[actions.Row, ...]
    tries: tuple[str, ...]
    made_at: str


@require_safe
@staff_page
def show(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    delivery = desk.delivery(pk)
    now, zone, file = timezone.now(), zone_of(delivery.blog), file_of(delivery.blog)
    total = sum_of([delivery.pk]).get(delivery.pk) if delivery.channel == "email" else None
    unknown = total.unknown if total and delivery.state == State.SENT else 0
    rendition = Rendition.objects.filter(delivery=delivery).first()
    view = View(
        sentence=delivery.reason,
        chip=words.chip(delivery, total, now, zone),
        out=safe_link(delivery.remote_url),
        asked=f"{delivery.asked_by}: {delivery.asked_because}" if delivery.asked_because else delivery.asked_by,
        steps=tuple(_story(delivery, now, zone)),
        audience=total.audience if total else 0,
        terms=tuple(_terms(total)) if total else (),
        rows=tuple(filter(None, (actions.answers(delivery, unknown, desk), actions.what_can_be_done(delivery, unknown, desk)))),
        tries=tuple(_try(attempt, zone) for attempt in delivery.attempts.order_by("number")),
        made_at=str(rendition.made_at) if rendition else "",
    )
    return live_page(
        request,
        desk,
        "delivery",
        view,
        parts=["#sentence", "#story", "#buttons", "#tries"],
        about=Q(delivery=delivery),
        delivery=delivery,
        channel=words.channel_name(delivery.channel),
        says=says.of_delivery(delivery, rendition, file) if rendition else None,
    )


def _story(delivery: Delivery, now: datetime, zone: tzinfo) -> Iterator[Step]:
    """Every line of the record that tells of it, oldest first, and the next thing the clock brings."""
    of_its_post = Q(post=delivery.post_id, delivery=None) if delivery.post_id else Q()
    events = Event.objects.filter(Q(delivery=delivery) | of_its_post).order_by("at", "pk")
    day = ""
    for event in events:
        told = times.date(event.at, now, zone)
        at = times.clock_with_seconds(event.at, zone)
        yield Step(at if told == day else f"{told}, {at}", event.what, event.who, TONES.get(str(event.data.get("to", "")), "grey"))
        day = told
    if delivery.due_at and delivery.waits_for in (Delivery.WaitsFor.CLOCK, Delivery.WaitsFor.NETWORK):
        what = "Next look." if delivery.state == State.UNKNOWN else "It goes out."
        yield Step(times.until(max(delivery.due_at, now), now, zone), what, "", "grey", yet_to_come=True)


def _terms(total: Sum) -> Iterator[Term]:
    start = 0.0
    for name in TERMS:
        number = getattr(total, name)
        width = 1000 * number / total.audience if total.audience else 0.0
        if number or name == "sent":
            yield Term(name, number, round(start, 1), round(width, 1))
        start += width


def _try(attempt: Attempt, zone: tzinfo) -> str:
    """Everything there is to know about one try, for whoever has to ask the network."""
    times_of = {"opened": attempt.started_at, "called": attempt.calling_at, "finished": attempt.finished_at}
    lines = [f"Try {attempt.number} ({attempt.kind}): {attempt.outcome or 'open'}"]
    lines += [f"  {name:<9} {moment.astimezone(zone).isoformat(timespec='milliseconds')}" for name, moment in times_of.items() if moment]
    lines += [
        f"  {name:<9} {value}" for name, value in (("by", attempt.holder), ("status", attempt.status), ("detail", attempt.detail)) if value
    ]
    return "\n".join(lines)
