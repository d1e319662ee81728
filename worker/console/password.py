"""Setting a password of one's own, for those who do not want to ask for a link each time."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from worker.console.access import Desk, staff_page
from worker.console.page import page


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    wrong: list[str] = []
    if request.method == "POST":
        wrong = _mistakes(request, desk)
        if not wrong:
            desk.staff.set_password(request.POST["password"])
            desk.staff.save(update_fields=["password"])
            update_session_auth_hash(request, desk.staff)
            messages.success(request, "Your password is set. Sign in with it from now on.")
            return redirect("home")
    return page(request, desk, "password", {"wrong": wrong, "rules": password_validators_help_texts()}, status=422 if wrong else 200)


def _mistakes(request: HttpRequest, desk: Desk) -> list[str]:
    password = request.POST.get("password", "")
    if password != request.POST.get("again", ""):
        return ["The two are not the same. Type the password twice."]
    try:
        validate_password(password, desk.staff)
    except ValidationError as error:
        return error.messages
    return []
