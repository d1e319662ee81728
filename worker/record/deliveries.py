"""Which deliveries bring a post: its own, and those of the digests it stands in."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import F

from worker.models import Delivery, Part


def of_posts(posts: Iterable[int]) -> Iterator[tuple[int, Delivery]]:
    """(post, delivery) but for test copies, oldest first, a post's own after its digests'. Two queries however many."""
    ids = list(posts)
    real = Delivery.objects.exclude(occasion=Delivery.Occasion.TEST).annotate(made_at=F("rendition__made_at")).order_by("pk")
    in_issues = dict[int, list[int]]()
    for post, issue in Part.objects.filter(post__in=ids, left_out="").values_list("post", "issue"):
        in_issues.setdefault(issue, []).append(post)
    for delivery in real.filter(issue__in=in_issues).select_related("issue") if in_issues else ():
        for post in in_issues[delivery.issue_id or 0]:
            yield post, delivery
    for delivery in real.filter(post__in=ids):
        yield delivery.post_id or 0, delivery


def edited_since(delivery: Delivery, edited_at: datetime | None) -> bool:
    """It went out in words that were made before the post was last edited on the blog. `delivery`: one of `of_posts`."""
    words_of = getattr(delivery, "made_at", None) or delivery.finished_at
    return bool(delivery.state == Delivery.State.SENT and edited_at and words_of and words_of < edited_at)


def withdrawn(posts: Iterable[int]) -> set[int]:
    """Of these posts, those that a person has taken down."""
    taken_down = Delivery.objects.filter(post__in=list(posts)).exclude(occasion=Delivery.Occasion.TEST).exclude(withdrawn_by="")
    return {post for post in taken_down.values_list("post", flat=True) if post}
