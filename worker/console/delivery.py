"""One delivery: the first sentence, what happened, what it says, and what can be done now."""

from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from worker.console import actions, buttons, newsletter, says, story, words
from worker.console.access import Desk, file_of, staff_page, zone_of
from worker.console.page import live_page
from worker.deliver import money
from worker.models import Delivery, Event, Rendition

State = Delivery.State


@dataclass(frozen=True)
class View:
    sentence: str
    chip: words.Chip
    out: str
    asked: str
    cost: str
    approved: str
    steps: tuple[story.Step, ...]
    sum: newsletter.Shown | None
    rows: tuple[buttons.Row, ...]
    tries: tuple[str, ...]
    made_at: str


@require_safe
@staff_page
def show(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    delivery = desk.delivery(pk)
    now, zone, file = timezone.now(), zone_of(delivery.blog), file_of(delivery.blog)
    total = words.total_of(delivery)
    rendition = Rendition.objects.filter(delivery=delivery).first()
    it = actions.Stands(delivery, desk, total)
    of_its_post = Q(post=delivery.post_id, delivery=None) if delivery.post_id else Q()
    events = Event.objects.filter(Q(delivery=delivery, subscriber=None) | of_its_post).order_by("at", "pk")
    view = View(
        sentence=delivery.reason,
        chip=words.chip(delivery, total, now, zone),
        out=words.shown_at(delivery),
        asked=f"{delivery.asked_by}: {delivery.asked_because}" if delivery.asked_because else delivery.asked_by,
        cost=f"Cost: about {money.spoken(delivery.cost)}" if delivery.cost else "",
        approved=words.approved(delivery, zone),
        steps=tuple(story.story(delivery, events, now, zone)),
        sum=newsletter.shown(delivery, total, now, zone) if total else None,
        rows=tuple(filter(None, (buttons.answers(it), buttons.what_can_be_done(it)))),
        tries=tuple(story.in_full(attempt, zone) for attempt in delivery.attempts.order_by("-number")[:MOST_TRIES])[::-1],
        made_at=str(rendition.made_at) if rendition else "",
    )
    return live_page(
        request,
        desk,
        "delivery",
        view,
        parts=["#sentence", "#story", "#buttons", "#tries"],
        about=Q(delivery=delivery),
        delivery=delivery,
        channel=words.channel_name(delivery.channel),
        says=says.of_delivery(delivery, rendition, file) if rendition else None,
        mail=newsletter.mail_of(delivery, rendition) if delivery.channel == "email" and rendition else None,
        test=reverse("test-copy", args=[delivery.pk]) if delivery.channel == "email" and rendition and desk.may_change else "",
    )


MOST_TRIES = 50
"""A newsletter has one for each batch; the newest say what is wrong now."""
