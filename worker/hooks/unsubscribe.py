"""The link at the foot of every newsletter. GET shows a page with one button and choices; only POST acts.

Mail providers POST here themselves when a reader presses their "unsubscribe" button, without cookie or session, and take
nothing but a 2xx for an answer: https://www.rfc-editor.org/rfc/rfc8058#section-3.2. So whatever is posted unsubscribes,
unless one of the page's other forms says what it wants. Link scanners GET whatever they find.
"""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from worker import tasks
from worker.hooks.page import page
from worker.lib.address import masked, read_address
from worker.lib.blogs import BlogFile, blog_file
from worker.lib.clock import iso
from worker.models import Confirmation, Subscriber
from worker.newsletter import change, choices
from worker.newsletter.consent import today
from worker.newsletter.leave import BY_LINK, forget, reader_of, unsubscribe
from worker.newsletter.refused import Refused
from worker.newsletter.sign_up import TooMany, Wish, ask

State = Subscriber.State
Answer = Callable[[HttpRequest, Subscriber, BlogFile], HttpResponse]


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    reader = reader_of(token)
    if reader is None:
        return page(request, "bad_link", "en-CA", HTTPStatus.NOT_FOUND, confirms=False)
    file = blog_file(reader.blog.slug)
    wants = request.POST.get("wants", "") if request.method == "POST" else ""
    if file and wants in _FORMS:
        return _FORMS[wants](request, reader, file)
    if request.method == "POST":
        unsubscribe(reader)
    return _left(request, reader, file) if reader.state != State.CONFIRMED else _choices(request, reader, file)


def _left(request: HttpRequest, reader: Subscriber, file: BlogFile | None) -> HttpResponse:
    name = "forgotten" if reader.state == State.FORGOTTEN else "unsubscribed"
    return page(request, name, _language(reader, file), slug=reader.blog.slug, offers_form=_offers_form(file), **_blog(reader, file))


def _choices(
    request: HttpRequest,
    reader: Subscriber,
    file: BlogFile | None,
    *,
    saved: bool = False,
    wrong_address: str | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """`saved`: what was chosen was kept. `wrong_address`: what was typed and is no address."""
    topics = choices.topics(reader.blog)
    others = [topic for topic in reader.topics if choices.same(topic) not in map(choices.same, topics)]
    return page(
        request,
        "unsubscribe",
        _language(reader, file),
        status,
        address=masked(reader.email),
        languages=choices.LANGUAGES,
        editions=choices.editions(file) if file else [],
        edition=reader.edition,
        topics=topics + others,
        chosen=[choices.same(topic) for topic in reader.topics],
        same=choices.same,
        saved=saved,
        wrong_address=wrong_address,
        has_file=file is not None,
        **_blog(reader, file),
    )


def _choose(request: HttpRequest, reader: Subscriber, file: BlogFile) -> HttpResponse:
    if reader.state != State.CONFIRMED:
        return _left(request, reader, file)
    chosen = {name: request.POST.get(name, "") or value for name, value in _now(reader, file).items()}
    try:
        change.choose(reader, file, topics=request.POST.getlist("topics"), who=BY_LINK, **chosen)
    except Refused:
        return _choices(request, reader, file, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _choices(request, reader, file, saved=True)


def _now(reader: Subscriber, file: BlogFile) -> dict[str, str]:
    return {"language": reader.language or file.language, "edition": reader.edition}


def _move(request: HttpRequest, reader: Subscriber, file: BlogFile) -> HttpResponse:
    """A mail asks the new address; until its yes nothing changes."""
    if reader.state != State.CONFIRMED:
        return _left(request, reader, file)
    typed, language = request.POST.get("email", "").strip(), _language(reader, file)
    try:
        wish = Wish(read_address(typed), language, reader.topics, reader.edition)
        asked = ask(reader.blog, wish, request.META.get("REMOTE_ADDR", ""), kind=Confirmation.Kind.MOVE, subscriber=reader)
    except ValueError:
        return _choices(request, reader, file, wrong_address=typed[:254], status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except TooMany:
        return page(request, "too_many", language, HTTPStatus.TOO_MANY_REQUESTS, **_blog(reader, file))
    if asked.mail_due_at:
        tasks.ring(tasks.confirmation_mail, [asked.pk])
    return page(request, "asked", language, moves=True, **_blog(reader, file))


def _take_home(request: HttpRequest, reader: Subscriber, file: BlogFile) -> HttpResponse:
    document = change.everything_known(reader, today(reader.blog, timezone.now()))
    response = HttpResponse(json.dumps(document, ensure_ascii=False, indent=2, default=iso), content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{reader.blog.slug}-my-data.json"'
    response["Cache-Control"] = "no-store"
    return response


def _erase(request: HttpRequest, reader: Subscriber, file: BlogFile) -> HttpResponse:
    language = _language(reader, file)
    if request.POST.get("sure") != "yes":
        return page(request, "erase", language, **_blog(reader, file))
    forget(reader, BY_LINK)
    return page(request, "forgotten", language, slug=reader.blog.slug, offers_form=_offers_form(file), **_blog(reader, file))


_FORMS: dict[str, Answer] = {"choices": _choose, "move": _move, "data": _take_home, "erase": _erase}


def _language(reader: Subscriber, file: BlogFile | None) -> str:
    return reader.language or (file.language if file else "en-CA")


def _blog(reader: Subscriber, file: BlogFile | None) -> dict[str, Any]:
    contact = file.sender.contact if file and file.sender else ""
    return {"blog": file.name if file else reader.blog.slug, "contact": contact}


def _offers_form(file: BlogFile | None) -> bool:
    return file is not None and "email" in file.channels and file.channels["email"].mode != "off"
