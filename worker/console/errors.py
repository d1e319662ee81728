"""The pages for what is not there, not allowed, or went wrong."""

import sys
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import render

from worker.console.language import speak_to
from worker.lib.log import DATABASE_IN_TROUBLE


def _page(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponse:
    if hasattr(request, "user"):
        speak_to(request)
    return render(request, "console/error.html", {"title": title, "sentence": sentence}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 404, "There is no such page.", "It may have been mistyped, or it belongs to a blog that is not yours.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403, "This is not yours to change.", str(exception) or "Ask the owner if you should be able to.")


def not_from_here(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form carried no sign that it came from our own page (or cookies are off)."""
    return _page(
        request,
        403,
        "Nothing was changed.",
        "This page was open for too long, or it was not ours. Open it anew and press the button again.",
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 400, "We did not understand that.", "Nothing was changed. Go back and try once more.")


class NotByThisWay:
    """The page of an address that only a button asks, opened as a page: Django's own answer is an empty one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content and request.method != "HEAD":
            sentence = "This address belongs to a button. Go to the page with the button and press it there."
            response.content = _page(request, 405, "Nothing was changed.", sentence).content
        return response


def broken(request: HttpRequest) -> HttpResponse:
    """Must work when nothing else does: no database, no session."""
    if isinstance(sys.exc_info()[1], DATABASE_IN_TROUBLE):
        return HttpResponse(_OUT_OF_REACH, status=503, headers={"Retry-After": "60"})
    return HttpResponse(_BROKEN, status=500)


_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Postlark</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/static/postlark.css">"""
_BROKEN = (
    _HEAD
    + """<main class="page narrow"><h1>Something broke on our side.</h1>
<p>What you asked for may not have happened. Look at the record before you ask again; the log of the web process says more.</p>
<p lang="fr-CA">Quelque chose s’est brisé de notre côté. Ce que vous avez demandé ne s’est peut-être pas fait. Consultez le registre avant de le redemander.</p>
<p><a href="/">Postlark</a></p></main></html>"""
)
_OUT_OF_REACH = (
    _HEAD
    + """<main class="page narrow"><h1>This does not work just now.</h1>
<p>Postlark cannot get at its records. What you asked for may not have happened; nothing that was written down is lost. Wait a minute, then open
the page again. If it stays so, tell whoever looks after the computer that Postlark runs on.</p>
<p lang="fr-CA">Postlark n’a pas accès à ses données en ce moment. Ce que vous avez demandé ne s’est peut-être pas fait ; rien de ce qui était noté n’est
perdu. Attendez une minute, puis rouvrez la page. Si cela dure, avertissez la personne qui s’occupe de l’ordinateur sur lequel Postlark fonctionne.</p>
<p><a href="/">Postlark</a></p></main></html>"""
)
