"""A report becomes a row, a line of the record and, where it says so, the end of writing to an address: all in one commit."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from worker.lib import clock
from worker.lib.address import address_key
from worker.models import Recipient, Return, Subscriber, Suppression
from worker.newsletter import suppress
from worker.newsletter.leave import unsubscribe
from worker.newsletter.outcome import Outcome
from worker.newsletter.returns.softs import Copy, has_given_out, softs_in_a_row
from worker.record.transition import note

Kind = Return.Kind
THE_RELAY = "The mail relay"
_SAYS = {
    Kind.DELIVERED: "A copy was delivered.",
    Kind.HARD: "A copy bounced: the mailbox does not exist. Nothing is sent there any more.",
    Kind.SOFT: "A copy bounced: the mailbox could not take it.",
    Kind.BLOCKED: "A copy bounced: the reader’s mail server does not want it as it is.",
    Kind.COMPLAINED: "A reader reported a copy as spam (complained). Nothing is sent there any more.",
    Kind.UNSUBSCRIBED: "A reader unsubscribed at the provider.",
}
_NEWEST = 50  # copies of one reader that are looked at


class Report(NamedTuple):
    """What somebody says of one copy.

    `source`: who says it, as the record names them. `words` and `status`: their own. `address`: which one it is about,
    where they tell; a reader may have moved to another since.
    """

    kind: str
    source: str
    at: datetime
    words: str = ""
    status: str = ""
    address: str = ""


def record(recipient: Recipient, report: Report) -> bool:
    """False when as much was reported of this copy before: nothing changes then."""
    with transaction.atomic():
        told = {"delivery_id": recipient.delivery_id, "at": report.at, "source": report.source}
        row, is_new = Return.objects.get_or_create(
            recipient=recipient, kind=report.kind, defaults={**told, "status": report.status[:20], "words": report.words}
        )
        if is_new:
            data = {"kind": row.kind, "status": row.status}
            note(_SAYS[Kind(row.kind)], who=row.source, delivery=recipient.delivery, subscriber=recipient.subscriber, data=data)
            _act(recipient.subscriber.goes_on_as or recipient.subscriber, row, report.address)
    return is_new


def record_refusals(outcomes: Mapping[int, Outcome]) -> None:
    """Recipient -> outcome, inside the transaction that writes them: what the relay refused counts like what came back later."""
    refused = {key: each for key, each in outcomes.items() if each.bounce}
    if not refused:
        return
    for recipient in Recipient.objects.filter(pk__in=refused).select_related("subscriber__blog", "delivery"):
        came = refused[recipient.pk]
        record(recipient, Report(came.bounce, THE_RELAY, came.at, came.detail))


def _act(reader: Subscriber, row: Return, address: str) -> None:
    if reader.state == Subscriber.State.FORGOTTEN or _was_left_behind(reader, address):
        return
    match row.kind:
        case Kind.UNSUBSCRIBED:
            unsubscribe(reader, row.source)
        case Kind.COMPLAINED:
            _write_no_more(reader, row, Suppression.Cause.COMPLAINED)
        case Kind.HARD:
            _write_no_more(reader, row, Suppression.Cause.BOUNCED)
        case Kind.SOFT if has_given_out(softs := softs_in_a_row(_copies(reader), clock.now())):
            note(
                f"The last {len(softs)} copies to a reader came back. Nothing is sent there any more.", blog=reader.blog, subscriber=reader
            )
            _write_no_more(reader, row, Suppression.Cause.BOUNCED)


def _was_left_behind(reader: Subscriber, address: str) -> bool:
    """It came back from an address that the reader has changed since."""
    try:
        key = address_key(address)
    except ValueError:
        return False
    known = suppress.suppression_of(reader.blog_id, key)
    return known is not None and known.cause == Suppression.Cause.MOVED


def _write_no_more(reader: Subscriber, row: Return, cause: str) -> None:
    row.suppressed = suppress.add(reader.blog_id, reader.address_key, cause, f"{row.source}: {row.get_kind_display()}")
    row.save(update_fields=["suppressed"])


def _copies(reader: Subscriber) -> Iterable[Copy]:
    """Those that left or were refused, newest first."""
    over = Recipient.objects.filter(subscriber=reader, state__in=[Recipient.State.SENT, Recipient.State.REFUSED], at__isnull=False)
    for recipient in over.order_by("-pk").prefetch_related("returns")[:_NEWEST]:
        returns = list(recipient.returns.all())
        assert recipient.at is not None, "it was asked for so"
        yield Copy(
            recipient.at, recipient.state == Recipient.State.SENT, {one.kind for one in returns}, any(one.suppressed for one in returns)
        )
