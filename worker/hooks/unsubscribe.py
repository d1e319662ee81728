"""The link at the foot of every newsletter. GET shows a page with one button and choices; only POST acts.

Mail providers POST here themselves when a reader presses their "unsubscribe" button, without cookie or session, and take
nothing but a 2xx for an answer: https://www.rfc-editor.org/rfc/rfc8058#section-3.2. So whatever is posted unsubscribes,
unless one of the page's other forms says what it wants. Link scanners GET whatever they find.
"""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from worker import tasks
from worker.hooks.page import blog_words, language_of, page, rehearses
from worker.lib.address import masked
from worker.lib.blogs import BlogFile, blog_file
from worker.lib.log import UNREADABLE
from worker.lib.refused import Refused
from worker.models import Subscriber
from worker.newsletter import change, choices
from worker.newsletter.confirm import is_barred
from worker.newsletter.leave import BY_LINK, reader_of, unsubscribe
from worker.newsletter.sign_up import TooMany, ask_for_own_page

State = Subscriber.State
Answer = Callable[[HttpRequest, Subscriber, BlogFile], HttpResponse]


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    reader = reader_of(token)
    if reader is None:
        return page(request, "bad_link", "en-CA", HTTPStatus.NOT_FOUND, confirms=False)
    file = blog_file(reader.blog.slug)
    wants = _wants(request)
    if file and wants in _FORMS:
        return _FORMS[wants](request, reader, file)
    if request.method == "POST":
        unsubscribe(reader)
    return _left(request, reader, file) if reader.state != State.CONFIRMED else _choices(request, reader, file)


def _wants(request: HttpRequest) -> str:
    """The form of the page that was sent; empty for anything else, also for what cannot be read: whoever sent it means to leave."""
    try:
        return request.POST.get("wants", "")
    except UNREADABLE:
        return ""


def _left(request: HttpRequest, reader: Subscriber, file: BlogFile | None) -> HttpResponse:
    name = "forgotten" if reader.state == State.FORGOTTEN else "unsubscribed"
    return page(request, name, language_of(reader, file), slug=reader.blog.slug, offers_form=_offers_form(file), **blog_words(reader, file))


def _choices(
    request: HttpRequest,
    reader: Subscriber,
    file: BlogFile | None,
    *,
    saved: bool = False,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """`saved`: what was chosen was kept."""
    topics = choices.topics(reader.blog)
    others = [topic for topic in reader.topics if choices.same(topic) not in map(choices.same, topics)]
    return page(
        request,
        "unsubscribe",
        language_of(reader, file),
        status,
        address=masked(reader.email),
        languages=choices.LANGUAGES,
        editions=choices.editions(file) if file else [],
        edition=reader.edition,
        topics=topics + others,
        chosen=[choices.same(topic) for topic in reader.topics],
        same=choices.same,
        saved=saved,
        has_file=file is not None,
        offers_form=_offers_form(file),
        slug=reader.blog.slug,
        **blog_words(reader, file),
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


def _own(request: HttpRequest, reader: Subscriber, file: BlogFile) -> HttpResponse:
    """Their data and their address: a mailed link leads there, since whoever a newsletter was forwarded to stands here, too."""
    language = language_of(reader, file)
    if reader.state == State.FORGOTTEN or not _offers_form(file):
        return _left(request, reader, file) if reader.state != State.CONFIRMED else _choices(request, reader, file)
    if is_barred(reader.blog, reader.address_key):
        return page(request, "cannot_confirm", language, HTTPStatus.CONFLICT, **blog_words(reader, file))
    try:
        asked = ask_for_own_page(reader, language, request.META.get("REMOTE_ADDR", ""))
    except TooMany:
        return page(request, "too_many", language, HTTPStatus.TOO_MANY_REQUESTS, **blog_words(reader, file))
    if asked.mail_due_at:
        tasks.ring(tasks.confirmation_mail, [asked.pk])
    words = {"address": masked(reader.email), **blog_words(reader, file)}
    return page(request, "asked", language, kind=asked.kind, mailed=asked.mail_due_at is not None, rehearses=rehearses(file), **words)


_FORMS: dict[str, Answer] = {"choices": _choose, "own": _own}


def _offers_form(file: BlogFile | None) -> bool:
    return file is not None and "email" in file.channels and file.channels["email"].mode != "off"
