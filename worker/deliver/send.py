"""One delivery, from due to its outcome: the protocol of docs/reliability.md.

| crash point | where | left behind |
|---|---|---|
| `claimed` | the claim is committed | `sending`, opened: swept back to `pending` |
| `opened` | picture uploaded, gate passed, `calling` not yet committed | the same |
| `calling` | `calling` committed, the request not yet made | `unknown`, although nothing went out |
| `answered` | the network answered, nothing noted of it | `unknown`, although it is out |
| `recorded` | the outcome is committed | the outcome |
"""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q

from worker import channels, gate, newsletter
from worker.channels.base import DeliveryError, Receipt, Transient
from worker.deliver import amended, approval, handover, issues, money, outcome, preflight
from worker.deliver.admission import admit
from worker.deliver.claim import Kind, State, WaitsFor, amends, claim, commit_calling, kind_of, next_in_line, still_ours, time_to_live
from worker.deliver.plan import add_languages, make_issue
from worker.deliver.timing import APART
from worker.lib import clock
from worker.lib.blogs import BlogFile, blog_file
from worker.lib.clock import Now
from worker.lib.crash import point
from worker.lib.deadline import deadly
from worker.models import Connection, Delivery
from worker.record.standing import Standing, waiting
from worker.record.transition import transition

log = logging.getLogger(__name__)

OUR_MISTAKE = "Something in Postlark itself went wrong while getting this ready; the log says what."
NO_ROOM = "There is no room left on the disk of Postlark's own data, so this could not be made ready."
# How a delivery stands while it is being prepared, and while the network is asked.
SAYS = {
    Kind.CREATE: ("Getting ready for {name}.", "Handed to {name}; waiting for its answer."),
    Kind.EDIT: ("Getting ready to correct it on {name}.", "{name} is asked to change it; waiting for its answer."),
    Kind.DELETE: ("Getting ready to take it down from {name}.", "{name} is asked to take it down; waiting for its answer."),
}


def send(delivery_id: int) -> list[int]:
    """Bring one due delivery as far as it goes now. Returns who is next in line for the same network.

    Quietly nobody when it is not due, somebody else has it, or its network is being talked to.
    """
    delivery = Delivery.objects.select_related("blog", "post", "issue", "rendition").get(pk=delivery_id)
    if delivery.state != State.PENDING or delivery.waits_for != WaitsFor.CLOCK:
        return []
    file = blog_file(delivery.blog.slug)
    if issues.is_empty(delivery):
        issues.skip_empty(delivery)
        return []
    connection, _ = Connection.objects.get_or_create(blog=delivery.blog, channel=delivery.channel)
    now = clock.now()
    verdict = admit(delivery, file, delivery.blog, connection, now, _ahead(delivery, now))
    if isinstance(verdict, Standing):
        _put_off(delivery, verdict)
        return next_in_line(delivery.channel)
    assert file is not None, "admission holds a delivery whose blog has no file"
    try:
        if verdict.rehearse:
            _rehearse(delivery, file)
        elif delivery.channel == "email" and delivery.occasion != Delivery.Occasion.TEST:
            _open_newsletter(delivery, file)
        elif not _hand_over(delivery, file):
            return []
    except IntegrityError:
        # The ledger's own constraint: at most one of a post and channel is under way.
        behind = "Another delivery of this post to this channel is not finished; this one waits for it."
        _put_off(delivery, waiting(behind, clock.now() + timedelta(minutes=1)))
    return next_in_line(delivery.channel)


def _ahead(delivery: Delivery, now: datetime) -> int:
    """Of those that wait for the same connection now or shortly, how many came before it."""
    others = Delivery.objects.filter(blog=delivery.blog_id, channel=delivery.channel, state=State.PENDING, waits_for=WaitsFor.CLOCK)
    return others.filter(pk__lt=delivery.pk, due_at__lt=now + 10 * APART).count()


def _put_off(delivery: Delivery, stands: Standing) -> None:
    due = Q(state=State.PENDING, waits_for=WaitsFor.CLOCK, due_at__lte=Now(), attempt=delivery.attempt)
    transition(delivery, due, **stands.fields)


def _hand_over(delivery: Delivery, file: BlogFile) -> bool:
    """A network's post, its edit or deletion, or a test copy by e-mail: one request, two commits. False when it could not be claimed."""
    ready, asked = (says.format(name=channels.find(delivery.channel).name) for says in SAYS[kind_of(delivery)])
    with deadly(time_to_live()):
        if not claim(delivery, ready, in_turn=delivery.channel != "email"):
            return False
        point("claimed")
        call = None
        with _said(delivery):
            if kind_of(delivery) == Kind.CREATE and delivery.occasion != Delivery.Occasion.TEST:
                preflight.check(delivery, file)
            _pay(delivery, file)
            call = handover.prepare(delivery, file)
        if call is None:
            return True
        point("opened")
        if not commit_calling(delivery, asked):
            log.warning("claim was gone before the call", extra={"delivery_id": delivery.pk, "attempt": delivery.attempt})
            return True
        point("calling")
        answer = _ask(call, delivery)
        point("answered")
        (amended.record if amends(delivery) else outcome.record)(delivery, answer)
        point("recorded")
    return True


@contextmanager
def _said(delivery: Delivery) -> Iterator[None]:
    """Before the call: what is in the way there ends the block, and the delivery stands accordingly, with its sentence."""
    try:
        yield
    except DatabaseError:
        raise
    except Exception as error:
        if isinstance(error, outcome.Withheld):
            outcome.not_called(delivery, error)
            return
        if not isinstance(error, DeliveryError | gate.Refused):
            log.exception("getting ready broke", extra={"delivery_id": delivery.pk, "channel": delivery.channel})
            full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
            error = Transient(NO_ROOM if full else OUR_MISTAKE, detail=type(error).__name__)
        (amended.not_done if amends(delivery) else outcome.not_called)(delivery, error)


def _pay(delivery: Delivery, file: BlogFile) -> None:
    """Reserve what the network may charge; Withheld is raised where the month's ceiling forbids it. No ceiling keeps a post from being taken down."""
    if delivery.channel == "email":
        return
    cost, now = handover.price(delivery, file), clock.now()
    if not cost.whole:
        return
    with transaction.atomic():
        reserved = money.reserve(delivery, file, cost, now, capped=not amends(delivery))
    if not reserved:
        connection = Connection.objects.get(blog=delivery.blog_id, channel=delivery.channel)
        raise outcome.Withheld(Delivery.HeldFor.MONEY, money.too_dear(connection, file, cost, now))


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
        with _said(delivery):
            if not _is_made(delivery, file):
                return
            handover.check(delivery, file)
            kept = handover.keep_rehearsal(delivery, file)
            point("opened")
            outcome.rehearsed(delivery, kept)
            point("recorded")


def _is_made(delivery: Delivery, file: BlogFile) -> bool:
    """A newsletter speaks its readers' languages, and an issue says what its posts say, when it goes out. False when it can't go out; then it has been told why."""
    if delivery.channel != "email" or delivery.attempts.exclude(number=delivery.attempt).exists():
        return True
    if delivery.issue_id is None:
        add_languages(delivery, file)
        return True
    if refused := make_issue(delivery, file):
        outcome.not_called(delivery, gate.Refused(refused))
        return False
    if sentence := approval.missing(file, delivery.approved_by):
        outcome.not_called(delivery, outcome.Withheld(Delivery.HeldFor.APPROVAL, sentence))
        return False
    return True


def _open_newsletter(delivery: Delivery, file: BlogFile) -> None:
    """Look at the post's page, write the audience down, then let its batches go. Repeated, it goes on where it stopped."""
    if not claim(delivery, "Writing down who gets it.", preparing=True):
        return
    point("claimed")
    with _said(delivery):
        preflight.check(delivery, file)
        if not _is_made(delivery, file):
            return
        if not newsletter.prepare(delivery):
            _go_on_writing(delivery)
            return
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


def _go_on_writing(delivery: Delivery) -> None:
    """A list that takes longer to write down than a worker may be at it: somebody goes on at once."""
    delivery.refresh_from_db(fields=["reason"])
    transition(
        delivery,
        still_ours(delivery) & Q(state=State.PREPARING),
        state=State.PENDING,
        waits_for=WaitsFor.CLOCK,
        reason=delivery.reason,
        due_at=clock.now(),
        lease_until=None,
        phase="",
    )
