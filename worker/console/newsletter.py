"""A newsletter on its way: the sum with its pace, the people behind each of its terms, a test copy to staff."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from worker import tasks
from worker.console import times, words
from worker.console.access import Desk, staff_page, zone_of
from worker.console.page import page, typed, whole_number
from worker.deliver import staff
from worker.deliver.issue_again import test_issue
from worker.lib.language import said
from worker.lib.refused import Refused
from worker.lib.signing import reading_token
from worker.models import Delivery, Recipient, Rendition, Return, Staff
from worker.newsletter.pace import pace
from worker.newsletter.reading import named_by
from worker.record.returned import CAME_BACK, COMPLAINED, Returned, returned_of
from worker.record.sums import Sum
from worker.render.hosts import hosts_asked

STATES = {
    "sent": ("Sent", [Recipient.State.SENT]),
    "refused": ("Refused", [Recipient.State.REFUSED]),
    "skipped": ("Skipped", [Recipient.State.SKIPPED]),
    "unknown": ("In doubt", [Recipient.State.UNKNOWN]),
    "waiting": ("Waiting", [Recipient.State.WAITING, Recipient.State.SENDING]),
}
PEOPLE_A_PAGE = 100


@dataclass(frozen=True)
class Term:
    """One term of the sum, its people, and its place in the bar (in parts of a thousand)."""

    name: str
    number: int
    says: str
    people: str
    start: float
    width: float


@dataclass(frozen=True)
class Link:
    address: str
    says: str


@dataclass(frozen=True)
class Shown:
    audience: int
    people: str
    terms: tuple[Term, ...]
    pace: str
    """10 a second, about 12 s left; empty unless it is on its way."""
    accepted: str = ""
    returned: tuple[Link, ...] = ()
    """What came of those that were accepted; empty as long as nobody has said anything."""


def shown(delivery: Delivery, total: Sum, now: datetime, zone: tzinfo) -> Shown:
    goes = spoken_pace(pace(delivery, now), total.waiting) if delivery.state == Delivery.State.SENDING else ""
    people, came = reverse("people", args=[delivery.pk]), tuple(_returned(delivery))
    return Shown(total.audience, people, tuple(_terms(delivery, total)), goes, f"{total.sent:,} accepted", came)


RETURNS = {"delivered": Q(kind=Return.Kind.DELIVERED), "came-back": CAME_BACK, "complained": COMPLAINED}


def _returned(delivery: Delivery) -> Iterator[Link]:
    """Of those that were accepted."""
    came = returned_of([delivery.pk]).get(delivery.pk, Returned())
    if came.delivered:
        yield Link(f"{reverse('people', args=[delivery.pk])}?state=delivered", f"{came.delivered:,} delivered")
    yield from came_back(delivery.pk, came)


def came_back(delivery: int, came: Returned) -> Iterator[Link]:
    """4 came back: each opens its people."""
    people = reverse("people", args=[delivery])
    if came.bounced:
        yield Link(f"{people}?state=came-back", f"{came.bounced:,} came back")
    if came.complained == 1:
        yield Link(f"{people}?state=complained", "1 reader reported it as spam")
    elif came.complained:
        yield Link(f"{people}?state=complained", f"{came.complained:,} readers reported it as spam")


def _terms(delivery: Delivery, total: Sum) -> Iterator[Term]:
    start, people = 0.0, reverse("people", args=[delivery.pk])
    for name in words.TERMS:
        number = getattr(total, name)
        width = 1000 * number / total.audience if total.audience else 0.0
        if number or name == "sent":
            yield Term(name, number, words.term(name, number), f"{people}?state={name}", round(start, 1), round(width, 1))
        start += width


def spoken_pace(a_second: float, waiting: int) -> str:
    """184 waiting at 10 a second: about 18 seconds left."""
    if not a_second:
        return ""
    pace = f"{a_second:.0f} a second" if a_second >= 1 else f"{a_second * 60:.0f} a minute"
    if not waiting:
        return pace
    left = waiting / a_second
    if left < 90:
        number = max(1, round(left))
        return f"{pace}, about {number} {'second' if number == 1 else 'seconds'} left"
    if left < 5400:
        number = round(left / 60)
        return f"{pace}, about {number} {'minute' if number == 1 else 'minutes'} left"
    number = round(left / 3600)
    return f"{pace}, about {number} {'hour' if number == 1 else 'hours'} left"


@dataclass(frozen=True)
class Mail:
    """What is worth knowing of a mail beside what it says."""

    hosts: str
    browser: str
    """Where everybody can read it; empty as long as it has not gone out."""
    posts: tuple[Link, ...]
    """What an issue brings."""


def mail_of(delivery: Delivery, rendition: Rendition) -> Mail:
    posts = delivery.posts() if delivery.issue_id else []
    token = reading_token(delivery.pk)
    return Mail(
        hosts=spoken_hosts(hosts_asked(rendition.html)),
        browser=reverse("read", args=[token]) if named_by(token) else "",
        posts=tuple(Link(reverse("post", args=[post.pk]), post.title) for post in posts),
    )


def spoken_hosts(hosts: list[str]) -> str:
    if not hosts:
        return "To show it, a reader’s mail program asks no host for anything: nobody learns that it was opened."
    return f"To show it, a reader’s mail program asks {', '.join(hosts)}, which can learn by that who opened it."


@dataclass(frozen=True)
class Person:
    subscriber: int
    name: str
    email: str
    word: str
    why: str
    at: str
    came: "tuple[Came, ...]"


@dataclass(frozen=True)
class Came:
    """What somebody reported of a copy that the relay took. `words`: their own."""

    what: str
    at: str
    words: str


def came_of(row: Recipient, zone: tzinfo) -> tuple[Came, ...]:
    """Oldest first; of a copy that was refused at once, its reason says it all."""
    returns = sorted(row.returns.all(), key=lambda one: one.at) if row.state == Recipient.State.SENT else []
    return tuple(Came(f"{said(one.get_kind_display())}.", times.exact(one.at, zone), one.words) for one in returns)


@require_safe
@staff_page
def people(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Who stands behind a term of the sum, a page at a time."""
    delivery = desk.delivery(pk)
    total = words.total_of(delivery)
    if total is None:
        raise Http404
    state, after = request.GET.get("state", ""), whole_number(request.GET.get("after", ""))
    rows = Recipient.objects.filter(delivery=delivery).select_related("subscriber").prefetch_related("returns").order_by("subscriber_id")
    if state in STATES:
        rows = rows.filter(state__in=STATES[state][1])
    elif state in RETURNS:
        rows = rows.filter(Exists(Return.objects.filter(RETURNS[state], recipient=OuterRef("pk"))))
    found = list((rows.filter(subscriber__gt=after) if after is not None else rows)[: PEOPLE_A_PAGE + 1])
    zone = zone_of(delivery.blog)
    more = found[PEOPLE_A_PAGE - 1].subscriber_id if len(found) > PEOPLE_A_PAGE else None
    context = {
        "delivery": delivery,
        "people": [_person(row, zone) for row in found[:PEOPLE_A_PAGE]],
        "terms": tuple(_terms(delivery, total)),
        "audience": total.audience,
        "all": reverse("people", args=[pk]),
        "returned": tuple(_returned(delivery)),
        "state": state if state in STATES or state in RETURNS else "",
        "more": f"?state={state}&after={more}" if more is not None else "",
    }
    return page(request, desk, "people", context)


def _person(row: Recipient, zone: tzinfo) -> Person:
    word = next(word for word, states in STATES.values() if row.state in states)
    email = row.subscriber.email or "forgotten at their own wish"
    return Person(
        row.subscriber_id, row.subscriber.name, email, word, row.reason, times.exact(row.at, zone) if row.at else "", came_of(row, zone)
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def test_copy(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """A marked copy to one of the staff, never to a reader."""
    delivery = desk.delivery(pk)
    if delivery.channel != "email":
        raise Http404
    colleagues = _colleagues(desk)
    refused = ""
    if request.method == "POST":
        to = typed(request, "to")
        try:
            if to not in colleagues:
                raise Refused("A test copy goes to somebody who signs in here; choose one of them.")
            made = staff.test(delivery.post, to, desk.staff.email) if delivery.post else test_issue(delivery, to, desk.staff.email)
        except Refused as error:
            refused = str(error)
        else:
            tasks.ring(tasks.send, [made.pk])
            messages.success(request, f"A marked copy goes to {to} now. No reader gets anything.")
            return redirect("delivery", pk=made.pk)
    context = {"delivery": delivery, "colleagues": colleagues, "refused": refused, "to": typed(request, "to") or desk.staff.email}
    return page(request, desk, "test_copy", context, status=422 if refused else 200)


def _colleagues(desk: Desk) -> list[str]:
    theirs = Staff.objects.filter(is_active=True)
    theirs = theirs if desk.sees_everything else theirs.filter(blogs__in=desk.blogs)
    return sorted({desk.staff.email, *theirs.values_list("email", flat=True)})
