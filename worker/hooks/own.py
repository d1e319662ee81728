"""A reader's own page, behind the link that was mailed to them: take the data home, change the address, be erased. GET shows, POST acts."""

import json
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from worker import tasks
from worker.hooks.page import blog_words, page, rehearses
from worker.lib import clock
from worker.lib.address import masked, read_address
from worker.lib.blogs import BlogFile
from worker.lib.clock import iso
from worker.models import Confirmation, Subscriber
from worker.newsletter import change
from worker.newsletter.consent import today
from worker.newsletter.leave import BY_LINK, forget
from worker.newsletter.sign_up import TooMany, Wish, ask

State = Subscriber.State
Answer = Callable[[HttpRequest, Confirmation, Subscriber, BlogFile], HttpResponse]


def own_page(request: HttpRequest, asked: Confirmation, file: BlogFile) -> HttpResponse:
    """`asked` is still valid. Whoever was erased or has moved since is not the one whom the mail reached."""
    reader = asked.subscriber
    assert reader is not None, "who asks for their page has a place on the list"
    if reader.address_key != asked.address_key:
        return page(request, "too_old", asked.language, HTTPStatus.GONE, blog=file.name, slug=asked.blog.slug)
    wants = request.POST.get("wants", "") if request.method == "POST" else ""
    return _FORMS[wants](request, asked, reader, file) if wants in _FORMS else _show(request, asked, reader, file)


def _show(
    request: HttpRequest, asked: Confirmation, reader: Subscriber, file: BlogFile, *, wrong_address: str | None = None
) -> HttpResponse:
    """`wrong_address`: what was typed and is no address."""
    status = HTTPStatus.OK if wrong_address is None else HTTPStatus.UNPROCESSABLE_ENTITY
    on_the_list, address = reader.state == State.CONFIRMED, masked(reader.email)
    words = {"address": address, "on_the_list": on_the_list, "wrong_address": wrong_address, **blog_words(reader, file)}
    return page(request, "own", asked.language, status, **words)


def _take_home(request: HttpRequest, asked: Confirmation, reader: Subscriber, file: BlogFile) -> HttpResponse:
    document = change.everything_known(reader, today(reader.blog, clock.now()))
    response = HttpResponse(json.dumps(document, ensure_ascii=False, indent=2, default=iso), content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{reader.blog.slug}-my-data.json"'
    response["Cache-Control"] = "no-store"
    return response


def _move(request: HttpRequest, asked: Confirmation, reader: Subscriber, file: BlogFile) -> HttpResponse:
    """A mail asks the new address, too; until its yes nothing changes."""
    if reader.state != State.CONFIRMED:
        return _show(request, asked, reader, file)
    typed = request.POST.get("email", "").strip()
    try:
        wish = Wish(read_address(typed), asked.language, reader.topics, reader.edition)
        moves = ask(reader.blog, wish, request.META.get("REMOTE_ADDR", ""), kind=Confirmation.Kind.MOVE, subscriber=reader)
    except ValueError:
        return _show(request, asked, reader, file, wrong_address=typed[:254])
    except TooMany:
        return page(request, "too_many", asked.language, HTTPStatus.TOO_MANY_REQUESTS, **blog_words(reader, file))
    if moves.mail_due_at:
        tasks.ring(tasks.confirmation_mail, [moves.pk])
    return page(request, "asked", asked.language, kind=moves.kind, rehearses=rehearses(file), **blog_words(reader, file))


def _erase(request: HttpRequest, asked: Confirmation, reader: Subscriber, file: BlogFile) -> HttpResponse:
    name = "forgotten" if request.POST.get("sure") == "yes" else "erase"
    if name == "forgotten":
        forget(reader, BY_LINK)
    return page(request, name, asked.language, **blog_words(reader, file))


_FORMS: dict[str, Answer] = {"data": _take_home, "move": _move, "erase": _erase}
