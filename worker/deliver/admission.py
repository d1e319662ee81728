"""May this delivery be claimed now? Decided from values and the clock, before every claim."""

from dataclasses import dataclass
from datetime import datetime

from worker import channels
from worker.deliver import approval, timing
from worker.deliver.claim import Kind, kind_of
from worker.lib.blogs import BlogFile
from worker.lib.clock import spoken
from worker.models import Blog, Connection, Delivery
from worker.record.standing import Standing, held, skipped, to_mend, waiting


@dataclass(frozen=True)
class Go:
    rehearse: bool


def admit(delivery: Delivery, file: BlogFile | None, blog: Blog, connection: Connection, now: datetime, ahead: int = 0) -> Go | Standing:
    """Or how it stands instead. `ahead`: how many others wait before it for the same connection."""
    if file is None or delivery.channel not in file.channels or delivery.channel not in channels.all_channels():
        return _without_a_section(delivery)
    if kind_of(delivery) != Kind.CREATE:
        return _amendment(delivery, file, connection, now)
    if delivery.occasion == Delivery.Occasion.TEST:
        return Go(rehearse=False)
    mode, name = file.channels[delivery.channel].mode, channels.find(delivery.channel).name
    if mode == "off":
        return skipped(f"{name} is switched off for this blog.")
    if paused_by := blog.paused_by or connection.paused_by:
        return to_mend(f"{name} is paused by {paused_by}. It goes out once somebody resumes it.")
    if sentence := approval.missing(file, delivery.approved_by):
        return held(sentence, Delivery.HeldFor.APPROVAL)
    is_live = mode == "live"
    stands = (_not_taken(connection, now, or_late(delivery, file, now)) if is_live else None) or _not_its_time(delivery, file, now)
    if stands is None and is_live and delivery.channel != "email":
        stands = _in_line(delivery, file, name, timing.its_place(now, delivery.created_at, connection.called_at, ahead), now)
    return stands or Go(rehearse=not is_live)


def _without_a_section(delivery: Delivery) -> Standing:
    missing = f"The blog's file no longer has a section for this channel. Put [channels.{delivery.channel}] back, then"
    if kind_of(delivery) != Kind.CREATE:
        return to_mend(f"{missing} resume the channel: what was asked for is done by itself.")
    return held(f"{missing} release it; or cancel it.")


def _not_taken(connection: Connection, now: datetime, or_else: str = "") -> Standing | None:
    """The network takes nothing now."""
    if connection.broken:
        return to_mend(connection.broken)
    if connection.cooldown_until and connection.cooldown_until > now:
        return waiting(connection.cooldown + or_else, connection.cooldown_until)
    return None


def _not_its_time(delivery: Delivery, file: BlogFile, now: datetime) -> Standing | None:
    quiet_until = timing.after_quiet(now, file)
    if quiet_until > now:
        return waiting(f"Quiet hours: it goes out at {spoken(quiet_until, file.timezone, now)}.", quiet_until)
    if delivery.first_due_at and timing.too_late(now, delivery.first_due_at, file):
        due = spoken(delivery.first_due_at, file.timezone, now)
        sentence = f"It should have gone out at {due} and has waited too long to go by itself. Release it to send it now, or skip it."
        return held(sentence, Delivery.HeldFor.LATE)
    return None


def _in_line(delivery: Delivery, file: BlogFile, name: str, place: datetime, now: datetime) -> Standing | None:
    if place <= now:
        return None
    one_by_one = f"Several have waited for {name}; they go out one by one, this one at {spoken(place, file.timezone, now)}."
    return waiting(one_by_one + or_late(delivery, file, now), place)


def _amendment(delivery: Delivery, file: BlogFile, connection: Connection, now: datetime) -> Go | Standing:
    """What is out is taken down or corrected also at night, late, and while the channel is paused or rehearses."""
    if kind_of(delivery) == Kind.EDIT and (sentence := approval.missing(file, delivery.approved_by)):
        return held(sentence, Delivery.HeldFor.APPROVAL)
    return _not_taken(connection, now) or Go(rehearse=False)


def or_late(delivery: Delivery, file: BlogFile, now: datetime) -> str:
    """What the sentence of one that waits adds: until when it goes by itself."""
    if delivery.first_due_at is None or delivery.occasion == Delivery.Occasion.TEST:
        return ""
    last = timing.late_from(delivery.first_due_at, file)
    return f" If it can't go out by {spoken(last, file.timezone, now)}, it is held for you." if last > now else ""
