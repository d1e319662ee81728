"""Noticeboard: a small open network; docs/adding-a-channel.md builds this file step by step.

POST /pictures {"address"} -> 201 {"id"}
POST /notices {"author", "text", "link", "image", "alt"} -> 201 {"id", "url"}; 409 {"id"}: the author has posted it already
GET /notices?author=&since=&page=1 -> {"notices": [{"id", "url", "text", "link", "at"}], "next": 2 or null}, newest first
GET /me -> {"id", "name", "scopes", "until", "authors": [{"id", "name"}]}: whose the token is, and whom it may write as
GET /consent?client_id=&redirect_uri=&state=&scope=&code_challenge= -> the page that asks; it leads back with ?code=&state= or ?error=
POST /token {"code", "verifier", "redirect_uri"} or {"refresh_token"}, for the app (HTTP Basic) -> {"token", "refresh_token", "expires_in"};
    a refresh token is taken once, the answer holds the next
"""

from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import AwareDatetime, BaseModel, ValidationError

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
    Place,
    Poster,
    Receipt,
    RefusedAsDuplicate,
    Rejected,
    Transient,
    Unauthorized,
)
from worker.lib.blogs import ChannelOptions, Duration, Line, NetworkAddress
from worker.lib.http import Answer, NoAnswer, request

EARLY = timedelta(minutes=10)  # before its end a token is renewed
PAGES = 100  # of 10 notices: a window of 1000 posts is not a practice's, it is a board that repeats itself
UNCLEAR: dict[type[DeliveryError], str] = {
    OutcomeUnknown: "Noticeboard gave no clear answer, so the post may or may not be out.",
    Transient: "Noticeboard could not be reached, or is out of order.",
}
Said = TypeVar("Said", bound=BaseModel)


class NoticeboardOptions(ChannelOptions):
    base_url: NetworkAddress
    author: Line = "postlark"
    settle: Duration = timedelta(minutes=15)
    refuses_duplicates: bool = False


class Named(BaseModel):
    id: str


class Posted(Named):
    url: str = ""


class Notice(Posted):
    text: str
    link: str
    at: AwareDatetime


class Page(BaseModel):
    notices: list[Notice]
    next: int | None


class Somebody(Named):
    name: str


class Me(Somebody):
    scopes: list[str]
    until: AwareDatetime | None
    authors: list[Somebody]


class Granted(BaseModel):
    token: str
    refresh_token: str
    expires_in: int

    def credentials(self, now: datetime) -> Credentials:
        ends = now + timedelta(seconds=self.expires_in)
        return {"token": self.token, "refresh_token": self.refresh_token, "expires_at": ends.isoformat()}


class Noticeboard(Poster):
    slug = "noticeboard"
    name = "Noticeboard"
    column = 60
    limits = Limits(text=500, alt=300)
    Options = NoticeboardOptions
    reads_back = True
    shapes = (CredentialKeys(may=("token", "refresh_token", "expires_at")),)
    consent = Consent(page="/consent", scopes=("read", "write"), pkce=True, place="author")
    patience = 15.0
    """Seconds for one request, all told."""

    def __init__(self, options: NoticeboardOptions, credentials: Credentials, *app: App) -> None:
        super().__init__(options, credentials, *app)
        self.settle = options.settle
        self.refuses_duplicates = options.refuses_duplicates

    def prepare(self, message: Message) -> Message:
        if not message.image:
            return message
        picture = self._ask("POST", "/pictures", Named, unclear=Transient, json={"address": message.image})
        return replace(message, image=picture.id)

    def send(self, message: Message) -> Receipt:
        notice = {"author": self.options.author, "text": message.text, "link": message.link, "image": message.image, "alt": message.alt}
        posted = self._ask("POST", "/notices", Posted, unclear=OutcomeUnknown, json=notice)
        return Receipt(posted.id, posted.url)

    def find(self, message: Message, since: datetime) -> Look:
        seen = 0
        for number in range(1, PAGES + 1):
            query = urlencode({"author": self.options.author, "since": since.isoformat(), "page": number})
            page = self._ask("GET", f"/notices?{query}", Page, unclear=Transient)
            seen += len(page.notices)
            for notice in page.notices:
                if (notice.link, notice.text) == (message.link, message.text) and notice.at >= since:
                    return Look(Receipt(notice.id, notice.url), seen, f"found on page {number}")
            if page.next is None:
                return Look(None, seen, f"{seen} notices since {since:%Y-%m-%d %H:%M:%S} UTC, on {number} pages")
        raise Transient("Noticeboard's list of posts does not end, so it could not be read completely.")

    # The connection ---------------------------------------------------------------------------------------------------

    def check(self) -> Account:
        me = self._ask("GET", "/me", Me, unclear=Transient)
        notes = () if "write" in me.scopes else ("This connection may read and not write; connect it again.",)
        return Account(me.id, me.name, tuple(me.scopes), me.until, notes)

    def refresh(self, now: datetime) -> Credentials | None:
        ends = self.credentials.get("expires_at")
        if not self.credentials.get("refresh_token") or (ends and datetime.fromisoformat(ends) - now > EARLY):
            return None
        return self._grant({"refresh_token": self.credentials["refresh_token"]}, now)

    @classmethod
    def connect(cls, options: NoticeboardOptions, app: App, code: str, verifier: str, redirect_uri: str) -> Credentials:
        asked = {"code": code, "verifier": verifier, "redirect_uri": redirect_uri}
        return cls(options, {}, app)._grant(asked, datetime.now(UTC))

    def places(self) -> list[Place]:
        return [Place(author.id, author.name) for author in self._ask("GET", "/me", Me, unclear=Transient).authors]

    def _grant(self, asked: dict[str, str], now: datetime) -> Credentials:
        app = b64encode(f"{self.app.id}:{self.app.secret}".encode()).decode()
        return self._ask("POST", "/token", Granted, unclear=Transient, json=asked, authorization=f"Basic {app}").credentials(now)

    # Asking -----------------------------------------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        path: str,
        shape: type[Said],
        *,
        unclear: type[DeliveryError],
        json: dict[str, str] | None = None,
        authorization: str = "",
    ) -> Said:
        """One request, one readable answer; `unclear` is raised when nobody can say whether the request did its work."""
        base, token = self.options.base_url, self.credentials.get("token", "")
        said = authorization or (f"Bearer {token}" if token else "")
        headers = {"Authorization": said} if said else {}
        try:
            # http:// is a stand-in on loopback, or the blog's file would have been refused
            answer = request(method, base + path, headers=headers, json=json, timeout=self.patience, private=base.startswith("http:"))
        except NoAnswer as silence:
            error = unclear if silence.sent else Transient
            raise error(UNCLEAR[error], detail=str(silence)) from None
        if answer.status not in (200, 201):
            raise self._refusal(answer, unclear)
        try:
            return shape.model_validate_json(answer.body)
        except ValidationError:
            raise unclear(UNCLEAR[unclear], **self._words(answer)) from None

    def _refusal(self, answer: Answer, unclear: type[DeliveryError]) -> DeliveryError:
        words = self._words(answer)
        match answer.status:
            case 401:
                return Unauthorized("Noticeboard does not accept the connection; it must be connected again.", **words)
            case 403:
                return Unauthorized("Noticeboard does not let this account do this; its owner must allow it.", **words)
            case 404:
                return Unauthorized("There is no noticeboard at the address in the blog's file.", **words)
            case 409:
                return RefusedAsDuplicate("Noticeboard says that it has this post already.", remote_id=_twin(answer), **words)
            case 429:
                return Transient("Noticeboard asks to slow down.", retry_after=_wait(answer), cooldown=True, **words)
            case status if 400 <= status < 500:
                return Rejected("Noticeboard does not take this post as it is.", **words)
        return unclear(UNCLEAR[unclear], **words)

    def _words(self, answer: Answer) -> dict[str, Any]:
        """The board's own, shortened; should it repeat a secret of ours, without it."""
        said = answer.body.decode("utf-8", "replace")
        for secret in filter(None, (self.credentials.get("token"), self.credentials.get("refresh_token"), self.app.secret)):
            said = said.replace(secret, "***")
        return {"status": str(answer.status), "detail": said[:500]}


def _wait(answer: Answer) -> timedelta | None:
    seconds = answer.headers.get("Retry-After", "")
    return timedelta(seconds=min(int(seconds), 86_400)) if seconds.isdecimal() else None


def _twin(answer: Answer) -> str:
    with suppress(ValidationError):
        return Named.model_validate_json(answer.body).id
    return ""
