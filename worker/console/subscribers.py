"""The people on the lists: who gets the newsletter, who does not, and for how long we may still write."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from worker import tasks
from worker.console import times
from worker.console.access import Desk, file_of, name_of, staff_page, zone_of
from worker.console.page import page, typed, whole_number
from worker.console.words import Chip
from worker.lib.address import read_address
from worker.lib.refused import Refused
from worker.lib.signing import address_hash
from worker.models import Blog, Confirmation, Consent, Subscriber, Suppression
from worker.newsletter import confirmation_mail, consent, export, lapse, people
from worker.newsletter.consent import today
from worker.newsletter.suppress import suppress, suppression_of
from worker.record.transition import note
from worker.render.words import spoken_day

LINES_A_PAGE = 50
State = Subscriber.State
ON_THE_LIST = Chip("On the list", "tick", "green")
BARRED = Chip("Not written to", "cross", "red")
ENDED = Chip("Consent ended", "clock", "amber")
NO_CONSENT = Chip("No consent", "clock", "amber")
LEFT = Chip("Unsubscribed", "dash", "grey")
FORGOTTEN = Chip("Forgotten", "dash", "grey")
STATES = {
    "on": "On the list",
    "ending": "Consent ends within a month",
    "ended": "Consent ended",
    "left": "Unsubscribed",
    "forgotten": "Forgotten",
}


@dataclass(frozen=True)
class Line:
    subscriber: int
    email: str
    name: str
    blog: str
    chip: Chip
    sentence: str
    gets: str


@require_safe
@staff_page
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    chosen = {name: request.GET.get(name, "").strip() for name in ("blog", "state", "q")}
    before = whole_number(request.GET.get("before", ""))
    blogs = [blog for blog in desk.blogs.values() if chosen["blog"] in ("", blog.slug)]
    found = list(_rows(blogs, chosen, before)[: LINES_A_PAGE + 1])
    older = {**chosen, "before": found[LINES_A_PAGE - 1].pk} if len(found) > LINES_A_PAGE else None
    context: dict[str, Any] = {
        "lines": _lines(found[:LINES_A_PAGE], desk),
        "chosen": chosen,
        "blogs": {blog.slug: name_of(blog) for blog in desk.blogs.values()},
        "states": STATES,
        "endings": _endings(blogs),
        "known": [] if found else [sentence for blog in blogs if (sentence := _known(blog, chosen["q"]))],
        "older": "?" + urlencode(older) if older else "",
        "newest": "?" + urlencode(chosen) if before is not None else "",
    }
    return page(request, desk, "subscribers", context)


def _rows(blogs: list[Blog], chosen: dict[str, str], before: int | None) -> QuerySet[Subscriber]:
    rows = Subscriber.objects.filter(blog__in=blogs).prefetch_related("consents").order_by("-pk")
    if chosen["q"]:
        rows = rows.filter(_search(chosen["q"]))
    day = today(blogs[0], timezone.now()) if blogs else timezone.now().date()
    match chosen["state"]:
        case "on":
            rows = rows.filter(state=State.CONFIRMED)
        case "left":
            rows = rows.filter(state=State.UNSUBSCRIBED)
        case "forgotten":
            rows = rows.filter(state=State.FORGOTTEN)
        case "ending":
            rows = lapse.lapsing(rows, day)
        case "ended":
            rows = lapse.lapsed(rows, day)
    return rows.filter(pk__lt=before) if before is not None else rows


def _search(words: str) -> Q:
    """A whole address finds its person however it is written; anything else is looked for in addresses and names."""
    words = words.replace("\0", "")
    try:
        return Q(address_key=read_address(words).key)
    except ValueError:
        return Q(email__icontains=words) | Q(name__icontains=words)


def _lines(rows: list[Subscriber], desk: Desk) -> list[Line]:
    hashes = {address_hash(row.address_key): row.pk for row in rows}
    found = Suppression.objects.filter(address_hash__in=hashes, blog__in={row.blog_id for row in rows})
    barred = {(each.blog_id, each.address_hash): each for each in found}
    lines = []
    for row in rows:
        blog = desk.blogs[row.blog_id]
        known = barred.get((row.blog_id, address_hash(row.address_key)))
        day = today(blog, timezone.now())
        lines.append(
            Line(
                subscriber=row.pk,
                email=row.email or "(forgotten)",
                name=row.name,
                blog=name_of(blog),
                chip=chip(row, known, day),
                sentence=stands(row, known, day, blog),
                gets=gets(row),
            )
        )
    return lines


def chip(row: Subscriber, known: Suppression | None, day: date) -> Chip:
    if row.state == State.FORGOTTEN:
        return FORGOTTEN
    if row.state == State.UNSUBSCRIBED:
        return LEFT
    if known:
        return BARRED
    if consent.in_force(row.consents.all(), day):
        return ON_THE_LIST
    return ENDED if row.consents.all() else NO_CONSENT


def stands(row: Subscriber, known: Suppression | None, day: date, blog: Blog) -> str:
    """Why we may write and for how long, or why we may not."""
    if row.state != State.CONFIRMED:
        if row.left_at is None:
            return _("Left.")
        return _("Left on {day}.").format(day=times.date(row.left_at, timezone.now(), zone_of(blog)))
    if known:
        return people.barred(known)
    holds = consent.in_force(row.consents.all(), day)
    return clock(holds, day) if holds else consent.why_not(row.consents.all(), day)


def clock(holds: Consent, day: date) -> str:
    """`They asked for it on 4 May 2026.` or `A purchase on 4 May 2026: until 4 May 2028, 523 days left.`"""
    obtained_on = spoken_day(holds.obtained_on, "en")
    if holds.ends_on is None:
        return f"They asked for it on {obtained_on}."
    ends_on, days = spoken_day(holds.ends_on, "en"), (holds.ends_on - day).days
    left = "today is the last day" if days == 0 else "1 day left" if days == 1 else f"{days} days left"
    if holds.basis == Consent.Basis.PURCHASE:
        return f"A purchase on {obtained_on}: until {ends_on}, {left}."
    return f"An inquiry on {obtained_on}: until {ends_on}, {left}."


def gets(row: Subscriber) -> str:
    """What they chose, where it is not what everybody gets."""
    named = {"weekly": _("weekly"), "monthly": _("monthly")}
    chosen = [named.get(row.edition, row.edition)] if row.edition != "instant" else []
    return " · ".join([*chosen, *row.topics])


@dataclass(frozen=True)
class Ending:
    slug: str
    blog: str
    readers: int


def _endings(blogs: list[Blog]) -> list[Ending]:
    readers = lapse.lapsing_of(blogs, timezone.now())
    return [Ending(blog.slug, name_of(blog), readers[blog.pk]) for blog in blogs if blog.pk in readers]


def _known(blog: Blog, words: str) -> str:
    """What is known of an address that is not on the list: that it may not be written to, or has not confirmed yet."""
    try:
        key = read_address(words).key
    except ValueError:
        return ""
    if known := suppression_of(blog.pk, key):
        return f"{name_of(blog)}: nobody on the list has this address. {people.barred(known)}"
    asked = Confirmation.objects.filter(blog=blog, address_key=key, confirmed_at=None).order_by("-pk").first()
    if asked is None:
        return ""
    when = times.relative(asked.asked_at, timezone.now(), zone_of(blog))
    mailed = (
        _("the mail that asks them left {moment}").format(moment=times.relative(asked.mailed_at, timezone.now(), zone_of(blog)))
        if asked.mailed_at
        else "no mail has left yet"
    )
    return f"{name_of(blog)}: signed up {when} and has not confirmed; {mailed}. {asked.trouble}".strip()


@require_POST
@staff_page
def send_list(request: HttpRequest, desk: Desk) -> HttpResponseBase:
    """The whole list as a file. By POST, because it is an act that the record keeps."""
    blog = desk.blog(typed(request, "blog"))
    note("The list of readers was exported.", who=desk.staff.email, blog=blog)
    lines = export.as_csv(export.everybody(blog, today(blog, timezone.now())))
    response = StreamingHttpResponse((line.encode() for line in lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{blog.slug}-subscribers.csv"'
    return response


@require_POST
@staff_page
def bar(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Never write to an address, whether it is on the list or not."""
    blog = desk.blog(typed(request, "blog"))
    reason = typed(request, "reason")
    try:
        key = people.key_of(typed(request, "email"))
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect("subscribers")
    if not reason:
        messages.warning(request, "Nothing was changed: say why, it is kept in the record.")
    elif suppress(blog, key, Suppression.Cause.STAFF, who=desk.staff.email, reason=reason):
        messages.success(request, "This address is not written to any more, whatever list it is on.")
    else:
        messages.info(request, "This address was not written to already; nothing has changed.")
    return redirect("subscribers")


@require_POST
@staff_page
def ask_to_go_on(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A mail asks everybody whose implied consent ends within a month, while it may still be asked."""
    blog = desk.blog(typed(request, "blog"))
    file = file_of(blog)
    if file is None or "email" not in file.channels or file.sender is None:
        messages.warning(request, "This blog sends no newsletter, so nobody can be asked.")
        return redirect("subscribers")
    number = lapse.ask(blog, file, desk.staff.email)
    tasks.ring(tasks.confirmation_mail, confirmation_mail.due(blog.slug))
    if number:
        messages.success(
            request,
            f"{number} {'reader is' if number == 1 else 'readers are'} asked by mail now. Whoever says yes stays; the others are not written to once their consent ends.",
        )
    else:
        messages.info(request, "All of them have been asked already; nobody is asked twice.")
    return redirect("subscribers")
