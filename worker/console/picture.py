"""A post's picture, fetched from here: the browser of the front desk asks no other host for anything."""

from typing import NamedTuple

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from worker.console.access import Desk, file_of, staff_page
from worker.lib import http
from worker.lib.language import said
from worker.models import Blog, Rendition
from worker.render.keep import kept

KINDS = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/avif")  # not SVG, which can carry scripts
MOST_BYTES = 10_000_000
SECONDS = 5.0


class Picture(NamedTuple):
    kind: str
    body: bytes


def fetch(address: str, blog: Blog) -> Picture | None:
    """None when it can't be had, or is not a picture."""
    file = file_of(blog)
    try:
        answer = http.request(
            "GET", address, timeout=SECONDS, max_bytes=MOST_BYTES, private=bool(file and file.allow_private_addresses), redirects=3
        )
    except http.NoAnswer:
        return None
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Picture(kind, answer.body) if answer.status == 200 and kind in KINDS else None


@require_safe
@staff_page
def show(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    delivery = desk.delivery(pk)
    rendition = Rendition.objects.filter(delivery=delivery).filter(Q(picture__gt="") | Q(image__gt="")).first()
    if rendition is None:
        raise Http404
    own = kept(rendition.picture)
    picture = Picture(own.media_type, own.data) if own else fetch(rendition.image, delivery.blog)
    if picture is None:
        return HttpResponse(_NOT_TO_BE_HAD.format(said("The picture cannot be shown just now.")), content_type="image/svg+xml")
    response = HttpResponse(picture.body, content_type=picture.kind)
    response["Cache-Control"] = "private, max-age=86400"
    return response


_NOT_TO_BE_HAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 150"><rect width="480" height="150" fill="#e9edf0"/>
<text x="240" y="80" text-anchor="middle" font-family="sans-serif" font-size="15" fill="#505a63">{}</text></svg>"""
