"""The link at the foot of every newsletter. GET shows a page with one button; only POST unsubscribes.

Mail providers POST here themselves when a reader presses their "unsubscribe" button, without cookie or session, and take
nothing but a 2xx for an answer: https://www.rfc-editor.org/rfc/rfc8058#section-3.2. Link scanners GET whatever they find.
"""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from worker.lib.blogs import blog_file
from worker.lib.signing import read_unsubscribe_token
from worker.models import Subscriber
from worker.newsletter.leave import unsubscribe

# The token is the reader's key: it must not leave with a Referer, nor lie in a cache or an index.
_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    leaver = read_unsubscribe_token(token)
    subscriber = leaver and Subscriber.objects.select_related("blog").filter(pk=leaver.subscriber, blog=leaver.blog).first()
    if not subscriber:
        return _page(request, "public/bad_link.html", {"language": "en-CA"}, HTTPStatus.NOT_FOUND)
    if request.method == "POST":
        unsubscribe(subscriber)
    file = blog_file(subscriber.blog.slug)
    left = subscriber.state != Subscriber.State.CONFIRMED
    words = {
        "blog": file.name if file else subscriber.blog.slug,
        "language": file.language if file else "en-CA",
        "contact": file.sender.contact if file and file.sender else "",
    }
    return _page(request, "public/unsubscribed.html" if left else "public/unsubscribe.html", words)


def _page(request: HttpRequest, template: str, words: dict[str, str], status: int = HTTPStatus.OK) -> HttpResponse:
    response = render(request, template, words, status=status)
    for name, value in _HEADERS.items():
        response[name] = value
    return response
