"""One post: how it stands on each channel, side by side, and what each one says."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from worker.console import actions, buttons, same, says, story, times, words
from worker.console.access import Desk, file_of, name_of, staff_page, zone_of
from worker.console.home import the_one_that_counts
from worker.console.page import live_page, safe_link
from worker.deliver import withdraw
from worker.lib.language import said
from worker.models import Attempt, Delivery, Event, Post, Rendition
from worker.record.deliveries import of_posts
from worker.record.sums import Sum, sum_of
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
    approved: str
    send: str
    """Where to send it by hand for the first time; empty where a delivery has its own buttons, or none may be."""
    rows: tuple[buttons.Row, ...]
    steps: tuple[story.Step, ...]
    tries: tuple[str, ...]
    others: tuple[Other, ...]


@dataclass(frozen=True)
class View:
    panels: tuple[Panel, ...]
    may_withdraw: bool
    """Anything of it can be taken down or stopped."""


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
        View(panels, desk.may_change and any(step.fate.may for step in withdraw.outlook(post))),
        parts=[
            "#whole",
            *(f"#{part}-{panel.slug}" for panel in panels for part in ("panel", *(("story", "tries") if panel.delivery else ()))),
        ],
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
        delivery.blog = post.blog
        found.setdefault(delivery.channel, []).append(delivery)
    return found


def _panels(post: Post, by_channel: dict[str, list[Delivery]], desk: Desk) -> Iterator[Panel]:
    file = file_of(post.blog)
    open_channels = [slug for slug, options in file.channels.items() if options.mode != "off"] if file else []
    totals = sum_of([d.pk for d in by_channel.get("email", [])])
    chosen = {slug: the_one_that_counts(deliveries, totals) for slug, deliveries in by_channel.items()}
    told = _Told(post, [delivery.pk for delivery in chosen.values()])
    for slug in words.in_order({*open_channels, *by_channel}):
        if slug in chosen:
            yield _panel(slug, chosen[slug], by_channel[slug], totals, told, desk)
        else:
            send = reverse("send", args=[post.pk, slug]) if slug in open_channels and desk.may_change else ""
            nothing = ((), (), (), ())
            yield Panel(slug, words.channel_name(slug), _nothing_yet(post), "Nothing has been sent here.", 0, "", "", send, *nothing)


class _Told:
    """What happened to all of a post's deliveries, in two queries."""

    def __init__(self, post: Post, deliveries: list[int]) -> None:
        self.events = list(Event.objects.filter(Q(post=post) | Q(delivery__in=deliveries)).order_by("at", "pk"))
        newest_first = Attempt.objects.filter(delivery__in=deliveries).order_by("-number")[:MOST_TRIES]
        self.attempts = list(newest_first)[::-1]


MOST_TRIES = 200


def _panel(slug: str, main: Delivery, deliveries: list[Delivery], totals: dict[int, Sum], told: _Told, desk: Desk) -> Panel:
    now, zone = timezone.now(), zone_of(desk.blogs[main.blog_id])
    total = totals.get(main.pk)
    it = actions.Stands(main, desk, total)
    return Panel(
        slug=slug,
        channel=words.channel_name(slug),
        chip=words.chip(main, total, now, zone),
        sentence=main.reason,
        delivery=main.pk,
        out=words.shown_at(main),
        approved=words.approved(main, zone),
        send="",
        rows=tuple(filter(None, (buttons.answers(it), buttons.what_can_be_done(it)))),
        steps=tuple(story.story(main, (e for e in told.events if e.delivery_id in (None, main.pk)), now, zone)),
        tries=tuple(story.in_full(attempt, zone) for attempt in told.attempts if attempt.delivery_id == main.pk),
        others=tuple(_other(d) for d in reversed(deliveries) if d is not main),
    )


def _nothing_yet(post: Post) -> words.Chip:
    return words.BEFORE_OUR_TIME if post.origin == Post.Origin.BASELINE else words.NOT_YET


def _other(delivery: Delivery) -> Other:
    return Other(reverse("delivery", args=[delivery.pk]), words.first_sentence(said(delivery.reason)))
