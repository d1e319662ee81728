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
from html import unescape
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from worker.channels.base import (
    Account,
    App,
    Consent,
    CredentialKeys,
    Credentials,
    DeliveryError,
    Limits,
    Look,
    Message,
    OutcomeUnknown,
    PictureRules,
    Place,
    Poster,
    Receipt,
    Rejected,
    Transient,
    Unauthorized,
)
from worker.lib.blogs import ChannelOptions, Duration, NetworkAddress, shaped
from worker.lib.http import Answer, NoAnswer, request

PAGES = 200  # of up to 250 Pins
DAY = timedelta(days=1)
# A refresh token ends after 60 days without use, an access token after 30: used weekly, neither ends by itself.
ACCESS_LASTS, REFRESH_EVERY = timedelta(days=30), timedelta(days=7)
ALWAYS_NEEDED = ("boards:read", "pins:read", "pins:write")
FETCH_AGAIN = timedelta(minutes=15)

UNCLEAR: dict[type[DeliveryError], str] = {
    OutcomeUnknown: "Pinterest gave no clear answer, so the Pin may or may not be out.",
    Transient: "Pinterest could not be reached, or is out of order.",
}
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
NO_CONSENT = "Pinterest did not take the consent; press Connect again, and check the app's id and secret if it comes again."
NOT_RENEWED = "Pinterest did not renew the connection; it is tried again, and connecting anew mends it for certain."

# What the messages of a 400 or 403 say, whatever their code: 1 stands for many things.
MEANINGS: tuple[tuple[str, type[DeliveryError], str], ...] = (
    (r"too small", Rejected, SMALL_PICTURE),
    (r"could not fetch the image|unable to reach the url", Transient, NOT_FETCHED),
    (r"doesn.t allow you to save|lead to spam|blocked (this|the) link|blocked this site", Rejected, LINK_REFUSED),
)
Shape = TypeVar("Shape", bound=BaseModel)


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
    created_at: Annotated[datetime, BeforeValidator(_in_utc)]
    title: str | None = None
    description: str | None = None
    link: str | None = None

    def says(self, message: Message) -> bool:
        """By its link, and by what both state of title and words."""
        pairs = [(said, ours) for said, ours in ((self.title, message.title), (self.description, message.text)) if said and ours]
        return _plain(self.link or "") == _plain(message.link) and bool(pairs) and all(_words(said) == _words(ours) for said, ours in pairs)


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


class Grant(BaseModel):
    access_token: str
    expires_in: int
    refresh_token: str = ""
    refresh_token_expires_in: int = 0
    scope: str = ""


class Trouble(BaseModel):
    code: int = 0
    message: str = ""


Page = TypeVar("Page", Pins, Boards)


def _words(text: str) -> str:
    return " ".join(unescape(text).split())


def _plain(link: str) -> str:
    """An address without what may change on the way: tracking, the last slash, the fragment."""
    try:
        parts = urlsplit(link)
    except ValueError:  # what people pin by hand may lead anywhere
        return link
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not pair[0].startswith("utm_")]
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}?{urlencode(kept)}"


def _moment(text: str) -> datetime | None:
    """Of the credentials; None where it is not given."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# The channel --------------------------------------------------------------------------------------------------------------


class PinterestOptions(ChannelOptions):
    board_id: Annotated[str, shaped(r"[0-9]+", "the board's number, digits only")] = ""
    base_url: NetworkAddress = "https://api.pinterest.com"
    settle: Duration = timedelta(minutes=15)


class Pinterest(Poster):
    """Credentials: `access_token`, `refresh_token`, `expires_at`; from a renewal also `refresh_token_expires_at` and `scope`.

    Pinterest takes the same Pin twice, so after a lost answer nothing is repeated without a person.
    """

    slug = "pinterest"
    name = "Pinterest"
    column = 40
    done = "Pinned"
    limits = Limits(text=800, title=100, description=800, alt=500, link=2048, image_required=True, text_is_description=True)
    picture = PictureRules(width=1000, height=1500, most_bytes=10_000_000)
    Options = PinterestOptions
    reads_back = True
    deletes = True
    lasting = "Pinterest lets chosen apps alone change a Pin that is out. A deleted Pin stays on the boards of those who saved it."
    shapes = (CredentialKeys(("access_token",), may=("refresh_token", "expires_at", "refresh_token_expires_at", "scope")),)
    consent = Consent(
        page="https://www.pinterest.com/oauth/",
        scopes=("boards:read", "boards:write", "pins:read", "pins:write", "user_accounts:read"),
        separator=",",
        place="board_id",
    )
    patience = 30.0
    """Seconds for one request, all told; the picture goes along."""

    def __init__(self, options: PinterestOptions, credentials: Credentials, app: App = App()) -> None:
        super().__init__(options, credentials, app)
        self.settle = options.settle

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
        return self._ask("POST", "/v5/pins", Named, unclear=OutcomeUnknown, json=pin).receipt

    def find(self, message: Message, since: datetime) -> Look:
        """To the last page whatever the dates: no order is promised."""
        seen = 0
        for number, page in enumerate(self._pages(f"/v5/boards/{self._board()}/pins", Pins), 1):
            recent = [pin for pin in page.items if pin.created_at >= since]
            seen += len(recent)
            for pin in recent:
                if pin.says(message):
                    return Look(pin.receipt, seen, f"found on page {number}, pinned {pin.created_at:%Y-%m-%d %H:%M:%S} UTC")
        return Look(None, seen, f"{seen} Pins since {since:%Y-%m-%d %H:%M:%S} UTC, on {number} pages of the board")

    def confirm(self, remote_id: str, message: Message) -> Receipt | None:
        try:
            pin = self._ask("GET", f"/v5/pins/{remote_id}", Pin)
        except _NotThere:
            return None
        return pin.receipt if pin.says(message) else None

    def delete(self, remote_id: str) -> str:
        """May be repeated, so that a lost answer is Transient."""
        try:
            return f"status {self._call('DELETE', f'/v5/pins/{remote_id}').status}"
        except _NotThere as gone:
            return gone.detail

    def edit(self, remote_id: str, message: Message) -> Receipt:
        raise Rejected("Pinterest lets chosen apps alone change a Pin that is out; withdraw it and pin it again.")

    # The connection ---------------------------------------------------------------------------------------------------

    def check(self) -> Account:
        """Whose it is, and that the board can be read: what finding out after a lost answer depends on."""
        user = self._ask("GET", "/v5/user_account", User)
        granted = tuple(re.findall(r"[\w:]+", self.credentials.get("scope", "")))
        if granted and not set(ALWAYS_NEEDED) <= set(granted):
            raise Unauthorized(NOT_GRANTED, detail=f"scope: {', '.join(granted)}")
        if self.options.board_id:
            self._ask("GET", f"/v5/boards/{self.options.board_id}/pins?page_size=1", Pins)
        return Account(user.id or user.username, user.business_name or user.username, granted, self._ends(), tuple(self._notes()))

    def refresh(self, now: datetime) -> Credentials | None:
        """Weekly. The new refresh token comes in the old one's place: Pinterest takes each only once."""
        token, ends = self.credentials.get("refresh_token"), _moment(self.credentials.get("expires_at", ""))
        if not token or not (self.app.id and self.app.secret):
            return None
        if ends and ends - now > ACCESS_LASTS - REFRESH_EVERY:
            return None
        try:
            grant = self._grant({"grant_type": "refresh_token", "refresh_token": token})
        except (Rejected, Unauthorized) as refused:
            words: dict[str, Any] = {"status": refused.status, "detail": refused.detail}
            if ends and ends - now > DAY:
                raise Transient(NOT_RENEWED, retry_after=DAY, **words) from None
            raise Unauthorized(AGAIN, **words) from None
        return _credentials(grant, now, before=self.credentials)

    @classmethod
    def connect(cls, options: PinterestOptions, app: App, code: str, verifier: str, redirect_uri: str) -> Credentials:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        try:
            return _credentials(cls(options, {}, app)._grant(form), datetime.now(UTC), before={})
        except (Rejected, Unauthorized) as refused:
            raise Rejected(NO_CONSENT, status=refused.status, detail=refused.detail) from None

    def places(self) -> list[Place]:
        boards = [board for page in self._pages("/v5/boards", Boards) for board in page.items]
        return [Place(board.id, board.name + (" (secret)" if board.privacy == "SECRET" else "")) for board in boards]

    def _board(self) -> str:
        if not self.options.board_id:
            raise Unauthorized(
                "No board is chosen for Pinterest; choose one on the connection's page, or write board_id in the blog's file."
            )
        return str(self.options.board_id)

    def _ends(self) -> datetime | None:
        """While it is renewed weekly, the refresh token's end moves on; it is what is left when renewing fails."""
        renewed = self.credentials.get("refresh_token_expires_at", "") if self.app.id and self.app.secret else ""
        return _moment(renewed) or _moment(self.credentials.get("expires_at", ""))

    def _notes(self) -> Iterator[str]:
        if "sandbox" in self.options.base_url:
            yield "This is Pinterest's sandbox: nobody else sees what is pinned there."
        else:
            yield "Everybody sees the Pins only once Pinterest has given the app Standard access: open one while logged out of Pinterest."
        if self.credentials.get("refresh_token") and not (self.app.id and self.app.secret):
            yield "It cannot be renewed by itself: PINTEREST_APP_ID and PINTEREST_APP_SECRET are not set."

    # One request ------------------------------------------------------------------------------------------------------

    def _pages(self, path: str, shape: type[Page]) -> Iterator[Page]:
        """All of them, or Transient."""
        query = {"page_size": "250"}
        for _ in range(PAGES):
            page = self._ask("GET", f"{path}?{urlencode(query)}", shape)
            yield page
            if not page.bookmark:
                return
            query["bookmark"] = page.bookmark
        raise Transient("Pinterest's list does not end, so it could not be read completely.")

    def _grant(self, form: dict[str, str]) -> Grant:
        """Apps older than September 2025 have to ask for a refresh token that is renewed with each use."""
        basic = b64encode(f"{self.app.id}:{self.app.secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", "/v5/oauth/token", Grant, headers=headers, body=urlencode(form | {"continuous_refresh": "true"}))

    def _ask(self, method: str, path: str, shape: type[Shape], *, unclear: type[DeliveryError] = Transient, **sent: Any) -> Shape:
        """One request, one readable answer; `unclear` is raised when nobody can say whether the request did its work."""
        answer = self._call(method, path, unclear=unclear, **sent)
        try:
            return shape.model_validate_json(answer.body)
        except ValidationError:
            raise unclear(UNCLEAR[unclear], **self._words(answer)) from None

    def _call(
        self, method: str, path: str, *, unclear: type[DeliveryError] = Transient, headers: dict[str, str] | None = None, **sent: Any
    ) -> Answer:
        base = self.options.base_url
        try:
            answer = request(
                method,
                base + path,
                headers=headers or {"Authorization": f"Bearer {self._token()}"},
                timeout=self.patience,
                # http:// is a stand-in on loopback, or the blog's file would have been refused
                private=base.startswith("http:"),
                **sent,
            )
        except NoAnswer as silence:
            error = unclear if silence.sent else Transient
            raise error(UNCLEAR[error], detail=silence.sentence) from None
        if answer.status not in (200, 201, 204):
            raise self._refusal(answer, unclear)
        return answer

    def _token(self) -> str:
        if not self.credentials.get("access_token"):
            raise Unauthorized("Pinterest is not connected yet.")
        return self.credentials["access_token"]

    def _refusal(self, answer: Answer, unclear: type[DeliveryError]) -> DeliveryError:
        words, trouble = self._words(answer), _trouble(answer)
        if not 400 <= answer.status < 500 or answer.status == 408:
            return unclear(UNCLEAR[unclear], **words)
        if answer.status == 429:
            return Transient(SLOWER, retry_after=_wait(answer, datetime.now(UTC)), cooldown=True, **words)
        if trouble.code == 29:
            return Unauthorized(TRIAL, **words)
        for pattern, error, sentence in MEANINGS if answer.status in (400, 403) else ():
            if re.search(pattern, trouble.message, re.IGNORECASE):
                return Transient(sentence, retry_after=FETCH_AGAIN, **words) if error is Transient else error(sentence, **words)
        match answer.status:
            case 401:
                return Unauthorized(AGAIN, **words)
            case 403:
                return Unauthorized(NOT_ALLOWED, **words)
            case 404:
                return _NotThere(NO_BOARD, **words)
        return Rejected(NOT_SO, **words)

    def _words(self, answer: Answer) -> dict[str, Any]:
        """Pinterest's own, shortened; should it repeat a secret, without it."""
        said = answer.body.decode("utf-8", "replace")
        basic = b64encode(f"{self.app.id}:{self.app.secret}".encode()).decode()
        for secret in filter(None, (basic, self.app.secret, *map(self.credentials.get, ("access_token", "refresh_token")))):
            said = said.replace(secret, "***")
        return {"status": str(answer.status), "detail": said[:500]}


class _NotThere(Unauthorized):
    """404: no such board, or no such Pin."""


def _media(message: Message) -> dict[str, str]:
    picture = message.picture
    if picture:
        return {"source_type": "image_base64", "content_type": picture.media_type, "data": b64encode(picture.data).decode()}
    if message.image:
        return {"source_type": "image_url", "url": message.image}
    raise Rejected(NO_PICTURE)


def _credentials(grant: Grant, now: datetime, *, before: Credentials) -> Credentials:
    """`before`: what stays when the answer leaves it out."""
    fresh = {"access_token": grant.access_token, "expires_at": (now + timedelta(seconds=grant.expires_in)).isoformat()}
    if grant.refresh_token:
        fresh["refresh_token"] = grant.refresh_token
    if grant.refresh_token_expires_in:
        fresh["refresh_token_expires_at"] = (now + timedelta(seconds=grant.refresh_token_expires_in)).isoformat()
    if grant.scope:
        fresh["scope"] = grant.scope
    return before | fresh


def _trouble(answer: Answer) -> Trouble:
    try:
        return Trouble.model_validate_json(answer.body)
    except ValidationError:
        return Trouble()


def _wait(answer: Answer, now: datetime) -> timedelta | None:
    """Until the limit begins anew. What the number counts is not documented: seconds from now, or since 1970 when it is large."""
    for name in ("x-ratelimit-reset", "Retry-After"):
        if number := re.match(r"\s*(\d{1,13})", answer.headers.get(name, "")):
            value = int(number[1])
            seconds = value if value < 10**9 else value / (1000 if value > 10**11 else 1) - now.timestamp()
            return min(max(timedelta(seconds=seconds), timedelta(seconds=1)), DAY)
    return None
