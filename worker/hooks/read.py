"""A newsletter in the browser, and the list of a blog's past ones. Nothing here knows who reads: no cookie, no script, no picture from elsewhere."""

from http import HTTPStatus

from csp.decorators import csp
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from worker.hooks.page import page
from worker.lib.blogs import BlogFile, blog_file
from worker.lib.signing import reading_token
from worker.models import Blog, Delivery
from worker.newsletter.reading import browser_copy, named_by, past, without_withdrawn
from worker.render.words import spoken_day

A_PAGE = 50
_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "frame-ancestors": ["'none'"],
    "form-action": ["'none'"],
    "base-uri": ["'none'"],
}


@csp(_POLICY)  # type: ignore[arg-type]  # it is typed for views without arguments
@require_safe
def copy(request: HttpRequest, token: str) -> HttpResponse:
    delivery = named_by(token)
    if delivery is None:
        return _nothing_here(request)
    shown = browser_copy(delivery, request.GET.get("lang", ""))
    if shown is None:
        file = blog_file(delivery.blog.slug)
        return _quiet(render(request, "public/withdrawn.html", _of(delivery.blog, file), status=HTTPStatus.GONE))
    return _quiet(HttpResponse(shown))


@require_safe
def archive(request: HttpRequest, slug: str) -> HttpResponse:
    blog, file = Blog.objects.filter(slug=slug).first(), blog_file(slug)
    if blog is None or file is None or "email" not in file.channels:
        return _nothing_here(request)
    before = request.GET.get("before", "")
    found = list(past(blog, int(before) if before.isdecimal() and len(before) < 19 else None)[: A_PAGE + 1])
    lines = [_line(delivery, file) for delivery in without_withdrawn(found[:A_PAGE])]
    older = found[A_PAGE - 1].pk if len(found) > A_PAGE else None
    return _quiet(render(request, "public/archive.html", _of(blog, file) | {"lines": lines, "older": older}))


def _nothing_here(request: HttpRequest) -> HttpResponse:
    return _quiet(page(request, "no_newsletter", "en-CA", HTTPStatus.NOT_FOUND))


def _line(delivery: Delivery, file: BlogFile) -> dict[str, str]:
    day = file.local(delivery.finished_at or delivery.created_at).date()
    return {"subject": delivery.rendition.subject, "day": spoken_day(day, file.language), "token": reading_token(delivery.pk)}


def _of(blog: Blog, file: BlogFile | None) -> dict[str, object]:
    return {"blog": file.name if file else blog.slug, "language": file.language if file else "en-CA", "slug": blog.slug}


def _quiet(response: HttpResponse) -> HttpResponse:
    """In no search engine, and no Referer from here."""
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response
