"""What needs a person just now, set against what was noticed before: new ones wait to be told, and those that are gone are over."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.urls import reverse

from worker import channels
from worker.connections import warn
from worker.lib.blogs import BlogFile, blogs
from worker.models import Alert, Batch, Blog, Connection, Delivery
from worker.newsletter import complaints, lapse
from worker.newsletter.mail import mailbox_name
from worker.newsletter.returns import mailboxes
from worker.record.needs import NEEDS_YOU

TOGETHER = timedelta(minutes=1)
"""How long the first one waits for others that come with it."""
MOST = 200
"""So many new deliveries are noticed in one round; more wait for the next."""
State = Delivery.State


Key = tuple[int, str]
"""The blog, and what it is about."""


@dataclass(frozen=True)
class Need:
    about: str
    sentence: str
    page: str
    delivery: int | None = None
    recovers: bool = False


def notice(now: datetime) -> None:
    """Write down what is new and what is over. Several processes may do so at once."""
    rows = {blog.pk: blog for blog in Blog.objects.filter(slug__in=[file.slug for file in blogs().values() if file.alerts.to])}
    open_ones = Alert.objects.filter(blog__in=rows, over_at=None)
    known = {(blog, key): pk for pk, blog, key in open_ones.values_list("pk", "blog", "key")}
    needs = dict(
        (
            *_feeds(rows),
            *_connections(rows, known, now),
            *_deliveries(rows, known),
            *_readers(rows, known),
            *_complaints(rows, now),
            *_lapses(rows),
            *_mailboxes(rows),
        )
    )
    fresh = [_alert(key, need, now) for key, need in needs.items() if need and key not in known]
    Alert.objects.bulk_create(fresh, ignore_conflicts=True)
    _end([pk for key, pk in known.items() if key not in needs], now)


def _alert(key: Key, need: Need, now: datetime) -> Alert:
    return Alert(
        blog_id=key[0],
        key=key[1],
        about=need.about,
        sentence=need.sentence,
        page=need.page,
        delivery_id=need.delivery,
        recovers=need.recovers,
        noticed_at=now,
        try_at=now + TOGETHER,
    )


def _end(over: Iterable[int], now: datetime) -> None:
    """What was never told needs no telling any more; of what was, the end is told where it came by itself."""
    rows = Alert.objects.filter(pk__in=list(over), over_at=None)
    rows.filter(Q(told_at=None) | Q(recovers=False)).update(over_at=now, try_at=None)
    rows.filter(told_at__isnull=False, recovers=True).update(over_at=now, try_at=now + TOGETHER, tries=0)


# Each yields every need there is. One that is known needs no words: None stands for them, and nothing is read for it.


def _feeds(rows: dict[int, Blog]) -> Iterator[tuple[Key, Need | None]]:
    for pk, blog in rows.items():
        if blog.told:
            yield (pk, "feed"), Need("The blog", blog.told, f"{reverse('health')}#{blog.slug}", recovers=True)


def _connections(rows: dict[int, Blog], known: Container[Key], now: datetime) -> Iterator[tuple[Key, Need | None]]:
    ending = Q(days_warned__isnull=False)
    for row in Connection.objects.filter(~Q(broken="") | ending, blog__in=rows).select_related("blog"):
        if not _is_live(row):
            continue
        name, page = channels.find(row.channel).name, f"{reverse('connections')}#{row.blog.slug}"
        if row.broken:
            yield (row.blog_id, f"connection:{row.channel}"), Need(name, row.broken, page, recovers=True)
        elif warn.is_ending(row, now):
            key = (row.blog_id, f"ending:{row.channel}:{row.days_warned}")
            yield key, None if key in known else Need(name, warn.sentence(row, now), page)


def _is_live(row: Connection) -> bool:
    file: BlogFile | None = blogs().get(row.blog.slug)
    return bool(file and row.channel in file.channels and file.channels[row.channel].mode == "live")


def _deliveries(rows: dict[int, Blog], known: Container[Key]) -> Iterator[tuple[Key, Need | None]]:
    """But for those that wait for a connection or for whoever paused it: the one is told by itself, the other knows."""
    waiting = Delivery.objects.filter(NEEDS_YOU, blog__in=rows).exclude(state=State.PENDING)
    yield from _of_deliveries(waiting, "delivery:{pk}:{state}", known)


def _readers(rows: dict[int, Blog], known: Container[Key]) -> Iterator[tuple[Key, Need | None]]:
    """Of newsletters that have gone out to others."""
    doubtful = Batch.objects.filter(unknown__gt=0, delivery__blog__in=rows, delivery__state=State.SENT).values("delivery")
    for key, need in _of_deliveries(Delivery.objects.filter(pk__in=doubtful), "readers:{pk}", known):
        yield key, need and replace(need, delivery=None)


def _complaints(rows: dict[int, Blog], now: datetime) -> Iterator[tuple[Key, Need | None]]:
    for blog, sentence in complaints.warnings(rows, now).items():
        yield (blog, "complaints"), Need("The newsletter", sentence, reverse("subscribers"), recovers=True)


def _lapses(rows: dict[int, Blog]) -> Iterator[tuple[Key, Need | None]]:
    for pk, blog in rows.items():
        if sentence := lapse.warning(blog):
            yield (pk, f"lapses:{lapse.week(blog)}"), Need("Readers", sentence, f"{reverse('subscribers')}?state=ending")


def _mailboxes(rows: dict[int, Blog]) -> Iterator[tuple[Key, Need | None]]:
    for pk, blog in rows.items():
        if sentence := mailboxes.sentence(mailbox_name(blogs()[blog.slug])):
            yield (pk, "returns"), Need("What comes back", sentence, f"{reverse('health')}#{blog.slug}")


def _of_deliveries(waiting: QuerySet[Delivery], named: str, known: Container[Key]) -> Iterator[tuple[Key, Need | None]]:
    fresh = []
    for pk, blog, state in waiting.order_by("pk").values_list("pk", "blog", "state"):
        key = (blog, named.format(pk=pk, state=state))
        if key in known:
            yield key, None
        else:
            fresh.append(pk)
    for row in waiting.filter(pk__in=fresh[:MOST]).select_related("post", "issue").order_by("pk"):
        about = f"“{row.title}”, {_name(row.channel)}" if row.post_id else row.title  # a newsletter's name is ours to say in any language
        yield (row.blog_id, named.format(pk=row.pk, state=row.state)), Need(about, row.reason, _page(row), delivery=row.pk)


def _page(row: Delivery) -> str:
    """Where it is answered."""
    if row.post_id and row.state == State.HELD and row.held_for == Delivery.HeldFor.APPROVAL:
        return reverse("approve", args=[row.post_id])
    if row.post_id and row.state == State.HELD and row.held_for == Delivery.HeldFor.UNSURE:
        return reverse("post", args=[row.post_id])
    return reverse("delivery", args=[row.pk])


def _name(channel: str) -> str:
    known = channels.all_channels().get(channel)
    return known.name if known else channel
