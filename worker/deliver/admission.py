"""May this delivery be claimed now? Decided from values and the clock, before every claim."""

from dataclasses import dataclass
from datetime import datetime

from worker import channels
from worker.deliver import approval, timing
from worker.deliver.claim import Kind, kind_of
from worker.lib.blogs import BlogFile
from worker.lib.clock import spoken
from worker.models import Blog, Connection, Delivery


@dataclass(frozen=True)
class Go:
    rehearse: bool


@dataclass(frozen=True)
class Not:
    """How the delivery stands instead."""

    state: str
    waits_for: str
    reason: str
    due_at: datetime | None = None
    held_for: str = ""


def admit(delivery: Delivery, file: BlogFile | None, blog: Blog, connection: Connection, now: datetime, ahead: int = 0) -> Go | Not:
    """`ahead`: how many others wait before it for the same connection."""
    if file is None or delivery.channel not in file.channels or delivery.channel not in channels.all_channels():
        missing = f"The blog's file no longer has a section for this channel. Put [channels.{delivery.channel}] back, then"
        if kind_of(delivery) != Kind.CREATE:
            return Not("pending", "person", f"{missing} resume the channel: what was asked for is done by itself.")
        return Not("held", "person", f"{missing} release it; or cancel it.")
    if kind_of(delivery) != Kind.CREATE:
        return _amendment(delivery, file, connection, now)
    mode, name = file.channels[delivery.channel].mode, channels.find(delivery.channel).name
    if delivery.occasion == Delivery.Occasion.TEST:
        return Go(rehearse=False)
    if mode == "off":
        return Not("skipped", "nothing", f"{name} is switched off for this blog.")
    if paused_by := blog.paused_by or connection.paused_by:
        return Not("pending", "person", f"{name} is paused by {paused_by}. It goes out once somebody resumes it.")
    if sentence := approval.missing(file, delivery.approved_by):
        return Not("held", "person", sentence, held_for=Delivery.HeldFor.APPROVAL)
    if connection.broken and mode == "live":
        return Not("pending", "person", connection.broken)
    if connection.cooldown_until and connection.cooldown_until > now and mode == "live":
        return Not("pending", "clock", connection.cooldown + or_late(delivery, file, now), connection.cooldown_until)
    quiet_until = timing.after_quiet(now, file)
    if quiet_until > now:
        return Not("pending", "clock", f"Quiet hours: it goes out at {spoken(quiet_until, file.timezone, now)}.", quiet_until)
    if delivery.first_due_at and timing.too_late(now, delivery.first_due_at, file):
        due = spoken(delivery.first_due_at, file.timezone, now)
        return Not(
            "held",
            "person",
            f"It should have gone out at {due} and has waited too long to go by itself. Release it to send it now, or skip it.",
            held_for=Delivery.HeldFor.LATE,
        )
    place = timing.its_place(now, delivery.created_at, connection.called_at, ahead)
    if place > now and mode == "live" and delivery.channel != "email":
        at = spoken(place, file.timezone, now)
        one_by_one = f"Several have waited for {name}; they go out one by one, this one at {at}."
        return Not("pending", "clock", one_by_one + or_late(delivery, file, now), place)
    return Go(rehearse=mode == "rehearsal")


def _amendment(delivery: Delivery, file: BlogFile, connection: Connection, now: datetime) -> Go | Not:
    """What is out is taken down or corrected also at night, late, and while the channel is paused or rehearses."""
    if kind_of(delivery) == Kind.EDIT and (sentence := approval.missing(file, delivery.approved_by)):
        return Not("held", "person", sentence, held_for=Delivery.HeldFor.APPROVAL)
    if connection.broken:
        return Not("pending", "person", connection.broken)
    if connection.cooldown_until and connection.cooldown_until > now:
        return Not("pending", "clock", connection.cooldown, connection.cooldown_until)
    return Go(rehearse=False)


def or_late(delivery: Delivery, file: BlogFile, now: datetime) -> str:
    """What the sentence of one that waits adds: until when it goes by itself."""
    if delivery.first_due_at is None or delivery.occasion == Delivery.Occasion.TEST:
        return ""
    last = timing.late_from(delivery.first_due_at, file)
    return f" If it can't go out by {spoken(last, file.timezone, now)}, it is held for you." if last > now else ""
