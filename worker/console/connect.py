"""Connecting by the network's own page of consent: there, back again, and the choice of where to post.

The state that travels with the person is signed and belongs to their session, so that nobody else's consent can be slipped in.
Each is good for one answer; two tabs have one each.
"""

import secrets
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from worker import channels
from worker.channels.base import DeliveryError, Poster
from worker.connections import connect as connecting
from worker.connections import consent
from worker.connections.poster import app_of
from worker.console import words
from worker.console.access import Desk, file_of, owners_page
from worker.console.connections import back, connection, tell
from worker.console.page import page, typed
from worker.lib.blogs import BlogFile
from worker.models import Connection

_SALT = "postlark.consent"
_KEPT = "consents"
LASTS = 3600
MOST_AT_ONCE = 10
AGAIN = "Press Connect again."


class Wrong(Exception):
    """One sentence on what is wrong with the answer that the network sent back by the person."""


@require_POST
@owners_page
def start(request: HttpRequest, desk: Desk, slug: str, channel: str) -> HttpResponse:
    file, kind = _network(desk, slug, channel)
    app = app_of(channel)
    asked_for = kind.asks(file.channels[channel])
    if not asked_for or not app.id:
        messages.error(request, f"{kind.name} cannot be connected with a button here; use `postlark connect {slug} {channel}`.")
        return back(slug)
    nonce = secrets.token_urlsafe(16)
    state = signing.dumps([slug, channel, nonce], salt=_SALT)
    asked = consent.question(asked_for, file.channels[channel], app, state, _redirect_uri(channel))
    kept: dict[str, str] = request.session.get(_KEPT, {})
    request.session[_KEPT] = {**dict(list(kept.items())[1 - MOST_AT_ONCE :]), nonce: asked.verifier}
    return redirect(asked.address)


@require_safe
@owners_page
def callback(request: HttpRequest, desk: Desk, channel: str) -> HttpResponse:
    try:
        slug, verifier = _ours(request, channel)
    except Wrong as wrong:
        messages.error(request, str(wrong))
        return redirect("connections")
    file, kind = _network(desk, slug, channel)
    try:
        credentials = consent.exchange(kind, file, app_of(channel), _code(request, kind.name), verifier, _redirect_uri(channel))
    except Wrong as wrong:
        messages.error(request, str(wrong))
        return back(slug)
    except DeliveryError as error:
        messages.error(request, error.sentence if AGAIN[:13] in error.sentence else f"{error.sentence} {AGAIN}")
        return back(slug)
    return _connected(request, desk, file, kind, credentials)


def _ours(request: HttpRequest, channel: str) -> tuple[str, str]:
    """(blog, verifier) of the question that this answers; it is answered then. Raises Wrong."""
    name = words.channel_name(channel)
    try:
        slug, asked, nonce = signing.loads(request.GET.get("state", ""), salt=_SALT, max_age=LASTS)
    except signing.SignatureExpired:
        raise Wrong(f"The consent at {name} took longer than an hour, so nothing was changed. {AGAIN}") from None
    except (signing.BadSignature, ValueError, TypeError):
        raise Wrong(f"This answer from {name} belongs to nothing that was begun here, so nothing was changed. {AGAIN}") from None
    kept: dict[str, str] = request.session.get(_KEPT, {})
    verifier = kept.pop(nonce, None)
    request.session[_KEPT] = kept
    if verifier is None or asked != channel:
        raise Wrong(f"This answer from {name} was used already, or was begun in another browser. {AGAIN}")
    return slug, verifier


def _code(request: HttpRequest, name: str) -> str:
    if request.GET.get("error") in ("access_denied", "user_cancelled_login", "user_cancelled_authorize"):
        raise Wrong(f"Consent was declined at {name}, so nothing was changed.")
    code = request.GET.get("code", "")
    if not code:
        raise Wrong(f"{name} sent no consent back, so nothing was changed. {AGAIN}")
    return code


def _connected(request: HttpRequest, desk: Desk, file: BlogFile, kind: type[Poster], credentials: dict[str, str]) -> HttpResponse:
    """Store what was given; choose the place where that is clear, else ask."""
    blog = desk.blog(file.slug)
    before = Connection.objects.filter(blog=blog, channel=kind.slug).values_list("place_id", flat=True).first() or ""
    row = connecting.store(blog, kind.slug, credentials, desk.staff.email)
    if kind.consent and kind.consent.place:
        named = consent.named_place(file, kind)
        try:
            places = consent.places(row, file)
        except DeliveryError as error:
            messages.error(request, error.sentence)
            return back(file.slug)
        place = consent.the_place(places, named=named, before=before)
        if place is None and named:
            messages.error(request, f"{kind.name} is connected, but this account may not post to {named}, which the blog's file names.")
            return back(file.slug)
        if place is None:
            return redirect("connection-place", slug=file.slug, channel=kind.slug)
        consent.choose(row, place, desk.staff.email, named=bool(named))
    tell(request, row, desk, "was made")
    return back(file.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@owners_page
def place(request: HttpRequest, desk: Desk, slug: str, channel: str) -> HttpResponse:
    """Where the connected account posts: a page, a board, an organisation."""
    row = connection(desk, slug, channel)
    file, kind = _network(desk, slug, channel)
    try:
        places = consent.places(row, file)
    except DeliveryError as error:
        messages.error(request, error.sentence)
        return back(slug)
    chosen = next((one for one in places if one.id == typed(request, "place")), None) if request.method == "POST" else None
    if chosen:
        consent.choose(row, chosen, desk.staff.email, named=False)
        tell(request, row, desk, f"posts to {chosen.name} from now on")
        return back(slug)
    shown: dict[str, Any] = {
        "slug": slug,
        "name": kind.name,
        "places": places,
        "now": row.place_id,
        "named": consent.named_place(file, kind),
    }
    return page(request, desk, "connection_place", shown)


def _network(desk: Desk, slug: str, channel: str) -> tuple[BlogFile, type[Poster]]:
    file = file_of(desk.blog(slug))
    kind = channels.all_channels().get(channel)
    if file is None or channel not in file.channels or kind is None or not issubclass(kind, Poster):
        raise Http404
    return file, kind


def _redirect_uri(channel: str) -> str:
    return settings.PUBLIC_URL + reverse("connect-callback", args=[channel])
