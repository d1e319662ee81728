"""Noticeboard: a small open network; docs/adding-a-channel.md builds this file step by step.

POST /pictures {"address"} -> 201 {"id"}
POST /notices {"author", "text", "link", "image", "alt"} -> 201 {"id", "url"}; 409 {"id"}: the author has posted it already
GET /notices?author=&since=&page=1 -> {"notices": [{"id", "url", "text", "link", "at"}], "next": 2 or null}, newest first
GET /me -> {"id", "name", "scopes", "until", "authors": [{"id", "name"}]}: whose the token is, and whom it may write as
GET /consent?client_id=&redirect_uri=&state=&scope=&code_challenge= -> the page that asks; it leads back with ?code=&state= or ?error=
POST /token {"code", "verifier", "redirect_uri"} or {"refresh_token"}, for the app (HTTP Basic) -> {"token", "refresh_token", "expires_in"};
    a refresh token is taken once, the answer holds the next
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlencode

from pydantic import AwareDatetime, BaseModel, ValidationError

from worker.channels.base import (
    Account,
    App,
    Consent,
    CredentialKeys,
    Credentials,
    Limits,
    Look,
    Message,
    OutcomeUnknown,
    Place,
    Receipt,
    RefusedAsDuplicate,
    Transient,
    Unauthorized,
)
from worker.channels.network import Meaning, Network, NetworkOptions
from worker.lib.blogs import Line
from worker.lib.http import Answer

EARLY = timedelta(minutes=10)  # before its end a token is renewed
PAGES = 100  # of 10 notices: a window of 1000 posts is not a practice's, it is a board that repeats itself

STATUSES: dict[int, Meaning] = {
    401: partial(Unauthorized, "Noticeboard does not accept the connection; it must be connected again."),
    403: partial(Unauthorized, "Noticeboard does not let this account do this; its owner must allow it."),
    404: partial(Unauthorized, "There is no noticeboard at the address in the blog's file."),
    409: partial(RefusedAsDuplicate, "Noticeboard says that it has this post already."),
    429: partial(Transient, "Noticeboard asks to slow down.", cooldown=True),
}


class NoticeboardOptions(NetworkOptions):
    author: Line = "postlark"
    refuses_duplicates: bool = False


class Named(BaseModel):
    id: str


class Posted(Named):
    url: str = ""

    @property
    def receipt(self) -> Receipt:
        return Receipt(self.id, self.url)


class Notice(Posted):
    text: str
    link: str
    at: AwareDatetime

    def says(self, message: Message) -> bool:
        return (self.link, self.text) == (message.link, message.text)


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


class Noticeboard(Network):
    slug = "noticeboard"
    name = called = "Noticeboard"
    column = 60
    limits = Limits(text=500, alt=300)
    Options = NoticeboardOptions
    reads_back = True
    shapes = (CredentialKeys(may=("token", "refresh_token", "expires_at")),)
    consent = Consent(page="/consent", scopes=("read", "write"), pkce=True, place="author")
    patience = 15.0
    statuses = STATUSES
    not_so = "Noticeboard does not take this post as it is."
    shown_at = ("", "/n/([0-9]+)")

    def __init__(self, options: NoticeboardOptions, credentials: Credentials, *app: App) -> None:
        super().__init__(options, credentials, *app)
        self.refuses_duplicates = options.refuses_duplicates

    def prepare(self, message: Message) -> Message:
        if not message.image:
            return message
        picture = self.ask("POST", "/pictures", Named, json={"address": message.image})
        return replace(message, image=picture.id)

    def send(self, message: Message) -> Receipt:
        notice = {"author": self.options.author, "text": message.text, "link": message.link, "image": message.image, "alt": message.alt}
        return self.ask("POST", "/notices", Posted, unclear=OutcomeUnknown, json=notice).receipt

    def find(self, message: Message, since: datetime) -> Look:
        return self.look(self._pages(since), message, since)

    def _pages(self, since: datetime) -> Iterator[list[Notice]]:
        for number in range(1, PAGES + 1):
            query = urlencode({"author": self.options.author, "since": since.isoformat(), "page": number})
            page = self.ask("GET", f"/notices?{query}", Page)
            yield page.notices
            if page.next is None:
                return
        raise self.endless()

    # The connection ---------------------------------------------------------------------------------------------------

    def check(self) -> Account:
        me = self.ask("GET", "/me", Me)
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
        return [Place(author.id, author.name) for author in self.ask("GET", "/me", Me).authors]

    def _grant(self, asked: dict[str, str], now: datetime) -> Credentials:
        return self.ask("POST", "/token", Granted, json=asked, headers={"Authorization": f"Basic {self.basic()}"}).credentials(now)

    # What it answers --------------------------------------------------------------------------------------------------

    def headers(self, address: str) -> dict[str, str]:
        """It takes notices from whoever has no token, too."""
        token = self.credentials.get("token")
        return {"Authorization": f"Bearer {token}"} if token else {}

    def twin(self, answer: Answer) -> Receipt:
        with suppress(ValidationError):
            return Receipt(Named.model_validate_json(answer.body).id)
        return Receipt("")
