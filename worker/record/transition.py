"""The one way a delivery changes: a conditional UPDATE, the sentence and the line of the record in one transaction."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from worker.lib import clock
from worker.models import Delivery, Event

FINAL = {
    Delivery.State.SENT,
    Delivery.State.FAILED,
    Delivery.State.SKIPPED,
    Delivery.State.CANCELLED,
    Delivery.State.REHEARSED,
    Delivery.State.WITHDRAWN,
}
POSTLARK = "Postlark"


def transition(
    delivery: Delivery,
    only_if: Q,
    *,
    state: str,
    waits_for: str,
    reason: str,
    who: str = POSTLARK,
    what: str = "",
    data: dict[str, Any] | None = None,
    **fields: Any,
) -> bool:
    """Move the row if it still is as `only_if` says; True when it was, and then `delivery` shows the new values. All else it holds stays
    as it was loaded.

    `reason` is how the delivery stands from now on; `what` is what happened, as the timeline tells it (the reason, where
    it is the same). IntegrityError when a constraint of the ledger forbids the move; nothing has changed then.
    """
    fields = {"finished_at": clock.now() if state in FINAL else None} | fields | {"state": state, "waits_for": waits_for, "reason": reason}
    with transaction.atomic():
        moved = Delivery.objects.filter(only_if, pk=delivery.pk).update(**fields)
        if moved:
            note(what or reason, who=who, delivery=delivery, data={"from": delivery.state, "to": state, **(data or {})})
    if moved:
        _show(delivery, fields)
    return bool(moved)


def _show(delivery: Delivery, fields: dict[str, Any]) -> None:
    """Read again only what the database has worked out."""
    given = {name: value for name, value in fields.items() if not hasattr(value, "resolve_expression")}
    for name, value in given.items():
        setattr(delivery, name, value)
    if worked_out := fields.keys() - given.keys():
        delivery.refresh_from_db(fields=worked_out)


def note(
    what: str,
    *,
    who: str = POSTLARK,
    at: datetime | None = None,
    delivery: Delivery | None = None,
    data: dict[str, Any] | None = None,
    **about: Any,
) -> Event:
    """Add one line to the record. `at`: where the clock has been asked already. `about`: blog, post, subscriber, where there is no
    delivery to take them from."""
    if delivery is not None:
        about = {"delivery": delivery, "post_id": delivery.post_id, "blog_id": delivery.blog_id} | about
    return Event.objects.create(at=at or clock.now(), who=who, what=what, data=data or {}, **about)
