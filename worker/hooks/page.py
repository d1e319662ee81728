"""What every page for readers shares: their language, and that nothing of it is kept, indexed or told to other sites."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from worker.lib.blogs import BlogFile
from worker.models import Subscriber

_HEADERS = {
    "Referrer-Policy": "no-referrer",  # a token in the address is the reader's key
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}


def page(request: HttpRequest, name: str, language: str, status: int = HTTPStatus.OK, **words: Any) -> HttpResponse:
    """`templates/public/<name>.html`; in it, `say(english, french)` is the reader's language."""
    french = language == "fr-CA"

    def say(english: str, in_french: str) -> str:
        return in_french if french else english

    response = render(request, f"public/{name}.html", {**words, "language": language, "say": say}, status=status)
    for header, value in _HEADERS.items():
        response[header] = value
    return response


def language_of(reader: Subscriber, file: BlogFile | None) -> str:
    return reader.language or (file.language if file else "en-CA")


def rehearses(file: BlogFile | None) -> bool:
    """Whether a mail that is asked for here is kept instead of sent."""
    return file is not None and "email" in file.channels and file.channels["email"].mode == "rehearsal"


def blog_words(reader: Subscriber, file: BlogFile | None) -> dict[str, Any]:
    contact = file.sender.contact if file and file.sender else ""
    return {"blog": file.name if file else reader.blog.slug, "contact": contact}
