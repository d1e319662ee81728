"""Other words for a delivery that has not gone out, by staff: the same gate, and a new approval where one is asked for."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from worker import gate, render
from worker.deliver import approval
from worker.deliver.claim import State, WaitsFor, never_called
from worker.deliver.plan import draft, write
from worker.deliver.staff import file_of
from worker.lib import clock
from worker.lib.blogs import BlogFile
from worker.lib.refused import Refused
from worker.models import Delivery, Rendition
from worker.record.transition import transition
from worker.render import Rendered

OPEN = Q(state__in=[State.HELD, State.PENDING])


def may_reword(delivery: Delivery) -> bool:
    """While nobody can have read it: what was handed over never changes."""
    return Delivery.objects.filter(OPEN, never_called(), pk=delivery.pk, post__isnull=False, batches=None).exists()


def preview(delivery: Delivery, text: str) -> Rendered | str:
    """What it would say, or the gate's sentence. Fetches nothing and changes nothing."""
    try:
        return render.render(delivery.posts()[0], file_of(delivery.blog), delivery.channel, text=text or None)
    except gate.Refused as refused:
        return str(refused)


def reword(delivery: Delivery, who: str, text: str, seen: datetime | None = None) -> None:
    """`text` in place of the excerpt; empty: Postlark's own words again. `seen`: when the words were made that `who` had before them.

    Raises Refused, with the gate's sentence and its arithmetic where that is the cause; nothing has changed then.
    """
    file = file_of(delivery.blog)
    made = draft(delivery.posts()[0], file, delivery.channel, text or None)
    if isinstance(made, str):
        raise Refused(made)
    with transaction.atomic():
        before = Rendition.objects.select_for_update().filter(delivery=delivery).first()
        if before and seen and before.made_at != seen:
            raise Refused("Somebody else has changed the words since you opened this page. Read them, then change yours.")
        what = f"{who} changed the words." if text else f"{who} took Postlark’s own words again."
        as_it_stood = OPEN & never_called() & Q(attempt=delivery.attempt, batches=None)
        if not transition(
            delivery,
            as_it_stood,
            who=who,
            what=what,
            data={"words_before": before.text if before else ""},
            **_stands(delivery, file, who, bool(before)),
        ):
            delivery.refresh_from_db()
            raise Refused(f"Its words can't be changed any more: {delivery.reason}")
        write(delivery, made, edited_by=who if text else "", own_words=text)


def _stands(delivery: Delivery, file: BlogFile, who: str, had_words: bool) -> dict[str, Any]:
    """As before, but for what the new words undo: an approval, or the gate's refusal."""
    if sentence := approval.missing(file, who):
        return {**approval.HELD, **approval.TAKEN_BACK, "reason": sentence}
    reason = delivery.reason if had_words else "Its words are in order now. Release it to let it go."
    return {
        "state": delivery.state,
        "waits_for": delivery.waits_for if had_words else WaitsFor.PERSON,
        "reason": reason,
        **(approval.given_by(file, who, clock.now()) if delivery.approved_by else {}),
    }
