"""The issues of a blog's digests: opened ahead, filled as posts come, made anew from what the posts say when their time comes."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from worker.deliver.claim import State, WaitsFor
from worker.deliver.timing import after_quiet
from worker.lib import clock
from worker.lib.blogs import BlogFile, blogs
from worker.lib.clock import Now, spoken
from worker.lib.editions import Digest, Due, next_due
from worker.models import Blog, Delivery, Issue, Part, Post
from worker.newsletter.editions import options_of
from worker.record.deliveries import withdrawn
from worker.record.standing import Standing, held
from worker.record.transition import POSTLARK, note, transition

NOTHING = "Nothing was published for it since the one before, so no newsletter goes out."


def open_coming(now: datetime) -> None:
    """The next issue of every digest. It stands there from now on, whether anything will be in it or not."""
    coming = {}
    for slug, file in blogs().items():
        for digest in _digests(file):
            due = next_due(digest, file.timezone, now)
            coming[slug, digest.name, due.day] = due
    there = Issue.objects.filter(due_at__gt=now).values_list("blog__slug", "edition", "day") if coming else ()
    missing = coming.keys() - set(there)
    known = {blog.slug: blog for blog in Blog.objects.filter(slug__in=[slug for slug, _, _ in missing])}
    for slug, edition, day in missing:
        if slug in known:
            _open(known[slug], blogs()[slug], edition, coming[slug, edition, day])


def add(post: Post, file: BlogFile, needs_a_person: str, held_for: str, now: datetime) -> None:
    """Give the post its place in the next issue of each digest that has not begun to go out. Within the plan's transaction.

    `needs_a_person`: why the post does not go out by itself; then the issue it is in does not either.
    """
    placed = set(Part.objects.filter(post=post).values_list("edition", flat=True))
    for digest in [each for each in _digests(file) if each.name not in placed]:
        delivery = _still_open(post.blog, file, digest, now + file.hold_for("email"))
        Part.objects.create(issue=_issue(delivery), edition=digest.name, post=post)
        Issue.objects.filter(pk=_issue(delivery).pk, since__gt=now).update(since=now)  # the one before it went out ahead of its day
        if needs_a_person and delivery.state == State.PENDING:
            what = f"“{post.title}” came into it. {needs_a_person}"
            stand(delivery, held(needs_a_person, held_for), what)
        else:
            note(f"“{post.title}” came into it.", delivery=delivery)


def not_begun(post: Post) -> list[Delivery]:
    """Of the issues that bring the post, those that still can say something else."""
    return list(Delivery.objects.filter(_not_begun(), issue__parts__post=post, issue__parts__left_out="").select_related("blog", "issue"))


def is_empty(delivery: Delivery) -> bool:
    """An issue that nothing is in."""
    if delivery.issue_id is None or delivery.attempts.exists():
        return False
    leave_out_what_was_dropped(delivery)
    return not delivery.posts()


def when(delivery: Delivery, file: BlogFile | None, now: datetime) -> tuple[datetime, str]:
    """From when on one that is let go may leave, and how a sentence says so: an issue that was held, not before its day."""
    if file is None or delivery.issue is None or delivery.state != State.HELD or delivery.issue.due_at <= now:
        return now, "now"
    goes_at = after_quiet(delivery.issue.due_at, file)
    return goes_at, f"at {spoken(goes_at, file.timezone, now)}"


def skip_empty(delivery: Delivery) -> None:
    """Not before its time: a post may come yet."""
    due = _not_begun() & Q(due_at__lte=Now())
    transition(delivery, due, state=State.SKIPPED, waits_for=WaitsFor.NOTHING, reason=NOTHING, due_at=None)


def _digests(file: BlogFile) -> list[Digest]:
    return options_of(file).digests if "email" in file.channels and file.channels["email"].mode != "off" else []


def _open(blog: Blog, file: BlogFile, edition: str, due: Due) -> Delivery:
    """The automatic delivery of the issue of that day; of the one that is there, if it is."""
    with transaction.atomic():
        before = Issue.objects.filter(blog=blog, edition=edition, due_at__lt=due.moment).order_by("-due_at").first()
        began = {"since": before.due_at if before else clock.now(), "due_at": due.moment}
        issue, is_new = Issue.objects.get_or_create(blog=blog, edition=edition, day=due.day, defaults=began)
        if not is_new:
            return Delivery.objects.select_for_update().get(issue=issue, occasion=Delivery.Occasion.AUTOMATIC)
        goes_at = after_quiet(due.moment, file)
        delivery = Delivery.objects.create(
            blog=blog,
            issue=issue,
            channel="email",
            edition=edition,
            state=State.PENDING,
            waits_for=WaitsFor.CLOCK,
            reason=_goes_out(issue, file),
            created_at=clock.now(),
            due_at=goes_at,
            first_due_at=goes_at,
        )
        note(delivery.reason, delivery=delivery, data={"to": delivery.state})
    return delivery


def _issue(delivery: Delivery) -> Issue:
    assert delivery.issue is not None, "only deliveries that bring one come here"
    return delivery.issue


def _goes_out(issue: Issue, file: BlogFile) -> str:
    local = file.local(issue.due_at)
    return f"It goes out on {local:%A} {local.day} {local:%B at %H:%M}, with what is published until then."


def _still_open(blog: Blog, file: BlogFile, digest: Digest, after: datetime) -> Delivery:
    """The delivery of the first issue after this moment that still takes posts; locked, so that nobody claims it before this commits."""
    while True:
        due = next_due(digest, file.timezone, after)
        delivery = _open(blog, file, digest.name, due)
        locked = (
            Delivery.objects.select_for_update(of=("self",)).filter(_not_begun(), pk=delivery.pk).select_related("issue", "blog").first()
        )
        if locked:
            return locked
        after = due.moment


def _not_begun() -> Q:
    begun = Delivery.objects.filter(pk=OuterRef("pk"), attempts__isnull=False)
    return Q(state__in=[State.HELD, State.PENDING]) & ~Q(Exists(begun))


def leave_out_what_was_dropped(delivery: Delivery) -> None:
    """What staff withdrew, kept from going out by itself or called a post we know does not go out with the others."""
    for part, why in dropped(delivery).items():
        part.left_out = f"{why} before this issue went out."
        part.save(update_fields=["left_out"])
        note(f"“{part.post.title}” is left out of it. {part.left_out}", delivery=delivery)


def dropped(delivery: Delivery) -> dict[Part, str]:
    """The parts of its issue that staff withdrew, kept from going out by themselves or called a post we know, and which of these."""
    parts = {part.post_id: part for part in Part.objects.filter(issue=delivery.issue_id, left_out="").select_related("post")}
    its_own = Delivery.objects.filter(post__in=parts, channel="email", occasion=Delivery.Occasion.AUTOMATIC)
    why = dict.fromkeys(its_own.filter(state=State.CANCELLED).values_list("post", flat=True), "Its own newsletter was cancelled")
    known = Post.objects.filter(pk__in=parts, origin=Post.Origin.SAME)
    why |= dict.fromkeys(known.values_list("pk", flat=True), "Somebody said that it is a post we know")
    why |= dict.fromkeys(withdrawn(parts), "It was withdrawn")
    return {parts[post or 0]: because for post, because in why.items()}


def stand(delivery: Delivery, how: Standing, what: str = "", who: str = POSTLARK, **fields: Any) -> None:
    transition(delivery, _not_begun(), **how.fields, what=what, who=who, **fields)
