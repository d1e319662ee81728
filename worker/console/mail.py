"""A newsletter as a mail program would show it: a page of its own for a sandboxed frame, with sample words for the personal marks.

The frame may show inline styles and the pictures inside it, and nothing else: no script, no other host. So the blog's
pictures are fetched from here and put into the page itself.
"""

import re
from base64 import b64encode

from csp.decorators import csp
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import escape
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from worker.console.access import Desk, staff_page
from worker.console.picture import fetch
from worker.models import Delivery, Rendition

MOST_PICTURES = 4
SAMPLES = {
    "unsubscribe": "#unsubscribe",
    "read": "#read",
    "why": "You get this because you asked for it on 4 May 2026. (An example: each reader sees their own reason here.)",
}
_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "frame-ancestors": ["'self'"],
    "form-action": ["'none'"],
    "base-uri": ["'none'"],
    "sandbox": True,
}
_PICTURE = re.compile(r"(<img\b[^>]*?\bsrc=\")(https?://[^\"]+)(\")", re.IGNORECASE)
_MARK = re.compile("\ue000([a-z_]*)\ue001")


@csp(_POLICY)
@require_safe
@xframe_options_sameorigin
@staff_page
def show(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    delivery = desk.delivery(pk)
    rendition = Rendition.objects.filter(delivery=delivery).first()
    if rendition is None or not rendition.html:
        raise Http404
    return HttpResponse(with_pictures(with_samples(rendition.html, html=True), delivery))


def with_samples(text: str, *, html: bool = False) -> str:
    """What one reader would see in place of the marks."""
    return _MARK.sub(lambda mark: _sample(mark[1], html), text)


def _sample(name: str, html: bool) -> str:
    sample = SAMPLES.get(name, "…")
    return escape(sample) if html else sample


def with_pictures(html: str, delivery: Delivery) -> str:
    """The first pictures as part of the page; what can't be had stays an address, which the frame does not open."""

    def inlined(match: re.Match[str]) -> str:
        picture = fetch(match[2].replace("&amp;", "&"), delivery.blog)
        return f"{match[1]}data:{picture.kind};base64,{b64encode(picture.body).decode()}{match[3]}" if picture else match[0]

    return _PICTURE.sub(inlined, html, count=MOST_PICTURES)
