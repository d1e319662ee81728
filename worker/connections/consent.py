"""Letting us in by a network's own page of consent (OAuth 2.0 authorization code; PKCE where the network knows it)."""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from worker.channels.base import App, Consent, Credentials, Place, Poster
from worker.connections import connect
from worker.connections.connect import Chosen
from worker.connections.poster import Maker
from worker.lib.blogs import BlogFile, ChannelOptions
from worker.models import Connection


@dataclass(frozen=True)
class Question:
    """The address to send a person to, and the secret by which the network knows that it was we who sent them."""

    address: str
    verifier: str


def question(consent: Consent, options: ChannelOptions, app: App, state: str, redirect_uri: str) -> Question:
    verifier = secrets.token_urlsafe(48)
    asked = {
        "response_type": "code",
        "client_id": app.id,
        "redirect_uri": redirect_uri,
        "scope": consent.separator.join(consent.scopes),
        "state": state,
    }
    if consent.pkce:
        digest = hashlib.sha256(verifier.encode()).digest()
        asked |= {"code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), "code_challenge_method": "S256"}
    return Question(f"{page_at(consent, options)}?{urlencode(asked)}", verifier)


def page_at(consent: Consent, options: ChannelOptions) -> str:
    """The network's own page; where the blog's file names a stand-in on this machine, the same page there."""
    base = str(getattr(options, "base_url", ""))
    if consent.page.startswith("/") or base.startswith("http:"):
        return base + urlsplit(consent.page).path
    return consent.page


def origin_of(consent: Consent, options: ChannelOptions) -> str:
    """`https://www.network.example` of the page of consent."""
    parts = urlsplit(page_at(consent, options))
    return f"{parts.scheme}://{parts.netloc}"


def exchange(kind: type[Poster], file: BlogFile, app: App, code: str, verifier: str, redirect_uri: str) -> Credentials:
    """Credentials for the network's code. Raises a DeliveryError."""
    return kind.connect(file.channels[kind.slug], app, code, verifier, redirect_uri)


def named_place(file: BlogFile, kind: type[Poster]) -> str:
    """The page, board or organisation that the blog's file names; empty where it is silent."""
    options = file.channels[kind.slug]
    option = kind.consent.place if kind.consent else ""
    return str(getattr(options, option)) if option and option in options.model_fields_set else ""


def the_place(places: Sequence[Place], *, named: str, before: str) -> Place | None:
    """The one to post to without asking: the one that the file names, else the one it was before, else the only one."""
    wanted = named or (before if any(place.id == before for place in places) else "")
    if wanted:
        return next((place for place in places if place.id == wanted), None)
    return places[0] if len(places) == 1 else None


def places(row: Connection, file: BlogFile) -> list[Place]:
    """What the connected account may post to. Raises a DeliveryError."""
    return Maker(file, row.channel).make(row).places()


def choose(row: Connection, place: Place, who: str, *, named: bool) -> None:
    """`named`: by the blog's file, so that a change of the file counts from then on."""
    connect.choose(row, Chosen() if named else Chosen(place.id, place.name), place.credentials, who)
