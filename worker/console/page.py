"""What every page of the console shares, and how its live parts answer."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from worker.console.access import Desk
from worker.lib.language import said
from worker.models import Event

CHANGES_READ_OUT = 3


class Live(NamedTuple):
    """Where the page asks every few seconds, which parts (ids) it swaps then, and what is read out to screen readers."""

    address: str
    parts: str
    changes: list[str]


def page(request: HttpRequest, desk: Desk, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, f"console/{name}.html", {**context, "desk": desk, "here": name}, status=status)


def live_page(request: HttpRequest, desk: Desk, name: str, view: Any, *, parts: Sequence[str], about: Q, **context: Any) -> HttpResponse:
    """The page; to a page that asks whether it still looks as it did: 204 if so, else the page anew, of which it swaps `parts`.

    `view` holds everything that is shown, as plain values. `about`: which lines of the record are read out when it changes.
    """
    seen = sha256(repr(view).encode()).hexdigest()[:16]
    asking = bool(getattr(request, "htmx", False))
    if asking and request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    changes = _changes(about, request.GET.get("since", "")) if asking else []
    kept = {key: value for key, value in request.GET.items() if key not in ("seen", "since")}
    live = Live("?" + urlencode({**kept, "seen": seen, "since": newest}), ",".join([*parts, "#live", "#said:innerHTML"]), changes)
    return page(request, desk, name, {**context, "view": view, "live": live})


def _changes(about: Q, since: str) -> list[str]:
    number = whole_number(since)
    if number is None:
        return []
    events = (
        Event.objects.filter(about, pk__gt=number)
        .select_related("post", "delivery__post", "delivery__issue")
        .order_by("-pk")[:CHANGES_READ_OUT]
    )
    return [_read_out(event) for event in reversed(events)]


def _read_out(event: Event) -> str:
    about = event.delivery.title if event.delivery else event.post.title if event.post else ""
    return f"{about}: {said(event.what)}" if about else said(event.what)


def whole_number(text: str) -> int | None:
    """A number of an address's query, if it is one that a row can have."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def typed(request: HttpRequest, name: str) -> str:
    """What stands in a field of a posted form, without the NUL that PostgreSQL refuses in a text."""
    return request.POST.get(name, "").replace("\0", "").strip()


def safe_link(address: str) -> str:
    """The address if a browser may be sent there; empty for `javascript:` and the like."""
    try:
        return address if urlsplit(address).scheme in ("https", "http") else ""
    except ValueError:
        return ""
