"""The link in a mail that asks for a yes. GET shows one button; only POST says yes: link scanners fetch whatever they find."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from worker.hooks.own import own_page
from worker.hooks.page import page
from worker.lib import clock
from worker.lib.address import masked
from worker.lib.blogs import blog_file
from worker.lib.refused import Refused
from worker.lib.signing import read_confirmation_token, unsubscribe_token
from worker.models import Confirmation, Subscriber
from worker.newsletter.confirm import confirm
from worker.newsletter.sign_up import is_valid


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_page(request: HttpRequest, token: str) -> HttpResponse:
    pk = read_confirmation_token(token)
    asked = pk and Confirmation.objects.select_related("blog", "wording", "subscriber__blog").filter(pk=pk).first()
    file = asked and blog_file(asked.blog.slug)
    if not asked or not file:
        return page(request, "bad_link", "en-CA", HTTPStatus.NOT_FOUND, confirms=True)
    if asked.confirmed_at:
        return _done_before(request, asked, file.name)
    if not is_valid(asked, clock.now()):
        return page(request, "too_old", asked.language, HTTPStatus.GONE, blog=file.name, slug=asked.blog.slug)
    if asked.kind == Confirmation.Kind.OWN:
        return own_page(request, asked, file)
    if request.method != "POST":
        return page(request, "confirm", asked.language, blog=file.name, kind=asked.kind, address=masked(asked.email))
    try:
        reader = confirm(asked, request.META.get("REMOTE_ADDR", ""))
    except Refused:
        contact = file.sender.contact if file.sender else ""
        return page(request, "cannot_confirm", asked.language, HTTPStatus.CONFLICT, blog=file.name, contact=contact)
    return _done(request, asked, file.name, reader)


def _done_before(request: HttpRequest, asked: Confirmation, blog: str) -> HttpResponse:
    """Pressed twice: the same answer, as long as it still is true. It brings nobody back who has left since."""
    on_the_list = Subscriber.objects.filter(blog=asked.blog, address_key=asked.address_key, state=Subscriber.State.CONFIRMED)
    reader = on_the_list.first()
    if reader:
        return _done(request, asked, blog, reader)
    return page(request, "too_old", asked.language, HTTPStatus.GONE, blog=blog, slug=asked.blog.slug)


def _done(request: HttpRequest, asked: Confirmation, blog: str, reader: Subscriber) -> HttpResponse:
    token = unsubscribe_token(asked.blog_id, reader.pk)
    return page(request, "confirmed", asked.language, blog=blog, kind=asked.kind, address=masked(asked.email), token=token)
