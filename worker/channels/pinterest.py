"""Pinterest, API v5: a Pin on one board, POST /v5/pins.

https://developers.pinterest.com/docs/api/v5/pins-create (limits: its OpenAPI description, 5.23)
https://developers.pinterest.com/docs/getting-started/set-up-authentication-and-authorization/

The picture goes along in the one request that pins, so that nothing has to be fetched from the blog, which is where most Pins
fail. Tokens come from the same host as everything else (`base_url`): the real one, the sandbox
https://api-sandbox.pinterest.com, or a stand-in on this machine.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from html import unescape
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, Field

from worker.channels.base import (
    Account,
    Consent,
    CredentialKeys,
    Limits,
    Look,
    Message,
    OutcomeUnknown,
    PictureRules,
    Place,
    Receipt,
    Rejected,
    Transient,
    Unauthorized,
)
from worker.channels.grant import Grant, Granting
from worker.channels.network import DAY, Meaning, NetworkOptions, NotThere, same_link, trouble
from worker.lib.blogs import NetworkAddress, shaped
from worker.lib.http import Answer

PAGES = 200  # of up to 250 Pins
# A refresh token ends after 60 days without use, an access token after 30: used weekly, neither ends by itself.
ACCESS_LASTS, REFRESH_EVERY = timedelta(days=30), timedelta(days=7)
ALWAYS_NEEDED = ("boards:read", "pins:read", "pins:write")
FETCH_AGAIN = timedelta(minutes=15)

AGAIN = "Pinterest no longer accepts the connection; connect Pinterest again."
TRIAL = "Pinterest still has our app on trial, so its Pins stay unseen: ask Pinterest for Standard access, or use its sandbox (base_url)."
NOT_ALLOWED = "Pinterest does not let this account pin to the board; its owner must allow it, or choose another board."
NOT_GRANTED = "The connection to Pinterest may not do all that is needed; connect it again and allow everything that is asked."
NO_BOARD = "Pinterest has no board by the number in the blog's file; check board_id, or choose another board."
NO_PICTURE = "Pinterest takes no Pin without a picture; give the post a picture, then send it again."
SMALL_PICTURE = "Pinterest finds the picture too small; give the post a larger one, then send it again."
NOT_FETCHED = "Pinterest could not fetch the picture from its web address."
LINK_REFUSED = "Pinterest takes no Pins that lead to this web site or page; ask Pinterest's help centre to look at it."
NOT_SO = "Pinterest does not take this Pin as it is."
SLOWER = "Pinterest asks to slow down."

# By the message rather than by the code: 1 stands for many things.
PHRASES: tuple[tuple[str, Meaning], ...] = (
    (r"^code 29\b", partial(Unauthorized, TRIAL)),
    (r"too small", partial(Rejected, SMALL_PICTURE)),
    (r"could not fetch the image|unable to reach the url", partial(Transient, NOT_FETCHED, retry_after=FETCH_AGAIN)),
    (r"doesn.t allow you to save|lead to spam|blocked (this|the) link|blocked this site", partial(Rejected, LINK_REFUSED)),
)
STATUSES: dict[int, Meaning] = {
    401: partial(Unauthorized, AGAIN),
    403: partial(Unauthorized, NOT_ALLOWED),
    404: partial(NotThere, NO_BOARD),
    429: partial(Transient, SLOWER, cooldown=True),
}


# What it answers ----------------------------------------------------------------------------------------------------------


def _in_utc(value: Any) -> Any:
    """Pinterest leaves the zone out."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if isinstance(moment, datetime) and moment.tzinfo is None else moment


class Named(BaseModel):
    id: Annotated[str, Field(pattern=r"^[\w-]+$")]

    @property
    def receipt(self) -> Receipt:
        return Receipt(self.id, f"https://www.pinterest.com/pin/{self.id}/")


class Pin(Named):
    at: Annotated[datetime, Field(alias="created_at"), BeforeValidator(_in_utc)]
    title: str | None = None
    description: str | None = None
    link: str | None = None

    def says(self, message: Message) -> bool:
        """By its link, and by what both state of title and words."""
        pairs = [(said, ours) for said, ours in ((self.title, message.title), (self.description, message.text)) if said and ours]
        alike = bool(pairs) and all(_words(said) == _words(ours) for said, ours in pairs)
        return alike and same_link(self.link or "") == same_link(message.link)


class Pins(BaseModel):
    items: list[Pin]
    bookmark: str | None = None


class Board(Named):
    name: str = ""
    privacy: str = "PUBLIC"


class Boards(BaseModel):
    items: list[Board]
    bookmark: str | None = None


class User(BaseModel):
    id: str = ""
    username: str = ""
    business_name: str | None = None


class Trouble(BaseModel):
    code: int = 0
    message: str = ""

    @property
    def words(self) -> str:
        return f"code {self.code}: {self.message}" if self.code or self.message else ""


Page = TypeVar("Page", Pins, Boards)


def _words(text: str) -> str:
    return " ".join(unescape(text).split())


# The channel --------------------------------------------------------------------------------------------------------------


class PinterestOptions(NetworkOptions):
    board_id: Annotated[str, shaped(r"[0-9]+", "the board's number, digits only")] = ""
    base_url: NetworkAddress = "https://api.pinterest.com"


class Pinterest(Granting):
    """Credentials: `access_token`, `refresh_token`, `expires_at`; from a renewal also `refresh_token_expires_at` and `scope`.
    Pinterest takes each refresh token only once, and gives the next with the access.

    Pinterest takes the same Pin twice, so after a lost answer nothing is repeated without a person.
    """

    slug = "pinterest"
    name = called = "Pinterest"
    posted = ("Pin", "pinned")
    column = 40
    done = "Pinned"
    limits = Limits(text=800, title=100, description=800, alt=500, link=2048, image_required=True, text_is_description=True)
    picture = PictureRules(width=1000, height=1500, most_bytes=10_000_000)
    Options = PinterestOptions
    reads_back = True
    deletes = True
    deleted_but = "It stays on the boards of those who saved it."
    shapes = (CredentialKeys(("access_token",), may=("refresh_token", "expires_at", "refresh_token_expires_at", "scope")),)
    consent = Consent(
        page="https://www.pinterest.com/oauth/",
        scopes=("boards:read", "boards:write", "pins:read", "pins:write", "user_accounts:read"),
        separator=",",
        place="board_id",
    )
    early = ACCESS_LASTS - REFRESH_EVERY
    ended = AGAIN
    phrases, statuses, not_so = PHRASES, STATUSES, NOT_SO
    shown_at = (r"([a-z]{2,3}\.)?pinterest\.(com|[a-z]{2}|co\.uk|com\.[a-z]{2})", r"/pin/(?:[\w%-]+--)?([0-9]+)")

    def send(self, message: Message) -> Receipt:
        if not message.text.strip():
            raise Rejected("There are no words to pin.")
        fields = {
            "board_id": self._board(),
            "title": message.title,
            "description": message.text,
            "link": message.link,
            "alt_text": message.alt,
            "media_source": _media(message),
        }
        pin = {name: value for name, value in fields.items() if value}
        return self.ask("POST", "/v5/pins", Named, unclear=OutcomeUnknown, json=pin).receipt

    def find(self, message: Message, since: datetime) -> Look:
        """To the last page whatever the dates: no order is promised."""
        board = self._pages(f"/v5/boards/{self._board()}/pins", Pins)
        return self.look((page.items for page in board), message, since)

    def confirm(self, remote_id: str, message: Message) -> Receipt | None:
        try:
            pin = self.ask("GET", f"/v5/pins/{remote_id}", Pin)
        except NotThere:
            return None
        return pin.receipt if pin.says(message) else None

    def delete(self, remote_id: str) -> str:
        """May be repeated, so that a lost answer is Transient."""
        try:
            return f"status {self.call('DELETE', f'/v5/pins/{remote_id}').status}"
        except NotThere as gone:
            return gone.detail

    def edit(self, remote_id: str, message: Message) -> Receipt:
        raise Rejected("Pinterest lets chosen apps alone change a Pin that is out; withdraw it and pin it again.")

    # The connection ---------------------------------------------------------------------------------------------------

    def check(self) -> Account:
        """Whose it is, and that the board can be read: what finding out after a lost answer depends on."""
        user = self.ask("GET", "/v5/user_account", User)
        granted = tuple(re.findall(r"[\w:]+", self.credentials.get("scope", "")))
        if granted and not set(ALWAYS_NEEDED) <= set(granted):
            raise Unauthorized(NOT_GRANTED, detail=f"scope: {', '.join(granted)}")
        if self.options.board_id:
            self.ask("GET", f"/v5/boards/{self.options.board_id}/pins?page_size=1", Pins)
        return Account(user.id or user.username, user.business_name or user.username, granted, self.ends(), tuple(self._notes()))

    def places(self) -> list[Place]:
        boards = [board for page in self._pages("/v5/boards", Boards) for board in page.items]
        return [Place(board.id, board.name + (" (secret)" if board.privacy == "SECRET" else "")) for board in boards]

    def _board(self) -> str:
        if not self.options.board_id:
            raise Unauthorized(
                "No board is chosen for Pinterest; choose one on the connection's page, or write board_id in the blog's file."
            )
        return str(self.options.board_id)

    def _notes(self) -> Iterator[str]:
        if "sandbox" in self.options.base_url:
            yield "This is Pinterest's sandbox: nobody else sees what is pinned there."
        else:
            yield "Everybody sees the Pins only once Pinterest has given the app Standard access: open one while logged out of Pinterest."
        if self.credentials.get("refresh_token") and not self.is_known:
            yield "It cannot be renewed by itself: PINTEREST_APP_ID and PINTEREST_APP_SECRET are not set."

    # One request ------------------------------------------------------------------------------------------------------

    def _pages(self, path: str, shape: type[Page]) -> Iterator[Page]:
        """All of them, or Transient."""
        query = {"page_size": "250"}
        for _ in range(PAGES):
            page = self.ask("GET", f"{path}?{urlencode(query)}", shape)
            yield page
            if not page.bookmark:
                return
            query["bookmark"] = page.bookmark
        raise self.endless()

    def grant(self, form: dict[str, str]) -> Grant:
        """Apps older than September 2025 have to ask for a refresh token that is renewed with each use."""
        headers = {"Authorization": f"Basic {self.basic()}", "Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", "/v5/oauth/token", Grant, headers=headers, body=urlencode(form | {"continuous_refresh": "true"}))

    def headers(self, address: str) -> dict[str, str]:
        if not self.credentials.get("access_token"):
            raise Unauthorized("Pinterest is not connected yet.")
        return {"Authorization": f"Bearer {self.credentials['access_token']}"}

    def said(self, answer: Answer) -> str:
        return trouble(answer, Trouble).words

    def wait(self, answer: Answer) -> timedelta | None:
        return _wait(answer, datetime.now(UTC))


def _media(message: Message) -> dict[str, str]:
    picture = message.picture
    if picture:
        return {"source_type": "image_base64", "content_type": picture.media_type, "data": b64encode(picture.data).decode()}
    if message.image:
        return {"source_type": "image_url", "url": message.image}
    raise Rejected(NO_PICTURE)


def _wait(answer: Answer, now: datetime) -> timedelta | None:
    """Until the limit begins anew. What the number counts is not documented: seconds from now, or since 1970 when it is large."""
    for name in ("x-ratelimit-reset", "Retry-After"):
        if number := re.match(r"\s*(\d{1,13})", answer.headers.get(name, "")):
            value = int(number[1])
            seconds = value if value < 10**9 else value / (1000 if value > 10**11 else 1) - now.timestamp()
            return min(max(timedelta(seconds=seconds), timedelta(seconds=1)), DAY)
    return None
