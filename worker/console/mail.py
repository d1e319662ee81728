"""A newsletter as a mail program would show it: a page of its own for a sandboxed frame, with sample words for the personal marks.

The frame may show inline styles and the pictures inside it, and nothing else: no script, no other host. So the blog's
picture, which travels in the mail, is put into the page itself.
"""

import re
from base64 import b64encode

from csp.decorators import csp
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import escape
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from worker.channels.carrier import INLINE_PICTURE
from worker.console.access import Desk, file_of, staff_page
from worker.lib.language import said
from worker.models import Rendition
from worker.newsletter.mail import sample
from worker.render.keep import kept

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
    return HttpResponse(with_picture(with_samples(rendition.html, html=True), rendition))


@require_safe
@staff_page
def letter(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """The same as a file: what a reader's mail program gets, headers and all."""
    delivery = desk.delivery(pk)
    file, rendition = file_of(delivery.blog), Rendition.objects.filter(delivery=delivery).first()
    if rendition is None or not rendition.html or file is None or file.sender is None:
        raise Http404
    name = f"{delivery.blog.slug}-{delivery.pk}.eml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(sample(delivery, file).as_bytes(), content_type="message/rfc822", headers=headers)


def with_samples(text: str, *, html: bool = False) -> str:
    """What one reader would see in place of the marks."""
    return _MARK.sub(lambda mark: _sample(mark[1], html), text)


def _sample(name: str, html: bool) -> str:
    sample = said(SAMPLES.get(name, "…"))
    return escape(sample) if html else sample


def with_picture(html: str, rendition: Rendition) -> str:
    """The mail's own picture as part of the page."""
    picture = kept(rendition.picture)
    data = f"data:{picture.media_type};base64,{b64encode(picture.data).decode()}" if picture else ""
    return html.replace(INLINE_PICTURE, data)
