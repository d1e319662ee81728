"""Which newsletter a reader has chosen, and which of an issue's posts they have already: nobody gets a post twice, whatever they choose when."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from worker.channels.email import EmailOptions
from worker.lib import clock
from worker.lib.blogs import BlogFile, blog_file
from worker.models import Batch, Blog, Delivery, Issue, LeftEdition, Part, Post, Recipient, Subscriber

HAVE = [Recipient.State.SENT, Recipient.State.UNKNOWN, Recipient.State.WAITING, Recipient.State.SENDING]
"""Who is on the way to it, or may have it, has it: in doubt nobody gets a second copy."""
_TO_COME = [Delivery.State.HELD, Delivery.State.PENDING]


def options_of(file: BlogFile | None) -> EmailOptions:
    options = file.channels.get("email") if file else None
    return options if isinstance(options, EmailOptions) else EmailOptions()


def readers_of(blog: Blog, edition: str) -> Q:
    """Whose newsletter it is. Who has chosen one that the blog does not offer reads the first in its file."""
    offered = options_of(blog_file(blog.slug)).names
    chosen = Q(edition=edition)
    return chosen | ~Q(edition__in=offered) if edition == offered[0] else chosen


def readers_of_issue(issue: Issue) -> Q:
    """And who has left the edition since the issue was begun: for what had waited in it for them."""
    return readers_of(issue.blog, issue.edition) | left_since(issue.edition, issue.since)


def readers_of_post(post: Post, edition: str, since: datetime) -> Q:
    """Of a post that goes by itself, and has waited since then: also who left the edition meanwhile, unless an issue is still to bring it to them."""
    return readers_of(post.blog, edition) | (left_since(edition, since) & ~waits_for_issue(post))


def left_since(edition: str, since: datetime) -> Q:
    return Q(pk__in=LeftEdition.objects.filter(edition=edition, at__gte=since).values("subscriber"))


def move(subscriber: Subscriber, edition: str) -> None:
    """They choose this edition from now on. Within the transaction that saves them."""
    if subscriber.edition != edition:
        LeftEdition.objects.update_or_create(subscriber=subscriber, edition=subscriber.edition, defaults={"at": clock.now()})
        subscriber.edition = edition


def waits_for_issue(post: Post) -> Q:
    """Whose newsletter is an issue that brings the post and has not begun to go out."""
    to_come = Delivery.objects.filter(state__in=_TO_COME).exclude(occasion=Delivery.Occasion.TEST)
    issues = Issue.objects.filter(parts__in=Part.objects.filter(post=post, left_out=""), deliveries__in=to_come)
    waiting = Q(pk__in=[])
    for issue in issues.select_related("blog").distinct():
        waiting |= readers_of_issue(issue)
    return waiting


def sends_of(posts: Iterable[int]) -> QuerySet[Delivery]:
    """Every newsletter that brings one of the posts, but for test copies."""
    ids = list(posts)
    issues = Issue.objects.filter(parts__post__in=ids, parts__left_out="")
    return Delivery.objects.filter(Q(post__in=ids) | Q(issue__in=issues), channel="email").exclude(occasion=Delivery.Occasion.TEST)


def places_of(post: int, sends: QuerySet[Delivery]) -> QuerySet[Recipient]:
    """Of readers whose copy holds the post."""
    return Recipient.objects.filter(delivery__in=sends).exclude(batch__in=Batch.objects.filter(leaves_out=post))


def what_they_have(delivery: Delivery, posts: Iterable[int], readers: Collection[int]) -> dict[int, frozenset[int]]:
    """Of these posts, by subscriber (`readers`); from whatever other newsletter, and also what may be with them."""
    found = defaultdict[int, set[int]](set)
    for post in posts:
        places = places_of(post, sends_of([post]).exclude(pk=delivery.pk)).filter(subscriber__in=readers, state__in=HAVE)
        for reader in places.values_list("subscriber", flat=True):
            found[reader].add(post)
    return {reader: frozenset(those) for reader, those in found.items()}
