"""One delivery, from due to its outcome: the protocol of docs/reliability.md.

| crash point | where | left behind |
|---|---|---|
| `claimed` | the claim is committed | `sending`, opened: swept back to `pending` |
| `opened` | picture uploaded, gate passed, `calling` not yet committed | the same |
| `calling` | `calling` committed, the request not yet made | `unknown`, although nothing went out |
| `answered` | the network answered, nothing noted of it | `unknown`, although it is out |
| `recorded` | the outcome is committed | the outcome |
"""

import logging
from datetime import timedelta

from django.db import IntegrityError
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from worker import channels, gate, newsletter
from worker.channels.base import DeliveryError, Receipt
from worker.deliver import handover, outcome
from worker.deliver.admission import Not, admit
from worker.deliver.claim import State, WaitsFor, claim, commit_calling, still_ours, time_to_live
from worker.lib.blogs import BlogFile, blog_file
from worker.lib.crash import point
from worker.lib.deadline import deadly
from worker.models import Connection, Delivery
from worker.record.transition import transition

log = logging.getLogger(__name__)


def send(delivery_id: int) -> None:
    """Bring one due delivery as far as it goes now. Returns quietly when it is not due, or somebody else has it."""
    delivery = Delivery.objects.select_related("blog", "post", "rendition").get(pk=delivery_id)
    if delivery.state != State.PENDING or delivery.waits_for != WaitsFor.CLOCK:
        return
    file = blog_file(delivery.blog.slug)
    connection, _ = Connection.objects.get_or_create(blog=delivery.blog, channel=delivery.channel)
    verdict = admit(delivery, file, delivery.blog, connection, timezone.now())
    if isinstance(verdict, Not):
        _put_off(delivery, verdict)
        return
    assert file is not None, "admission holds a delivery whose blog has no file"
    try:
        if verdict.rehearse:
            _rehearse(delivery, file)
        elif delivery.channel == "email" and delivery.occasion != Delivery.Occasion.TEST:
            _open_newsletter(delivery)
        else:
            _hand_over(delivery, file)
    except IntegrityError:
        # The ledger's own constraint: at most one of a post and channel is under way.
        _put_off(
            delivery,
            Not(
                "pending",
                "clock",
                "Another delivery of this post to this channel is not finished; this one waits for it.",
                timezone.now() + timedelta(minutes=1),
            ),
        )


def _put_off(delivery: Delivery, verdict: Not) -> None:
    due = Q(state=State.PENDING, waits_for=WaitsFor.CLOCK, due_at__lte=Now(), attempt=delivery.attempt)
    transition(delivery, due, state=verdict.state, waits_for=verdict.waits_for, reason=verdict.reason, due_at=verdict.due_at)


def _hand_over(delivery: Delivery, file: BlogFile) -> None:
    """A network's post, or a test copy by e-mail: one request, two commits."""
    name = channels.find(delivery.channel).name
    with deadly(time_to_live()):
        if not claim(delivery, f"Getting ready for {name}."):
            return
        point("claimed")
        try:
            call = handover.prepare(delivery, file)
        except (DeliveryError, gate.Refused) as error:
            outcome.not_called(delivery, error)
            return
        point("opened")
        if not commit_calling(delivery, f"Handed to {name}; waiting for its answer."):
            log.warning("claim was gone before the call", extra={"delivery_id": delivery.pk, "attempt": delivery.attempt})
            return
        point("calling")
        answer = _ask(call, delivery)
        point("answered")
        outcome.record(delivery, answer)
        point("recorded")


def _ask(call: handover.Call, delivery: Delivery) -> Receipt | Exception:
    """The one request. Whatever an adapter raises that is not a DeliveryError tells us nothing: it may be out."""
    try:
        return call()
    except DeliveryError as error:
        return error
    except Exception as error:
        log.exception("adapter failed", extra={"delivery_id": delivery.pk, "channel": delivery.channel})
        return error


def _rehearse(delivery: Delivery, file: BlogFile) -> None:
    """Everything but the hand-over."""
    with deadly(time_to_live()):
        if not claim(delivery, "Being rehearsed."):
            return
        point("claimed")
        try:
            handover.check(delivery, file)
        except gate.Refused as error:
            outcome.not_called(delivery, error)
            return
        kept = handover.keep_rehearsal(delivery, file)
        point("opened")
        outcome.rehearsed(delivery, kept)
        point("recorded")


def _open_newsletter(delivery: Delivery) -> None:
    """Write the audience down, then let its batches go. Repeated after a crash, it goes on where it stopped."""
    if not claim(delivery, "Writing down who gets it.", preparing=True):
        return
    point("claimed")
    newsletter.prepare(delivery)
    point("opened")
    transition(
        delivery,
        still_ours(delivery) & Q(state=State.PREPARING),
        state=State.SENDING,
        waits_for=WaitsFor.NETWORK,
        reason="Being sent to its readers.",
        lease_until=None,
        phase="",
    )
    newsletter.finish(delivery)
