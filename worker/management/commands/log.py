import csv
import io
from argparse import ArgumentTypeError
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from worker import channels
from worker.lib import clock
from worker.lib.blogs import parse_duration
from worker.lib.sheet import harmless
from worker.management.command import PostlarkCommand, find_blog
from worker.management.shapes import deliveries_json, title_of
from worker.models import Delivery
from worker.models.posts import LONG_TEXTS

COLUMNS = [
    "id",
    "blog",
    "channel",
    "occasion",
    "state",
    "waits_for",
    "reason",
    "due_at",
    "finished_at",
    "remote_id",
    "remote_url",
    "attempts",
]


class Command(PostlarkCommand):
    help = "Deliveries, newest first: what went where, and why not."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--blog", help="only this blog (its slug)")
        parser.add_argument("--channel", choices=channels.all_channels(), help="only this channel")
        parser.add_argument("--state", choices=Delivery.State.values, help="only deliveries in this state")
        parser.add_argument("--since", type=_since, help="made since then: a date, a time, or how long ago (2d, 6h)")
        parser.add_argument("--csv", action="store_true", help="as CSV on stdout")

    def act(
        self, *, blog: str | None, channel: str | None, state: str | None, since: datetime | timedelta | None, csv: bool, **_: Any
    ) -> tuple[Any, list[str]]:
        texts = [f"post__{name}" for name in LONG_TEXTS]
        deliveries = Delivery.objects.select_related("blog", "post", "issue").defer(*texts).order_by("-id")
        if blog:
            deliveries = deliveries.filter(blog__slug=find_blog(blog).slug)
        if channel:
            deliveries = deliveries.filter(channel=channel)
        if state:
            deliveries = deliveries.filter(state=state)
        if since is not None:
            deliveries = deliveries.filter(created_at__gte=clock.now() - since if isinstance(since, timedelta) else since)
        document = deliveries_json(deliveries)
        if csv:
            return document, [_csv(document)]
        return document, [_line(row) for row in document] or ["No deliveries match."]


def _line(row: dict[str, Any]) -> str:
    return f"{row['id']:>6}  {row['created_at']:%Y-%m-%d %H:%M}  {row['channel']:<10} {row['state']:<10} {title_of(row)}: {row['reason']}"


def _csv(document: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, "post_title", "post_url"])
    for row in document:
        writer.writerow(
            [harmless(row[column]) for column in COLUMNS] + [harmless(title_of(row)), harmless(row["post"]["url"] if "post" in row else "")]
        )
    return out.getvalue().rstrip("\n")


def _since(said: str) -> datetime | timedelta:
    """A moment, or how long ago."""
    with suppress(ValueError):
        return parse_duration(said)
    with suppress(ValueError, OverflowError):
        moment = parse_datetime(said)
        day = parse_date(said) if moment is None else None
        if day:
            moment = datetime.combine(day, datetime.min.time())
        if moment:
            return (moment if timezone.is_aware(moment) else timezone.make_aware(moment)).astimezone(UTC)
    raise ArgumentTypeError(f"{said!r} is no date (2026-11-22), no time (2026-11-22T14:00:00Z), and not how long ago (2d, 6h)")
