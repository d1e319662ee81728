"""One post: how it stands on each channel, side by side, and what each one says."""

from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from worker.console import same, says, times, words
from worker.console.access import Desk, file_of, name_of, staff_page, zone_of
from worker.console.home import the_one_that_counts
from worker.console.page import live_page, safe_link
from worker.models import Delivery, Post, Rendition
from worker.record.deliveries import of_posts
from worker.record.sums import sum_of
from worker.render.excerpt import about_its_disclaimer


@dataclass(frozen=True)
class Other:
    """An earlier or later delivery to the same channel."""

    address: str
    says: str


@dataclass(frozen=True)
class Panel:
    slug: str
    channel: str
    chip: words.Chip
    sentence: str
    delivery: int
    """The one that counts; 0: none yet."""
    out: str
    send: str
    """Where to send it by hand; empty when it is on its way, or may not be."""
    send_label: str
    others: tuple[Other, ...]


@require_safe
@staff_page
def show(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    post = desk.post(pk)
    by_channel = _by_channel(post)
    panels = tuple(_panels(post, by_channel, desk))
    file = file_of(post.blog)
    renditions = {
        r.delivery_id: r for r in Rendition.objects.filter(delivery__in=[panel.delivery for panel in panels]).select_related("delivery")
    }
    cards = {p.slug: says.of_delivery(r.delivery, r, file) for p in panels if (r := renditions.get(p.delivery))}
    zone, now = zone_of(post.blog), timezone.now()
    return live_page(
        request,
        desk,
        "post",
        panels,
        parts=[f"#panel-{panel.slug}" for panel in panels],
        about=Q(post=post),
        post=post,
        blog=name_of(post.blog),
        published=times.exact(post.published_at, zone),
        edited=times.relative(post.edited_at, now, zone) if post.edited_at else "",
        address=safe_link(post.url),
        cards=cards,
        sides=same.sides(post),
        difference=about_its_disclaimer(post, file) if file else "",
    )


def _by_channel(post: Post) -> dict[str, list[Delivery]]:
    found: dict[str, list[Delivery]] = {}
    for _, delivery in of_posts([post.pk]):
        found.setdefault(delivery.channel, []).append(delivery)
    return found


def _panels(post: Post, by_channel: dict[str, list[Delivery]], desk: Desk) -> list[Panel]:
    file = file_of(post.blog)
    open_channels = [slug for slug, options in file.channels.items() if options.mode != "off"] if file else []
    totals = sum_of([d.pk for d in by_channel.get("email", [])])
    now, zone = timezone.now(), zone_of(post.blog)
    panels = []
    for slug in words.in_order({*open_channels, *by_channel}):
        deliveries = by_channel.get(slug, [])
        main = the_one_that_counts(deliveries, totals) if deliveries else None
        finished = all(d.waits_for == Delivery.WaitsFor.NOTHING or d.state == Delivery.State.FAILED for d in deliveries)
        panels.append(
            Panel(
                slug=slug,
                channel=words.channel_name(slug),
                chip=words.chip(main, totals.get(main.pk), now, zone) if main else _nothing_yet(post),
                sentence=main.reason if main else "Nothing has been sent here.",
                delivery=main.pk if main else 0,
                out=safe_link(main.remote_url) if main else "",
                send=reverse("send", args=[post.pk, slug]) if finished and slug in open_channels and desk.may_change else "",
                send_label="Send it again…" if any(d.state == Delivery.State.SENT for d in deliveries) else "Send it now…",
                others=tuple(_other(d) for d in reversed(deliveries) if d is not main),
            )
        )
    return panels


def _nothing_yet(post: Post) -> words.Chip:
    return words.BEFORE_OUR_TIME if post.origin == Post.Origin.BASELINE else words.NOT_YET


def _other(delivery: Delivery) -> Other:
    return Other(reverse("delivery", args=[delivery.pk]), words.first_sentence(delivery.reason))
