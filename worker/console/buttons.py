"""Which buttons a delivery has now, and why some of them are grey."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.urls import reverse

from worker.console.access import Desk, file_of
from worker.console.actions import ACTIONS, Stands, asked_to_stay, is_finished, worded
from worker.deliver import correct
from worker.deliver.reword import may_reword
from worker.models import Connection, Delivery

State, WaitsFor = Delivery.State, Delivery.WaitsFor

WHY_GREY = {
    State.HELD: "It is held already. Resending opens once this one is finished.",
    State.PENDING: "Resending opens once this one is finished.",
    State.PREPARING: "It is on its way. These open when it has arrived.",
    State.SENDING: "It is on its way. These open when it has arrived.",
    State.UNKNOWN: "These open once we know what happened.",
}
FINISHED = "It is finished: the grey buttons are for what is still on its way."
NOT_YOURS = "You can look at everything here; changing it is for the office and the owner."


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
    finished = is_finished(delivery)
    label = _again_label(it)
    dropping = "skip" if delivery.occasion == Delivery.Occasion.AUTOMATIC and not it.total and not it.being_sent else "cancel"
    mend = _mend(it) if delivery.state == State.PENDING and delivery.waits_for == WaitsFor.PERSON and desk.may_change else ()
    edit = Button("reword", "Edit the words…", reverse("reword", args=[delivery.pk]), not (desk.may_change and may_reword(delivery)), False)
    out = ("withdraw", "leave") if asked_to_stay(it) else ("withdraw",)
    back = _buttons(out, it) if it.delivery.channel != "email" and it.delivery.state == State.SENT else ()
    mended = tuple(_correct(delivery)) if desk.may_change else ()
    again = _again(delivery, label, desk, finished=finished, main=finished and not mended and not it.in_doubt)
    return _row((*mend, *_buttons(("release", "hold", dropping), it), edit, *mended, *back, *again), _why_grey(it), desk)


def _again_label(it: Stands) -> str:
    if it.delivery.state == State.REHEARSED:
        return "Rehearse again…" if _rehearses(it.delivery) else "Send for real…"
    left_out = it.delivery.state in (State.SKIPPED, State.CANCELLED) and not it.total
    return "Send now…" if left_out else "Resend…"


def _rehearses(delivery: Delivery) -> bool:
    options = (file.channels if (file := file_of(delivery.blog)) else {}).get(delivery.channel)
    return options is not None and options.mode == "rehearsal"


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
