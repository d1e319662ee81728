"""What happened to a delivery, as sentences in the order of time, and its tries in the network's own words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from worker.console import times
from worker.models import Attempt, Delivery, Event

TONES = {
    "sent": "green",
    "rehearsed": "teal",
    "unknown": "violet",
    "held": "amber",
    "failed": "red",
    "sending": "blue",
    "preparing": "blue",
}


@dataclass(frozen=True)
class Step:
    """One line of the story. `yet_to_come`: the clock will bring it."""

    at: str
    what: str
    who: str
    tone: str
    yet_to_come: bool = False


def story(delivery: Delivery, events: Iterable[Event], now: datetime, zone: tzinfo) -> Iterator[Step]:
    """Every line of the record that tells of it, oldest first as they are given, and the next thing the clock brings."""
    day = ""
    for event in events:
        told = times.date(event.at, now, zone)
        at = times.clock_with_seconds(event.at, zone)
        yield Step(at if told == day else f"{told}, {at}", event.what, event.who, TONES.get(str(event.data.get("to", "")), "grey"))
        day = told
    if delivery.due_at and delivery.waits_for in (Delivery.WaitsFor.CLOCK, Delivery.WaitsFor.NETWORK):
        what = "Next look." if delivery.state == Delivery.State.UNKNOWN else "It goes out."
        yield Step(times.until(max(delivery.due_at, now), now, zone), what, "", "grey", yet_to_come=True)


def in_full(attempt: Attempt, zone: tzinfo) -> str:
    """Everything there is to know about one try, for whoever has to ask the network."""
    times_of = {"opened": attempt.started_at, "called": attempt.calling_at, "finished": attempt.finished_at}
    lines = [f"Try {attempt.number} ({attempt.kind}): {attempt.outcome or 'open'}"]
    lines += [f"  {name:<9} {moment.astimezone(zone).isoformat(timespec='milliseconds')}" for name, moment in times_of.items() if moment]
    lines += [
        f"  {name:<9} {value}" for name, value in (("by", attempt.holder), ("status", attempt.status), ("detail", attempt.detail)) if value
    ]
    return "\n".join(lines)
