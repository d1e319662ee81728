"""A second step at sign-in, for those who want one: after the password or the link, the six digits of an authenticator app."""

import time
from io import BytesIO

import segno
from django.contrib import messages
from django.contrib.auth import login, user_login_failed
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from worker.console.access import Desk, staff_page
from worker.console.page import page, typed
from worker.lib import totp
from worker.lib.crypto import WrongKey, decrypt, encrypt
from worker.models import Staff
from worker.record.transition import note

BY_PASSWORD_OR_LINK = "django.contrib.auth.backends.ModelBackend"
MOST_TRIES = 5
WITHIN_SECONDS = 600
_WAITING, _NEW = "waits_for_code", "new_totp_secret"


def begin(request: HttpRequest, staff: Staff, destination: str) -> None:
    """They have shown who they are once; `ask` lets them in. Keeps nothing of what the browser had before."""
    request.session.flush()
    request.session[_WAITING] = {"staff": staff.pk, "to": destination, "until": time.time() + WITHIN_SECONDS, "tries": 0}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    waiting = request.session.get(_WAITING)
    staff = Staff.objects.filter(pk=waiting["staff"], is_active=True).first() if waiting else None
    if not waiting or staff is None or waiting["until"] < time.time():
        return redirect("sign-in")
    if request.method != "POST":
        return render(request, "console/second_step_ask.html", {"sentence": ""})
    waiting["tries"] += 1
    request.session.modified = True
    try:
        if use(staff, typed(request, "code")):
            login(request, staff, backend=BY_PASSWORD_OR_LINK)
            return redirect(waiting["to"])
    except WrongKey:
        sentence = "What your app was set up with can't be read any more: ask whoever runs Postlark for a new start (postlark staff reset)."
        return render(request, "console/second_step_ask.html", {"sentence": sentence}, status=409)
    user_login_failed.send(__name__, credentials={"username": staff.email}, request=request)
    if waiting["tries"] >= MOST_TRIES:
        request.session.flush()
        return redirect("sign-in")
    sentence = "That is not the code of this moment. Type the one that your app shows now."
    return render(request, "console/second_step_ask.html", {"sentence": sentence}, status=422)


def use(staff: Staff, code: str) -> bool:
    """Each code works once, also when two browsers send it together. Raises WrongKey."""
    step = totp.matching_step(decrypt(staff.totp_secret), code, timezone.now(), staff.totp_used)
    if step is None:
        return False
    unused = Q(totp_used=None) | Q(totp_used__lt=step)
    return Staff.objects.filter(unused, pk=staff.pk, totp_secret=staff.totp_secret).update(totp_used=step) == 1


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Set it up: the picture, and a first code as proof. Or take it away: by a code, too."""
    wrong = ""
    if request.method == "POST":
        done = _take_away(request, desk.staff) if desk.staff.totp_secret else _set_up(request, desk.staff)
        if done:
            note(done, who=desk.staff.email)
            messages.success(request, done)
            return redirect("home")
        wrong = "That is not the code of this moment. Type the one that your app shows now."
    secret = "" if desk.staff.totp_secret else _new_secret(request)
    spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return page(request, desk, "second_step", {"secret": spaced, "wrong": wrong}, status=422 if wrong else 200)


def _set_up(request: HttpRequest, staff: Staff) -> str:
    """What was done; empty when the code was wrong."""
    secret = _new_secret(request)
    step = totp.matching_step(secret, typed(request, "code"), timezone.now(), None)
    if step is None:
        return ""
    Staff.objects.filter(pk=staff.pk).update(totp_secret=encrypt(secret), totp_used=step)
    request.session.pop(_NEW, None)
    return f"{staff.email} signs in with a second step from now on."


def _take_away(request: HttpRequest, staff: Staff) -> str:
    if not use(staff, typed(request, "code")):
        return ""
    Staff.objects.filter(pk=staff.pk).update(totp_secret="", totp_used=None)
    return f"{staff.email} signs in without a second step from now on."


def _new_secret(request: HttpRequest) -> str:
    """The same until it is set up, so that the picture and the form speak of one."""
    kept = request.session.get(_NEW)
    if kept:
        return decrypt(kept)
    secret = totp.new_secret()
    request.session[_NEW] = encrypt(secret)
    return secret


@require_safe
@staff_page
def picture(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The square that the app reads; there is one only while the second step is being set up."""
    if desk.staff.totp_secret or not request.session.get(_NEW):
        raise Http404
    drawn = BytesIO()
    segno.make(totp.uri(_new_secret(request), desk.staff.email)).save(drawn, kind="svg", scale=5, border=4, light="#ffffff")
    return HttpResponse(drawn.getvalue(), content_type="image/svg+xml")
