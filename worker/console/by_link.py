"""Holding or releasing from a mail, on a phone, without signing in. GET shows one button; only its POST acts.

The link is the permission, so no cookie and no session are asked for: record/by_link.py says how narrow it is.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from worker import tasks
from worker.console import says, words
from worker.console.access import file_of
from worker.console.page import typed
from worker.deliver import staff
from worker.lib.refused import Refused
from worker.models import Delivery, Rendition, Staff
from worker.record import by_link

_HEADERS = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
_WORDS = {
    "release": ("Send this now?", "It goes out at once; in quiet hours, when they end.", "Send it now", "Thank you. It goes out now."),
    "hold": (
        "Hold this back?",
        "Nothing goes out until somebody releases it.",
        "Hold it",
        "Thank you. It is held until somebody releases it.",
    ),
}


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, token: str) -> HttpResponse:
    asked = by_link.read(token)
    person = asked and Staff.objects.filter(email__iexact=asked.to).first()
    if person and person.language:
        translation.activate(person.language)
    delivery = asked and Delivery.objects.select_related("blog", "post", "issue").filter(pk=asked.delivery).first()
    if not asked or not delivery or not _may(asked, delivery, person):
        return _page(request, "by_link_ended", {"delivery": None}, 410)
    if asked.stood != by_link.stands(delivery):
        return _page(request, "by_link_ended", {"delivery": delivery}, 410)
    title, consequence, button, done = _WORDS[asked.act]
    if request.method == "POST":
        try:
            _act(asked, delivery, typed(request, "reason"))
        except Refused as refused:
            return _page(request, "by_link_done", {"delivery": delivery, "done": "Nothing was changed.", "sentence": str(refused)}, 409)
        tasks.ring(tasks.send, [delivery.pk])
        return _page(request, "by_link_done", {"delivery": delivery, "done": done, "sentence": delivery.reason})
    rendition = Rendition.objects.filter(delivery=delivery).first()
    context = {
        "delivery": delivery,
        "channel": words.channel_name(delivery.channel),
        "title": title,
        "consequence": consequence,
        "button": button,
        "to": asked.to,
        "text": says.of_delivery(delivery, rendition, file_of(delivery.blog)).text if rendition else (),
    }
    return _page(request, "by_link", context)


def _may(asked: by_link.Asked, delivery: Delivery, person: Staff | None) -> bool:
    """Whoever left, or whose rights were taken, loses their links too; an address of the blog's alerts needs no account."""
    file = file_of(delivery.blog)
    if person is None:
        return bool(file and asked.to in file.alerts.to)
    blogs = set(person.blogs.values_list("pk", flat=True))
    return person.is_active and person.role != Staff.Role.READER and (not blogs or delivery.blog_id in blogs)


def _act(asked: by_link.Asked, delivery: Delivery, reason: str) -> None:
    who = f"{asked.to} (by a link in an e-mail)"
    if asked.act == "hold":
        staff.hold(delivery, who, reason or "from the mail that told of it.")
    else:
        staff.release(delivery, who, reason)


def _page(request: HttpRequest, name: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    response = render(request, f"console/{name}.html", context, status=status)
    for header, value in _HEADERS.items():
        response[header] = value
    return response
