"""What a person may do with a delivery, at the console or the command line. Each act needs a name, most need a reason; both are kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from worker import channels, newsletter
from worker.connections.poster import declared
from worker.deliver import approval, issues, money
from worker.deliver.amended import goes_on
from worker.deliver.claim import State, WaitsFor, amends
from worker.deliver.plan import draft, draft_issue, write
from worker.lib import clock
from worker.lib.address import masked, read_address
from worker.lib.blogs import BlogFile, blog_file
from worker.lib.clock import spoken
from worker.lib.editions import INSTANT
from worker.lib.refused import Refused
from worker.models import Blog, Connection, Delivery, Post
from worker.newsletter.returns import let_in_again
from worker.newsletter.suppress import named_nobody
from worker.record.sums import sum_of
from worker.record.transition import FINAL, note, transition
from worker.render import Rendered

Occasion = Delivery.Occasion


_BEING_SENT = Q(state=State.SENDING, channel="email") & ~Q(occasion=Occasion.TEST)
"""A newsletter between its readers, each of whom it asks for once: it can be stopped there."""


def hold(delivery: Delivery, who: str, because: str) -> None:
    """Stop the clock of a waiting delivery, or a newsletter that is being sent: it goes on where it stopped."""
    reason = f"Held by {who}: {because_of(because)}{_so_far(delivery)} Release it to let it go{' on' if _so_far(delivery) else ''}."
    _act(
        delivery,
        Q(state=State.PENDING, withdrawn_by="") | _BEING_SENT,
        "This can't be held now.",
        who,
        state=State.HELD,
        waits_for=WaitsFor.PERSON,
        reason=reason,
        held_for=Delivery.HeldFor.STAFF,
    )


def release(delivery: Delivery, who: str, because: str = "", seen: datetime | None = None) -> None:
    """Let a held one go, an issue at its time, or a waiting one go before its time. Text that the gate refused is made anew first.

    By whom the blog's file asks for approval, it is the approval: of the words made at `seen`, if that is given.
    """
    file = blog_file(delivery.blog.slug)
    if delivery.held_for == Delivery.HeldFor.APPROVAL and file and file.approval and not approval.is_approver(file, who):
        raise Refused(f"It waits for the approval of {file.approval}; only they can give it, signed in.")
    if delivery.state == State.HELD and not hasattr(delivery, "rendition"):
        its_file = file_of(delivery.blog)
        made = draft(delivery.post, its_file, delivery.channel) if delivery.post else draft_issue(delivery, its_file)
        if isinstance(made, str):
            raise Refused(made)
        write(delivery, made)
    now = clock.now()
    goes_at, when = issues.when(delivery, file, now)
    given = approval.given_by(file, who, now)
    then = goes_on(delivery) if amends(delivery) else f"Goes out {when}."
    reason = f"{'Approved' if given else 'Released'} by {who}{': ' + because.strip() if because.strip() else ''}. {then}"
    waiting = Q(state=State.HELD) | Q(state=State.PENDING, waits_for=WaitsFor.CLOCK, withdrawn_by="")
    if seen:
        waiting &= Q(rendition__made_at=seen)
    waived: dict[str, Any] = {
        "page_waived": delivery.page_waived or delivery.held_for == Delivery.HeldFor.PAGE,
        "refusals_waived": delivery.refusals_waived or delivery.held_for == Delivery.HeldFor.REFUSALS,
    }
    goes: dict[str, Any] = {
        "state": State.PENDING,
        "waits_for": WaitsFor.CLOCK,
        "reason": reason,
        "due_at": goes_at,
        "first_due_at": goes_at,
    }
    _act(delivery, waiting, "This can't be released now.", who, **goes, **given, **waived, held_for="")


def cancel(delivery: Delivery, who: str, because: str) -> None:
    """Drop one that has not gone out; stop a newsletter for good: who has not had it is skipped."""
    ended: dict[str, Any] = {"state": State.CANCELLED, "waits_for": WaitsFor.NOTHING, "due_at": None}
    open_ones = Q(state__in=[State.HELD, State.PENDING], withdrawn_by="") | _BEING_SENT
    so_far = _so_far(delivery)
    if so_far and delivery.state == State.SENDING:
        so_far += " What was on its way then is in the sum."
    _act(
        delivery,
        open_ones,
        "This can't be cancelled now.",
        who,
        **ended,
        reason=f"Cancelled by {who}: {because_of(because)}{so_far}",
    )
    newsletter.call_off(delivery.pk)


def skip(delivery: Delivery, who: str, because: str) -> None:
    """Leave this channel out for this post."""
    ended: dict[str, Any] = {"state": State.SKIPPED, "waits_for": WaitsFor.NOTHING, "due_at": None}
    _act(
        delivery,
        Q(state__in=[State.HELD, State.PENDING], withdrawn_by=""),
        "This can't be skipped now.",
        who,
        **ended,
        reason=f"Skipped by {who}: {because_of(because)}",
    )


def resend(post: Post, channel: str, who: str, because: str, audience: str = "", text: str | None = None) -> Delivery:
    """A new delivery of a post. E-mail goes to `audience`: missing (the default), failed, new, all, or one subscriber's address."""
    file = open_channel(post.blog, channel)
    because = because_of(because)
    if channel != "email" and audience:
        raise Refused(f"{channels.find(channel).name} has no readers to choose from; --to is for e-mail.")
    made = draft(post, file, channel, text)
    if isinstance(made, str):
        raise Refused(made)
    if sentence := same_words(post, channel, made):
        raise Refused(sentence)
    with transaction.atomic():
        _nothing_under_way(post, channel)
        if channel == "email":
            let_in_again(post, audience, who, because)
            audience = newsletter.check_audience(post.blog, audience or "missing")
        edition = INSTANT if channel == "email" else ""
        asked = {"asked_because": because, "audience": audience, "edition": edition, **approval.given_by(file, who, clock.now())}
        words = {"edited_by": who if text is not None else "", "own_words": text or ""}
        said = f"Asked for by {who}: {because} Goes out now."
        delivery = new(post.blog, Occasion.RESEND, who, said, made, words, post=post, channel=channel, **asked)
    return delivery


def same_words(post: Post, channel: str, made: Rendered) -> str:
    """Why the network would refuse this text: the same words are live there. Empty where it would not."""
    file = file_of(post.blog)
    if channel == "email" or not declared(file, channel).refuses_duplicates:
        return ""
    live = Delivery.objects.filter(post=post, channel=channel, state=State.SENT, rendition__text=made.message.text).order_by("-finished_at")
    other = live.first()
    if other is None or other.finished_at is None:
        return ""
    at = spoken(other.finished_at, file.timezone, clock.now())
    return f"{channels.find(channel).name} takes the same words only once, and these are live there since {at}: change a word."


def test(post: Post, to: str, who: str) -> Delivery:
    """A marked copy of the newsletter to one address of the staff's own."""
    file = open_channel(post.blog, "email")
    if missing := newsletter.cannot_send(file):
        raise Refused(missing)
    if not to.endswith("@localhost"):
        to = _as_written(to)
    made = draft(post, file, "email")
    if isinstance(made, str):
        raise Refused(made)
    reason = f"A test copy for {masked(to)} goes out now."
    return new(post.blog, Occasion.TEST, who, reason, made, post=post, channel="email", edition=INSTANT, audience=to)


def new(blog: Blog, occasion: str, who: str, reason: str, made: Rendered, words: Mapping[str, str] = {}, **fields: Any) -> Delivery:
    """One that a person asks for: it goes out now. `words`: what of them is their own."""
    now = clock.now()
    due: dict[str, Any] = {"state": State.PENDING, "waits_for": WaitsFor.CLOCK, "created_at": now, "due_at": now, "first_due_at": now}
    with transaction.atomic():
        delivery = Delivery.objects.create(blog=blog, occasion=occasion, asked_by=who, reason=reason, **due, **fields)
        write(delivery, made, **words)
        note(reason, who=who, delivery=delivery, data={"to": delivery.state})
    return delivery


def settle(delivery: Delivery, who: str, sent: bool, url: str = "", recipients: Sequence[str] | None = None) -> None:
    """A person has looked. E-mail: `recipients` are addresses, None means everybody in doubt."""
    if delivery.channel == "email" and delivery.occasion != Occasion.TEST:
        newsletter.settle(delivery, who, sent=sent, recipients=recipients)
        return
    if amends(delivery):
        raise Refused(f"Postlark finds out by itself: {delivery.reason}")
    if recipients is not None:
        raise Refused(f"{channels.find(delivery.channel).name} has no recipients to settle one by one.")
    if sent:
        _is_there(delivery, who, url)
    else:
        _is_not_there(delivery, who)


def _is_there(delivery: Delivery, who: str, url: str) -> None:
    kind = channels.find(delivery.channel)
    number = _number_at(delivery, url)
    reason = f"{kind.done} on {kind.name}: {who} looked and found it there."
    if not number and delivery.channel != "email":
        reason += f" Postlark does not know its number on {kind.name}, so it can neither correct it nor take it down later: do that there by hand."
    there: dict[str, Any] = {"state": State.SENT, "waits_for": WaitsFor.NOTHING, "reason": reason, "due_at": None}
    out: dict[str, Any] = {"remote_id": number, "remote_url": url, "lease_until": None}
    try:
        _act(
            delivery,
            Q(state=State.UNKNOWN),
            "There is nothing to answer here now.",
            who,
            **there,
            **out,
            refund=money.refund(delivery, posted=True),
        )
    except IntegrityError:
        raise Refused(f"What stands at {url} went out as another delivery. Look for the address of this one.") from None


def _number_at(delivery: Delivery, url: str) -> str:
    """The network's own, of the post at this address; empty where that cannot be told from it."""
    file = blog_file(delivery.blog.slug)
    if delivery.channel == "email" or file is None or delivery.channel not in file.channels:
        return ""
    row = Connection.objects.filter(blog=delivery.blog_id, channel=delivery.channel).first()
    return declared(file, delivery.channel, row).id_in(url)


def _is_not_there(delivery: Delivery, who: str) -> None:
    name = channels.find(delivery.channel).name
    if delivery.state == State.UNKNOWN and delivery.waits_for == WaitsFor.NETWORK:
        raise Refused(
            f"Postlark is still looking for it on {name}, so sending it again could double it. If it can't find out, it will ask you."
        )
    now = clock.now()
    if delivery.state == State.UNKNOWN and delivery.call_by and delivery.call_by >= now:
        left = int((delivery.call_by - now).total_seconds()) + 1
        raise Refused(
            f"The request to {name} may still be on its way for {left} {'second' if left == 1 else 'seconds'}. Wait that long, look once more, then press it again."
        )
    reason = f"{who} looked and it is not on {name}. Goes out now."
    asked = Q(state=State.UNKNOWN, waits_for=WaitsFor.PERSON) & (Q(call_by=None) | Q(call_by__lt=now))
    _act(
        delivery,
        asked,
        "There is nothing to answer here now.",
        who,
        state=State.PENDING,
        waits_for=WaitsFor.CLOCK,
        reason=reason,
        due_at=now,
        first_due_at=now,
        repeats=0,
        refund=money.refund(delivery, posted=False),
    )


def pause(blog: Blog, channel: str | None, who: str) -> str:
    """Nothing more goes out until somebody resumes it. Returns the sentence that says so."""
    with transaction.atomic():
        if channel is None:
            Blog.objects.filter(pk=blog.pk).update(paused_by=who)
        else:
            Connection.objects.update_or_create(blog=blog, channel=channel, defaults={"paused_by": who})
        what = f"{_what(blog, channel)} is paused by {who}; what is due waits."
        note(what, who=who, blog=blog, data={"channel": channel or "all"})
    return what


def resume(blog: Blog, channel: str | None, who: str) -> str:
    """Also after a connection was mended: what waited for it goes out by itself."""
    now = clock.now()
    with transaction.atomic():
        if channel is None:
            Blog.objects.filter(pk=blog.pk).update(paused_by="")
        else:
            Connection.objects.update_or_create(
                blog=blog, channel=channel, defaults={"paused_by": "", "broken": "", "cooldown_until": None, "cooldown": ""}
            )
        what = f"{_what(blog, channel)} goes on, says {who}."
        note(what, who=who, blog=blog, data={"channel": channel or "all"})
        waiting = Delivery.objects.filter(blog=blog, state=State.PENDING, waits_for=WaitsFor.PERSON)
        for delivery in waiting.filter(channel=channel) if channel else waiting:
            transition(
                delivery,
                Q(state=State.PENDING, waits_for=WaitsFor.PERSON),
                who=who,
                state=State.PENDING,
                waits_for=WaitsFor.CLOCK,
                reason=goes_on(delivery),
                what=what,
                due_at=now,
            )
    return what


def _act(
    delivery: Delivery,
    only_if: Q,
    closed: str,
    who: str,
    *,
    state: str,
    waits_for: str,
    reason: str,
    refund: money.Refund | None = None,
    **fields: Any,
) -> None:
    """Refused where it no longer is `only_if`: by `closed`, a sentence, and by how it stands instead."""
    with transaction.atomic():
        fields |= refund.fields if refund else {}
        if not transition(delivery, only_if, state=state, waits_for=waits_for, reason=reason, who=who, **fields):
            delivery.refresh_from_db()
            raise Refused(f"{closed} {delivery.reason}")
        if refund:
            refund.book(delivery)


def _so_far(delivery: Delivery) -> str:
    """Of a newsletter that some have had."""
    total = sum_of([delivery.pk]).get(delivery.pk) if delivery.channel == "email" else None
    return (
        f" {total.sent} of {total.audience} {'reader' if total.audience == 1 else 'readers'} had it by then."
        if total and total.sent
        else ""
    )


def because_of(text: str) -> str:
    """A person's reason as a sentence, without a reader's address in it. Raises Refused where there is none."""
    text = named_nobody(text)
    if not text:
        raise Refused("A reason is needed; it is kept in the record.")
    return text if text[-1] in ".!?" else f"{text}."


def file_of(blog: Blog) -> BlogFile:
    file = blog_file(blog.slug)
    if file is None:
        raise Refused(f"The file of the blog {blog.slug} is gone; put {blog.slug}.toml back into {settings.POSTLARK_BLOGS}.")
    return file


def open_channel(blog: Blog, channel: str) -> BlogFile:
    file = file_of(blog)
    if channel not in file.channels:
        raise Refused(f"The blog {file.slug} has no channel {channel!r}; it has {', '.join(file.channels)}.")
    if file.channels[channel].mode == "off":
        raise Refused(f"{channels.find(channel).name} is switched off in the file of {file.slug}.")
    return file


def _nothing_under_way(post: Post, channel: str) -> None:
    """One at a time; a second click finds the first."""
    Post.objects.select_for_update().get(pk=post.pk)
    if other := unfinished(Delivery.objects.filter(post=post, channel=channel)):
        raise Refused(
            f"Delivery {other.pk} of this post to {channels.find(channel).name} is not finished: {other.reason} Finish that one first."
        )


def unfinished(deliveries: QuerySet[Delivery]) -> Delivery | None:
    """But for test copies."""
    return deliveries.exclude(occasion=Occasion.TEST).exclude(state__in=FINAL).first()


def _as_written(to: str) -> str:
    try:
        return read_address(to).written
    except ValueError as error:
        raise Refused(f"{to} {error}") from None


def _what(blog: Blog, channel: str | None) -> str:
    file = blog_file(blog.slug)
    name = file.name if file else blog.slug
    return f"{channels.find(channel).name} of {name}" if channel else name
