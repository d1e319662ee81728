"""Taking a post back: down from every network that can, stopped where it has not gone out, and said where nothing can be undone.

A deletion is an attempt of its own kind on the delivery that posted (send.py, amended.py). What an e-mail has told, nobody
can take back; a newsletter still on its way is stopped for the rest, and its copy in the browser is open to nobody any more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q

from worker import channels, newsletter
from worker.channels.base import Poster
from worker.connections.poster import declared_if_any
from worker.deliver.claim import State, WaitsFor
from worker.deliver.staff import because_of
from worker.lib import clock
from worker.lib.blogs import blog_file
from worker.lib.refused import Refused
from worker.models import Delivery, Issue, Part, Post
from worker.record.deliveries import of_posts, taken_back
from worker.record.sums import Sum, sum_of
from worker.record.transition import note, transition

Occasion = Delivery.Occasion
OVER = (State.FAILED, State.SKIPPED, State.CANCELLED, State.REHEARSED, State.WITHDRAWN)
PAGE = "Its copy in the browser is taken down."
ON_ITS_WAY = (State.HELD, State.PENDING, State.PREPARING, State.SENDING)


@dataclass(frozen=True)
class Fate:
    """What withdrawing means for one delivery. `may`: it is taken down, or stopped."""

    may: bool
    says: str


@dataclass(frozen=True)
class Step:
    """`is_page`: it is about the newsletter's copy in the browser; what became of the mails stays as it is."""

    delivery: Delivery
    fate: Fate
    is_page: bool = False


def fate(delivery: Delivery, poster: Poster | None, total: Sum) -> Fate | None:
    """None: nothing of it is out, and nothing will be. `poster`: the network's own word on what it can; `total`: of a newsletter."""
    name, state = channels.find(delivery.channel).name, delivery.state
    if delivery.occasion == Occasion.TEST or state in OVER:
        return None
    if delivery.issue:
        return _of_a_digest(delivery.issue, state, total)
    if delivery.channel == "email":
        return _of_a_newsletter(state, total)
    if delivery.withdrawn_by:
        return Fate(False, f"It is being taken down from {name} already: {delivery.reason}")
    if state in (State.HELD, State.PENDING):
        what = "The correction is dropped" if delivery.occasion == Occasion.CORRECTION else "It does not go out"
        return Fate(True, f"{what} on {name}.")
    if delivery.occasion == Occasion.CORRECTION:
        return None if state == State.SENT else Fate(False, f"A correction on {name} is not finished yet.")
    if state == State.SENDING:
        return Fate(False, f"{name} is being asked at this moment. Withdraw it once that is over.")
    if state == State.UNKNOWN:
        return Fate(False, f"It is not known whether it is out on {name}; it can be withdrawn once that is known. {delivery.reason}")
    return _of_what_is_out(delivery, name, poster)


def _of_a_newsletter(state: str, total: Sum) -> Fate:
    gone = total.sent + total.unknown
    have = f"{gone} {'reader has' if gone == 1 else 'readers have'} it{', or may have it' if total.unknown else ''}"
    if state not in ON_ITS_WAY:
        return Fate(False, f"{have}, and a mail cannot be called back.")
    if not gone:
        return Fate(True, "The newsletter does not go out.")
    stopped = f"The newsletter is stopped for the rest. {have}, and a mail cannot be called back."
    return Fate(True, f"{stopped} {PAGE}")


def _of_a_digest(issue: Issue, state: str, total: Sum) -> Fate:
    if state in (State.HELD, State.PENDING):
        return Fate(True, f"It is left out of this: {issue}.")
    if state in ON_ITS_WAY:
        return Fate(False, f"It stands in a newsletter that is going out now, with other posts: {issue}.")
    gone = total.sent + total.unknown
    return Fate(False, f"{gone} {'reader has' if gone == 1 else 'readers have'} it in this, and a mail cannot be called back: {issue}.")


def _of_what_is_out(delivery: Delivery, name: str, poster: Poster | None) -> Fate:
    where = f" ({delivery.remote_url})" if delivery.remote_url else ""
    if poster is None or not poster.deletes:
        return Fate(False, f"Postlark cannot take it down from {name}. Do that there by hand{where}.")
    if not delivery.remote_id:
        return Fate(False, f"Postlark does not know its number on {name}, so it cannot take it down. Do that there by hand{where}.")
    return Fate(True, f"It is taken down from {name}. {poster.deleted_but}".strip())


def outlook(post: Post) -> list[Step]:
    """What withdrawing would do now, channel by channel. Nothing is changed."""
    return list(_steps(post))


def withdraw(post: Post, who: str, because: str) -> list[Step]:
    """Do it, as far as it can be done; each step says which. Raises Refused when there is nothing to do, or no reason is given."""
    because = because_of(because)
    with transaction.atomic():
        Post.objects.select_for_update().get(pk=post.pk)
        steps = [_begin(step, who, because) for step in _steps(post)]
        if not any(step.fate.may for step in steps):
            raise Refused(" ".join(step.fate.says for step in steps) or f"Nothing of “{post.title}” is out, and nothing waits to go out.")
        Post.objects.filter(pk=post.pk).update(withdrawn_at=clock.now())
        waiting = Delivery.objects.filter(state__in=[State.HELD, State.PENDING], issue__isnull=False)
        left_out = f"Withdrawn by {who}: {because}"
        Part.objects.filter(post=post, left_out="", issue__in=waiting.values("issue")).update(left_out=left_out)
        for step in steps:
            if step.fate.may and step.delivery.issue and not step.is_page:
                note(f"“{post.title}” is left out of it. {left_out}", who=who, delivery=step.delivery)
    return steps


def withdraw_one(delivery: Delivery, who: str, because: str) -> Step:
    """The same for one delivery alone."""
    because = because_of(because)
    step = _step(delivery)
    if step is None:
        raise Refused(f"There is nothing to withdraw: {delivery.reason}")
    step = _begin(step, who, because)
    if not step.fate.may:
        raise Refused(step.fate.says)
    return step


def leave(delivery: Delivery, who: str) -> None:
    """It was asked whether it shall come down, and a person wants it to stay."""
    stays = f"Stays on {channels.find(delivery.channel).name}, says {who}."
    asked = Q(state=State.SENT, waits_for=WaitsFor.PERSON)
    if not transition(
        delivery, asked, state=State.SENT, waits_for=WaitsFor.NOTHING, reason=stays, who=who, finished_at=delivery.finished_at
    ):
        raise Refused(f"Nothing is asked about it: {delivery.reason}")


def can_be_withdrawn(delivery: Delivery) -> bool:
    """For a button: whether the one delivery would be taken down or stopped."""
    step = _step(delivery)
    return step is not None and step.fate.may


def _steps(post: Post) -> Iterator[Step]:
    found = [delivery.pk for _, delivery in of_posts([post.pk]) if delivery.state not in OVER]
    for delivery in Delivery.objects.filter(pk__in=found).select_related("blog", "post", "issue", "rendition").order_by("pk"):
        if _has_a_page(delivery) and post.pk not in taken_back(delivery):
            left_out = f"It is left out of the copy in the browser of this: {delivery.issue}."
            yield Step(delivery, Fate(True, left_out if delivery.issue else PAGE), is_page=True)
        if step := _step(delivery):
            yield step


def _has_a_page(delivery: Delivery) -> bool:
    """Everybody can read it in the browser, and no more of it goes out by mail."""
    return delivery.channel == "email" and delivery.state in (State.SENT, State.UNKNOWN) and hasattr(delivery, "rendition")


def _step(delivery: Delivery) -> Step | None:
    total = sum_of([delivery.pk]).get(delivery.pk, Sum()) if delivery.channel == "email" else Sum()
    found = fate(delivery, declared_if_any(blog_file(delivery.blog.slug), delivery.channel), total)
    return Step(delivery, found) if found else None


def _begin(step: Step, who: str, because: str) -> Step:
    """As the fate says; where the delivery has moved on meanwhile, it says so instead."""
    delivery = step.delivery
    if step.is_page:
        begun = _take_the_page_down(delivery, who, because)
    elif not step.fate.may or delivery.issue:
        return step
    elif delivery.channel == "email":
        begun = newsletter.stop(delivery, who, because)
    elif delivery.state == State.SENT:
        begun = _take_down(delivery, who, because)
    else:
        waiting = Q(state__in=[State.HELD, State.PENDING], attempt=delivery.attempt)
        reason = f"Withdrawn by {who} before it went out: {because}"
        begun = transition(delivery, waiting, state=State.CANCELLED, waits_for=WaitsFor.NOTHING, reason=reason, who=who, due_at=None)
    return step if begun else Step(delivery, Fate(False, "It has moved on at this moment; withdraw it again."))


def _take_the_page_down(delivery: Delivery, who: str, because: str) -> bool:
    """It is the withdrawn post that opens it to nobody; the delivery says so."""
    closed = f"Its copy in the browser was taken down by {who}: {because}"
    done = f"The post was left out of its copy in the browser by {who}: {because}" if delivery.issue else closed
    as_it_is: dict[str, Any] = {"state": delivery.state, "waits_for": delivery.waits_for, "finished_at": delivery.finished_at}
    return transition(delivery, Q(state=delivery.state), reason=f"{delivery.reason} {done}", what=done, who=who, **as_it_is)


def _take_down(delivery: Delivery, who: str, because: str) -> bool:
    reason = f"To be taken down from {channels.find(delivery.channel).name}. {who} asked for it: {because}"
    return transition(
        delivery,
        Q(state=State.SENT, attempt=delivery.attempt, withdrawn_by=""),
        state=State.PENDING,
        waits_for=WaitsFor.CLOCK,
        reason=reason,
        who=who,
        due_at=clock.now(),
        phase="",
        lease_until=None,
        withdrawn_by=who,
        withdrawn_because=because,
    )
