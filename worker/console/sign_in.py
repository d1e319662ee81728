"""Signing in: a password, or a link that works once. Opening a link changes nothing; its button does, so link scanners do no harm."""

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from worker.console import second_step
from worker.console.page import typed
from worker.console.second_step import BY_PASSWORD_OR_LINK
from worker.models import Staff

LINK_LASTS_HOURS = 24
_SALT = "postlark.sign-in"


def one_time_link(email: str) -> str:
    """A fresh link for this person; the one before it stops working. Staff.DoesNotExist unless they are active staff."""
    staff = Staff.objects.get(email__iexact=email, is_active=True)
    key = secrets.token_urlsafe(32)
    Staff.objects.filter(pk=staff.pk).update(sign_in_key=key)
    token = signing.dumps([staff.pk, key], salt=_SALT)
    return settings.PUBLIC_URL + reverse("sign-in-by-link", args=[token])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_password(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, Staff):
        return redirect(_destination(request))
    if request.method == "POST":
        email = typed(request, "email").lower()
        staff = authenticate(request, username=email, password=request.POST.get("password", ""))
        if isinstance(staff, Staff):
            return _welcome(request, staff, _destination(request))
        sentence = "That e-mail address and password do not belong together. Try again, or ask the owner for a sign-in link."
        return _form(request, email=email, sentence=sentence)
    return _form(request)


def _form(request: HttpRequest, *, email: str = "", sentence: str = "", status: int = 200) -> HttpResponse:
    context = {"next": request.POST.get("next") or request.GET.get("next", ""), "email": email, "sentence": sentence}
    return render(request, "console/sign_in.html", context, status=status)


def too_many(request: HttpRequest, response: HttpResponse | None, credentials: Any) -> HttpResponse:
    """What django-axes answers while it locks out this address from this place."""
    sentence = "Too many wrong passwords. Wait a quarter of an hour, or ask the owner for a sign-in link."
    return _form(request, sentence=sentence, status=429)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    staff = _holder(token)
    if staff is None:
        return render(request, "console/link_ended.html", status=410)
    if request.method != "POST":
        return render(request, "console/sign_in_by_link.html", {"email": staff.email})
    if not _use_up(staff):
        return render(request, "console/link_ended.html", status=410)
    return _welcome(request, staff, reverse("home"))


def _welcome(request: HttpRequest, staff: Staff, destination: str) -> HttpResponse:
    """In, or on to the second step where they have set one up."""
    if staff.totp_secret:
        second_step.begin(request, staff, destination)
        return redirect("sign-in-code")
    login(request, staff, backend=BY_PASSWORD_OR_LINK)
    return redirect(destination)


def _holder(token: str) -> Staff | None:
    """Whose link this is, if it is ours, not too old, and not used up."""
    try:
        pk, key = signing.loads(token, salt=_SALT, max_age=LINK_LASTS_HOURS * 3600)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Staff.objects.filter(pk=pk, sign_in_key=key, is_active=True).exclude(sign_in_key="").first()


def _use_up(staff: Staff) -> bool:
    """One row changed means the link was still good and now is not."""
    return Staff.objects.filter(pk=staff.pk, sign_in_key=staff.sign_in_key, is_active=True).update(sign_in_key="") == 1


def _destination(request: HttpRequest) -> str:
    """Where they were going; never to another host."""
    wish = request.POST.get("next") or request.GET.get("next", "")
    return wish if wish.startswith("/") and url_has_allowed_host_and_scheme(wish, allowed_hosts=None) else "/"


@require_POST
def out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("sign-in")
