"""The sign-up page. GET shows the form; POST writes the wish down and says the same to everybody, known or not.

No cookie, so no CSRF token: whoever makes a stranger's browser post this form gains nothing that they could not post themselves.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from worker import tasks
from worker.hooks.page import page, rehearses
from worker.lib.address import Address, read_address
from worker.lib.blogs import BlogFile, blog_file
from worker.models import Blog, Confirmation
from worker.newsletter import choices, wording
from worker.newsletter.sign_up import TooMany, Wish, ask

HONEYPOT = "homepage"
"""A field that people do not see, and programs fill in."""


@dataclass(frozen=True)
class Typed:
    """What stood in the form. `mistakes`: the fields that it cannot be taken with."""

    email: str
    address: Address | None
    language: str
    topics: list[str]
    edition: str
    agreed: bool
    mistakes: tuple[str, ...]


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest, slug: str) -> HttpResponse:
    file = blog_file(slug)
    if file is None or "email" not in file.channels or file.channels["email"].mode == "off":
        return page(request, "no_newsletter", "en-CA", HTTPStatus.NOT_FOUND)
    blog, _ = Blog.objects.get_or_create(slug=slug)
    if request.method != "POST":
        asked_for = request.GET.get("lang", "")
        return _form(request, blog, file, asked_for if asked_for in choices.LANGUAGES else file.language)
    typed = _read(request, file)
    if request.POST.get(HONEYPOT):
        return _asked(request, file, typed.language)
    if typed.mistakes or typed.address is None:
        return _form(request, blog, file, typed.language, typed, HTTPStatus.UNPROCESSABLE_ENTITY)
    offered = {choices.same(topic): topic for topic in choices.topics(blog)}
    topics = [offered[choices.same(topic)] for topic in typed.topics if choices.same(topic) in offered]
    try:
        asked = ask(
            blog,
            Wish(typed.address, typed.language, topics, typed.edition),
            request.META.get("REMOTE_ADDR", ""),
            wording=wording.in_use(blog, file, typed.language),
        )
    except TooMany:
        return page(request, "too_many", typed.language, HTTPStatus.TOO_MANY_REQUESTS, blog=file.name, contact=_contact(file))
    if asked.mail_due_at:
        tasks.ring(tasks.confirmation_mail, [asked.pk])
    return _asked(request, file, typed.language)


def _read(request: HttpRequest, file: BlogFile) -> Typed:
    email = request.POST.get("email", "").strip()
    language = request.POST.get("language", "")
    edition = request.POST.get("edition", "")
    address, mistakes = None, []
    try:
        address = read_address(email)
    except ValueError:
        mistakes.append("email")
    if request.POST.get("agree") != "yes":
        mistakes.append("agree")
    return Typed(
        email=email[:254],
        address=address,
        language=language if language in choices.LANGUAGES else file.language,
        topics=request.POST.getlist("topics"),
        edition=edition if edition in choices.editions(file) else choices.editions(file)[0],
        agreed="agree" not in mistakes,
        mistakes=tuple(mistakes),
    )


def _form(
    request: HttpRequest, blog: Blog, file: BlogFile, language: str, typed: Typed | None = None, status: int = HTTPStatus.OK
) -> HttpResponse:
    yes, taken_back, who = wording.sentences(file, language)
    return page(
        request,
        "subscribe",
        language,
        status,
        blog=file.name,
        slug=blog.slug,
        yes=yes,
        taken_back=taken_back,
        who=who,
        languages=choices.LANGUAGES,
        editions=choices.editions(file),
        topics=choices.topics(blog),
        honeypot=HONEYPOT,
        typed=typed,
    )


def _asked(request: HttpRequest, file: BlogFile, language: str) -> HttpResponse:
    words: dict[str, Any] = {"blog": file.name, "contact": _contact(file)}
    return page(request, "asked", language, kind=Confirmation.Kind.JOIN, rehearses=rehearses(file), **words)


def _contact(file: BlogFile) -> str:
    return file.sender.contact if file.sender else ""
