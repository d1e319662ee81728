"""Rows as the JSON of the commands. Keys may be added, never renamed: scripts read them."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from typing import Any, TypeVar

from django.db.models import Count, Prefetch, prefetch_related_objects

from worker.connections.standing import Standing
from worker.management.rendition import as_json as rendition_json
from worker.models import Delivery, Part, Post
from worker.models.posts import LONG_TEXTS
from worker.record.deliveries import of_posts, outdated
from worker.record.returned import Returned, returned_of
from worker.record.sums import sum_of

Row = TypeVar("Row", Delivery, Post)
_PARTS = Prefetch("issue__parts", Part.objects.select_related("post").defer(*(f"post__{name}" for name in LONG_TEXTS)))
AT_ONCE = 1000


def deliveries_json(deliveries: Iterable[Delivery]) -> list[dict[str, Any]]:
    """As `postlark log` lists them. A few queries for each thousand."""
    return [each for some in _some(deliveries) for each in _deliveries(some)]


def _some(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """So many at a time: a database takes only so many ids in one question."""
    left = iter(rows)
    while some := list(islice(left, AT_ONCE)):
        yield some


def _deliveries(rows: list[Delivery]) -> list[dict[str, Any]]:
    prefetch_related_objects([row for row in rows if row.issue_id], _PARTS)
    ids = [delivery.pk for delivery in rows]
    sums = sum_of([delivery.pk for delivery in rows if delivery.channel == "email"])
    returned = returned_of(sums)
    attempts = dict(Delivery.objects.filter(pk__in=ids).annotate(n=Count("attempts")).values_list("pk", "n"))
    return [
        _delivery_json(delivery, attempts.get(delivery.pk, 0), _sum_json(delivery, attempts.get(delivery.pk, 0), sums))
        | {"returns": asdict(returned.get(delivery.pk, Returned())) if delivery.pk in sums else None}
        for delivery in rows
    ]


def _delivery_json(delivery: Delivery, attempts: int, recipients: dict[str, int] | None) -> dict[str, Any]:
    return {
        "id": str(delivery.pk),
        "blog": delivery.blog.slug,
        **_what_it_brings(delivery),
        "channel": delivery.channel,
        "edition": delivery.edition or None,
        "occasion": delivery.occasion,
        "state": delivery.state,
        "waits_for": delivery.waits_for,
        "reason": delivery.reason,
        "created_at": delivery.created_at,
        "due_at": delivery.due_at,
        "finished_at": delivery.finished_at,
        "remote_id": delivery.remote_id or None,
        "remote_url": delivery.remote_url or None,
        "attempts": attempts,
        "recipients": recipients,
    }


def _what_it_brings(delivery: Delivery) -> dict[str, Any]:
    if delivery.issue is None:
        return {"post": _post_json(delivery.posts()[0])}
    posts = [part.post for part in delivery.issue.parts.all() if not part.left_out]
    return {
        "title": delivery.title,
        "posts": [_post_json(post) for post in sorted(posts, key=lambda post: (post.published_at, post.pk), reverse=True)],
    }


def _post_json(post: Post) -> dict[str, str]:
    return {"id": str(post.pk), "guid": post.guid, "url": post.url, "title": post.title}


def title_of(row: dict[str, Any]) -> str:
    """Of a row of `deliveries_json`: the post's title, or the digest's own."""
    return str(row["post"]["title"] if "post" in row else row["title"])


def _sum_json(delivery: Delivery, attempts: int, sums: dict[int, Any]) -> dict[str, int] | None:
    """None for the networks, and while an audience is still being written down (it is frozen at the first attempt)."""
    unwritten = not attempts and delivery.state in (Delivery.State.PENDING, Delivery.State.HELD)
    if delivery.pk not in sums or delivery.state == Delivery.State.PREPARING or unwritten:
        return None
    return asdict(sums[delivery.pk])


def delivery_story(delivery: Delivery) -> dict[str, Any]:
    """As `postlark show` tells it: the row, its words, its timeline and its attempts."""
    rendition = getattr(delivery, "rendition", None)
    return deliveries_json([delivery])[0] | {
        "asked_by": delivery.asked_by or None,
        "asked_because": delivery.asked_because or None,
        "cost": dollars(delivery.cost),
        "rendition": rendition_json(rendition) if rendition else None,
        "timeline": [
            {"at": event.at, "who": event.who, "what": event.what} for event in delivery.events.filter(subscriber=None).order_by("at", "id")
        ],
        "attempts": [
            {
                "number": attempt.number,
                "kind": attempt.kind,
                "started_at": attempt.started_at,
                "calling_at": attempt.calling_at,
                "finished_at": attempt.finished_at,
                "outcome": attempt.outcome or None,
                "status": attempt.status or None,
                "detail": attempt.detail or None,
                "cost": dollars(attempt.cost),
            }
            for attempt in delivery.attempts.order_by("number")
        ],
    }


def dollars(thousandths: int) -> str | None:
    """`0.205 USD`; None: it costs nothing."""
    return f"{thousandths / 1000:.3f} USD" if thousandths else None


def posts_json(posts: Iterable[Post]) -> list[dict[str, Any]]:
    """As `postlark posts` lists them: each channel's newest delivery that is not a test. A few queries for each thousand."""
    return [each for some in _some(posts) for each in _posts(some)]


def _posts(rows: list[Post]) -> list[dict[str, Any]]:
    newest: dict[int, dict[str, Delivery]] = {post.pk: {} for post in rows}
    everything: dict[int, list[Delivery]] = {post.pk: [] for post in rows}
    for post_id, delivery in of_posts(newest):
        newest[post_id][delivery.channel] = delivery
        everything[post_id].append(delivery)
    return [
        {
            "id": str(post.pk),
            "blog": post.blog.slug,
            "guid": post.guid,
            "url": post.url,
            "title": post.title,
            "published_at": post.published_at,
            "origin": post.origin,
            "resembles": str(post.resembles_id) if post.resembles_id else None,
            "edited_since_sent": bool(outdated(everything[post.pk], post.edited_at)),
            "channels": {
                channel: {"id": str(delivery.pk), "state": delivery.state, "waits_for": delivery.waits_for, "reason": delivery.reason}
                for channel, delivery in newest[post.pk].items()
            },
        }
        for post in rows
    ]


def connection_json(standing: Standing) -> dict[str, Any]:
    return {
        "blog": standing.blog,
        "channel": standing.channel,
        "state": standing.state,
        "account": standing.account or None,
        "scopes": list(standing.scopes),
        "expires_at": standing.expires_at,
        "last_checked": standing.last_checked,
        "place": standing.place or None,
        "notes": list(standing.notes),
        "sentence": standing.sentence,
    }
