"""In which language the console speaks: the person's own choice, else their browser's, else the blogs'."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from worker.console.access import Desk, staff_page
from worker.lib.blogs import blogs
from worker.lib.language import LANGUAGES
from worker.models import Staff


class Speaks:
    """Middleware: the browser's language for whoever comes, and a person's own as soon as a staff page knows them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with translation.override(_of_browser(request)):
            response = self.get_response(request)
        patch_vary_headers(response, ["Accept-Language"])
        return response

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        if getattr(view, "of_the_console", False):
            speak_to(request)


def speak_to(request: HttpRequest) -> None:
    """From here on in the language of who asks, if they have chosen one."""
    if isinstance(request.user, Staff) and request.user.language:
        translation.activate(request.user.language)


def _of_browser(request: HttpRequest) -> str:
    """What it asks for first among what we speak; where it asks for nothing, French if that is what every blog is written in."""
    if request.headers.get("Accept-Language"):
        return translation.get_language_from_request(request)
    written = {file.language for file in blogs().values()}
    return "fr" if written == {"fr-CA"} else settings.LANGUAGE_CODE


@require_POST
@staff_page
def choose(request: HttpRequest, desk: Desk) -> HttpResponse:
    wish = request.POST.get("language", "")
    if wish in [each.code for each in LANGUAGES]:
        Staff.objects.filter(pk=desk.staff.pk).update(language=wish)
    back = request.POST.get("back", "")
    return redirect(back if back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "/")
