"""What needs a person just now, set against what was noticed before: new ones wait to be told, and those that are gone are over."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse

from worker import channels
from worker.connections import warn
from worker.lib.blogs import BlogFile, blogs
from worker.models import Alert, Batch, Blog, Connection, Delivery
from worker.record.needs import NEEDS_YOU

TOGETHER = timedelta(minutes=1)
"""How long the first one waits for others that come with it."""
MOST = 200
State = Delivery.State


@dataclass(frozen=True)
class Need:
    key: str
    about: str
    sentence: str
    page: str
    delivery: int | None = None
    recovers: bool = False


def notice(now: datetime) -> None:
    """Write down what is new and what is over. Several processes may do so at once."""
    rows = {blog.pk: blog for blog in Blog.objects.filter(slug__in=[file.slug for file in blogs().values() if file.alerts.to])}
    needs: dict[int, dict[str, Need]] = {pk: {} for pk in rows}
    for pk, need in (*_feeds(rows), *_connections(rows, now), *_deliveries(rows), *_readers(rows)):
        needs[pk][need.key] = need
    open_ones = Alert.objects.filter(blog__in=rows, over_at=None)
    known = {(alert.blog_id, alert.key): alert for alert in open_ones}
    fresh = [_alert(pk, need, now) for pk, found in needs.items() for need in found.values() if (pk, need.key) not in known]
    Alert.objects.bulk_create(fresh, ignore_conflicts=True)
    over = [alert.pk for (pk, key), alert in known.items() if key not in needs[pk]]
    _end(over, now)


def _alert(blog: int, need: Need, now: datetime) -> Alert:
    return Alert(
        blog_id=blog,
        key=need.key,
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


def _feeds(rows: dict[int, Blog]) -> Iterator[tuple[int, Need]]:
    for pk, blog in rows.items():
        if blog.told:
            yield pk, Need("feed", "The blog", blog.told, f"{reverse('health')}#{blog.slug}", recovers=True)


def _connections(rows: dict[int, Blog], now: datetime) -> Iterator[tuple[int, Need]]:
    ending = Q(days_warned__isnull=False)
    for row in Connection.objects.filter(~Q(broken="") | ending, blog__in=rows).select_related("blog"):
        if not _is_live(row):
            continue
        name, page = channels.find(row.channel).name, f"{reverse('connections')}#{row.blog.slug}"
        if row.broken:
            yield row.blog_id, Need(f"connection:{row.channel}", name, row.broken, page, recovers=True)
        elif sentence := warn.sentence(row, now):
            yield row.blog_id, Need(f"ending:{row.channel}:{row.days_warned}", name, sentence, page)


def _is_live(row: Connection) -> bool:
    file: BlogFile | None = blogs().get(row.blog.slug)
    return bool(file and row.channel in file.channels and file.channels[row.channel].mode == "live")


def _deliveries(rows: dict[int, Blog]) -> Iterator[tuple[int, Need]]:
    """But for those that wait for a connection or for whoever paused it: the one is told by itself, the other knows."""
    waiting = Delivery.objects.filter(NEEDS_YOU, blog__in=rows).exclude(state=State.PENDING)
    for row in waiting.select_related("post", "issue").order_by("-pk")[:MOST]:
        about = f"“{row.title}”, {_name(row.channel)}"
        page = reverse("delivery", args=[row.pk])
        yield row.blog_id, Need(f"delivery:{row.pk}:{row.state}", about, row.reason, page, delivery=row.pk)


def _readers(rows: dict[int, Blog]) -> Iterator[tuple[int, Need]]:
    """Of newsletters that have gone out to others."""
    doubtful = Batch.objects.filter(unknown__gt=0, delivery__blog__in=rows, delivery__state=State.SENT).values("delivery").distinct()
    for row in Delivery.objects.filter(pk__in=doubtful).select_related("post", "issue").order_by("-pk")[:MOST]:
        about = f"“{row.title}”, {_name(row.channel)}"
        yield row.blog_id, Need(f"readers:{row.pk}", about, row.reason, reverse("delivery", args=[row.pk]))


def _name(channel: str) -> str:
    known = channels.all_channels().get(channel)
    return known.name if known else channel
