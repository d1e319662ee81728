"""“Is this the same?” A person says whether a post that was held is one we know. What they say is remembered in the post's names."""

from django.db import transaction
from django.db.models import Q

from worker.deliver import issues
from worker.deliver.claim import State, WaitsFor
from worker.deliver.plan import begin, start_of
from worker.ingest.store import take_over
from worker.lib import clock
from worker.lib.blogs import BlogFile, blog_file
from worker.lib.refused import Refused
from worker.models import Delivery, Post
from worker.record.standing import waiting
from worker.record.transition import note, transition

Origin = Post.Origin
ANSWERED = "Nobody asks about this post any more: whether it is the same has been answered already."


def is_new(post: Post, who: str) -> list[int]:
    """They are two posts: this one goes out, and so does the other where the question was about both. Returns what is due at once."""
    other = _other(post)
    with transaction.atomic():
        _answered(post, Origin.NEW)
        note(f"This is a new post, {who} says, and not “{other.title}”.", who=who, blog=post.blog, post=post)
        due = _let_go(post, who)
        if _asks_back(other, post):
            _answered(other, Origin.NEW)
            due += _let_go(other, who)
    return due


def is_same(post: Post, who: str) -> list[int]:
    """They are one post, and the other is it: nothing more goes out of this one. Where neither is out, the other goes out once."""
    known = _other(post)
    with transaction.atomic():
        _answered(post, Origin.SAME)
        take_over(post, known, clock.now())
        note(f"This is the same post as “{known.title}”, {who} says.", who=who, blog=post.blog, post=post)
        note(f"It stands in the feed under other names too, {who} says: {post.url}.", who=who, blog=post.blog, post=known)
        for delivery in post.deliveries.filter(state__in=[State.HELD, State.PENDING]):
            reason = f"It is the same post as “{known.title}”, {who} says, and does not go out again."
            as_it_stands = Q(state=delivery.state, attempt=delivery.attempt)
            transition(delivery, as_it_stands, state=State.CANCELLED, waits_for=WaitsFor.NOTHING, reason=reason, who=who, due_at=None)
        Post.objects.filter(origin=Origin.UNSURE, resembles=post).exclude(pk=known.pk).update(resembles=known)
        _let_issues_go(post, who)
        if not _asks_back(known, post):
            return []
        _answered(known, Origin.NEW)
        return _let_go(known, who)


def _other(post: Post) -> Post:
    if post.origin != Origin.UNSURE:
        raise Refused(ANSWERED)
    if post.resembles is None:
        raise Refused("The post that this one was like is gone; release this one's deliveries, or cancel them.")
    return post.resembles


def _answered(post: Post, origin: Origin) -> None:
    if not Post.objects.filter(pk=post.pk, origin=Origin.UNSURE).update(origin=origin):
        raise Refused(ANSWERED)
    post.origin = origin


def _asks_back(other: Post, post: Post) -> bool:
    return other.origin == Origin.UNSURE and other.resembles_id == post.pk


def _let_go(post: Post, who: str) -> list[int]:
    """Its automatic deliveries begin, but for those that the gate holds back. Those that a person has released are under way."""
    file = blog_file(post.blog.slug)
    _let_issues_go(post, who)
    held = post.deliveries.filter(state=State.HELD, occasion=Delivery.Occasion.AUTOMATIC, first_due_at=None, rendition__isnull=False)
    return [delivery.pk for delivery in held if file and delivery.channel in file.channels and _begin(delivery, file, who)]


def _let_issues_go(post: Post, who: str) -> None:
    """The digests that were held for this question alone go on their day; those in which another post asks one wait for that."""
    file, now = blog_file(post.blog.slug), clock.now()
    if file is None or "email" not in file.channels:
        return
    for delivery in issues.not_begun(post):
        issues.leave_out_what_was_dropped(delivery)
        if delivery.state == State.HELD and delivery.held_for == Delivery.HeldFor.UNSURE:
            goes_at, when = issues.when(delivery, file, now)
            starts = [start_of(each, file, "email", now) for each in delivery.posts()]
            stands = next((each for each in starts if each.state == State.HELD), waiting(f"Goes out {when}.", goes_at))
            what = f"{who} has said whether “{post.title}” is the same. {stands.reason}"
            issues.stand(delivery, stands, what, who, first_due_at=goes_at)


def _begin(delivery: Delivery, file: BlogFile, who: str) -> bool:
    """Whether it is due at once."""
    now = clock.now()
    start = begin(Origin.NEW, "", file, delivery.channel, "", now)
    transition(
        delivery,
        Q(state=State.HELD, attempt=delivery.attempt),
        **start.fields,
        first_due_at=start.due_at,
        who=who,
        what=f"This is a new post, {who} says. {start.reason}",
    )
    return start.due_at is not None and start.due_at <= now
