"""A post whose page is gone from the blog, or a draft again, while it still stands on the networks.

Pages of what is out are looked at once a day, and at once where a post has left the middle of its feed. Gone twice in a row,
some time apart, it is for a person to say whether it comes down there too; a page that comes back takes the question away.
"""

from datetime import timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from worker import channels
from worker.deliver import preflight
from worker.deliver.claim import State, WaitsFor
from worker.lib import clock
from worker.lib.blogs import blog_file, blogs
from worker.models import Delivery, Post
from worker.record.transition import transition

DAILY = timedelta(days=1)
FOR = timedelta(days=60)
"""How long after its publication a post is looked after."""
AGAIN = timedelta(minutes=10)
"""Between two looks that both must find it gone."""
CERTAIN = 2
AT_ONCE = 50

_OUT = Q(state=State.SENT, post=OuterRef("pk")) & ~Q(channel="email") & ~Q(remote_url="", remote_id="")


def due(blog: str | None = None) -> list[int]:
    """Posts that are out on some network and whose page is to be looked at now."""
    now = clock.now()
    once_gone = Q(page_misses=1, page_looked_at__lte=now - AGAIN)
    left_the_feed = Q(left_feed_at__gt=F("page_looked_at"))
    time_for_it = Q(page_looked_at=None) | Q(page_looked_at__lte=now - DAILY) | once_gone | left_the_feed
    posts = Post.objects.filter(time_for_it, seen_at__gt=now - FOR, blog__slug__in=[blog] if blog else list(blogs()))
    out = Delivery.objects.filter(_OUT)
    return list(posts.filter(Exists(out)).order_by("page_looked_at", "pk").values_list("pk", flat=True)[:AT_ONCE])


def look(post_id: int) -> None:
    """One look at a post's page. The next one is written down before it, so that a page that kills does so once a day."""
    post = Post.objects.select_related("blog").get(pk=post_id)
    file = blog_file(post.blog.slug)
    seen_before = Post.objects.filter(pk=post.pk, page_looked_at=post.page_looked_at)
    if file is None or not seen_before.update(page_looked_at=clock.now()):
        return
    trouble = preflight.look(post, file).trouble
    misses = misses_after(post.page_misses, trouble)
    Post.objects.filter(pk=post.pk).update(page_misses=misses)
    if misses >= CERTAIN > post.page_misses:
        _ask(post, trouble.sentence if trouble else "")
    elif not misses and post.page_misses >= CERTAIN:
        _came_back(post)


def misses_after(misses: int, trouble: preflight.Trouble | None) -> int:
    """What cannot be seen just now says nothing; whatever else is there is there."""
    if trouble and trouble.passing:
        return misses
    return misses + 1 if trouble and trouble.gone else 0


def _ask(post: Post, sentence: str) -> None:
    for delivery in _out(post):
        name = channels.find(delivery.channel).name
        reason = f"It stands on {name}, but its page on the blog is gone. {sentence} Shall it be withdrawn there too, or stay?"
        _move(delivery, WaitsFor.NOTHING, WaitsFor.PERSON, reason)


def _came_back(post: Post) -> None:
    for delivery in _out(post):
        reason = f"{channels.find(delivery.channel).done} on {channels.find(delivery.channel).name}. Its page on the blog was gone for a while, and is there again."
        _move(delivery, WaitsFor.PERSON, WaitsFor.NOTHING, reason)


def _out(post: Post) -> list[Delivery]:
    rows = Delivery.objects.filter(post=post, state=State.SENT).exclude(channel="email")
    return list(rows.exclude(occasion__in=[Delivery.Occasion.CORRECTION, Delivery.Occasion.TEST]))


def _move(delivery: Delivery, before: str, after: str, reason: str) -> None:
    stands: dict[str, Any] = {"state": State.SENT, "waits_for": after, "reason": reason}
    transition(delivery, Q(state=State.SENT, waits_for=before), **stands, finished_at=delivery.finished_at)
