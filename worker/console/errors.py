"""The pages for what is not there, not allowed, or went wrong."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from worker.console.language import speak_to


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


def broken(request: HttpRequest) -> HttpResponse:
    """Must work when nothing else does: no database, no session."""
    return HttpResponse(_BROKEN, status=500)


_BROKEN = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Something broke · Postlark</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/static/postlark.css">
<main class="page narrow"><h1>Something broke on our side.</h1>
<p>What you asked for may not have happened. Look at the record before you ask again; the log of the web process says more.</p>
<p lang="fr-CA">Quelque chose s’est brisé de notre côté. Ce que vous avez demandé ne s’est peut-être pas fait. Consultez le registre avant de le redemander.</p>
<p><a href="/">Postlark</a></p></main></html>"""
