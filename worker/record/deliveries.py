"""Which deliveries bring a post: its own, and those of the digests it stands in."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import Exists, F, OuterRef

from worker import channels
from worker.channels.base import Poster
from worker.models import Delivery, Part, Post


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


def outdated(deliveries: Iterable[Delivery], edited_at: datetime | None) -> list[Delivery]:
    """Of one post's, as `of_posts` gives them, those that a mark for the front desk is about: out in words from before the edit.

    What was corrected since is not among them; nor is what cannot be, once one of the others was.
    """
    given = list(deliveries)
    corrected = {each.corrects_id for each in given if each.state == Delivery.State.SENT and not edited_since(each, edited_at)} - {None}
    still = [each for each in given if not each.corrects_id and each.pk not in corrected and edited_since(each, edited_at)]
    return [each for each in still if edits(each.channel) or not corrected]


def edits(channel: str) -> bool:
    """Whether the network lets a post be changed."""
    kind = channels.all_channels().get(channel)
    return kind is not None and issubclass(kind, Poster) and kind.edits


def withdrawn(posts: Iterable[int]) -> set[int]:
    """Of these posts, those that a person has taken back whole and nobody has sent again since. One network alone is not the whole."""
    again = Delivery.objects.filter(post=OuterRef("pk"), occasion=Delivery.Occasion.RESEND, created_at__gt=OuterRef("withdrawn_at"))
    return set(Post.objects.filter(~Exists(again), pk__in=list(posts), withdrawn_at__isnull=False).values_list("pk", flat=True))


def taken_back(delivery: Delivery) -> set[int]:
    """Of the posts that it brings, those that were withdrawn after its words were made: nobody is shown these words or sent them any more."""
    posts = [post.pk for post in delivery.posts()]
    return set(Post.objects.filter(pk__in=posts, withdrawn_at__gte=delivery.rendition.made_at).values_list("pk", flat=True))
