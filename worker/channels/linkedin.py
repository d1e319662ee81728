"""LinkedIn, versioned Posts API: a commentary with an article card, POST /rest/posts.

https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api
https://learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format
https://learn.microsoft.com/linkedin/shared/api-guide/concepts/error-handling

The card is made of `content.article` alone (source, title, description, picture; none of them escaped): LinkedIn does not read
the page. A page's posts can be read back; a member's cannot, as LinkedIn gives that permission to nobody any more.
"""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote, urlencode, urlsplit

from pydantic import BaseModel, Field

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
    Receipt,
    RefusedAsDuplicate,
    Rejected,
    Transient,
    Unauthorized,
)
from worker.channels.grant import Grant, Granting, moment
from worker.channels.network import DAY, Meaning, NetworkOptions, NotThere, Shape, same_link, same_words, trouble
from worker.lib.blogs import NetworkAddress, shaped
from worker.lib.http import Answer

# https://learn.microsoft.com/linkedin/marketing/integrations/migrations: the last day of a version. Others last a year and some days.
SUNSETS = {
    "202510": date(2026, 10, 15),
    "202511": date(2026, 11, 16),
    "202601": date(2027, 1, 15),
    "202602": date(2027, 2, 15),
    "202603": date(2027, 3, 16),
}
SIGN_IN = "https://www.linkedin.com"
PAGES, ON_A_PAGE = 100, 100
ACCESS_LASTS, EARLY = timedelta(days=60), timedelta(days=7)
MOMENT = timedelta(seconds=30)
ROLES = ("ADMINISTRATOR", "CONTENT_ADMIN", "CONTENT_ADMINISTRATOR", "DIRECT_SPONSORED_CONTENT_POSTER")
LOOKS_AT_PICTURE = 5
PAGE_SCOPES = ("w_organization_social", "r_organization_social", "r_organization_admin")
MEMBER_SCOPES = ("openid", "profile", "w_member_social")

ALREADY = "LinkedIn says that it has this post already."
AGAIN = "LinkedIn no longer accepts the connection; connect LinkedIn again."
ENDED = "The connection to LinkedIn has run out, as it does after 60 days; connect LinkedIn again."
NOT_ALLOWED = "LinkedIn does not let this connection post; connect it again and allow everything that is asked."
NO_ROLE = "LinkedIn does not let this account post for the page; its administrator must make it one, or somebody else must connect it."
FOR_PAGES = "LinkedIn lets our app post for people only; for a page it needs the Community Management API, then connect LinkedIn again."
NO_VERSION = "LinkedIn has switched off the version in the blog's file; write a newer one there (version)."
NO_PICTURE = "LinkedIn does not take the picture; give the post another one, then send it again."
NOT_SO = "LinkedIn does not take this post as it is."
NOT_THERE = "LinkedIn has nothing at the address that was asked for; check author and base_url in the blog's file."
NO_AUTHOR = "No page is chosen for LinkedIn; choose one on the connection's page, or write author in the blog's file."

REVOKED = partial(Unauthorized, "The connection to LinkedIn was taken back at LinkedIn; connect LinkedIn again.")
IN_A_MOMENT = partial(Transient, "LinkedIn takes a few seconds to know a new connection.", retry_after=MOMENT)
SLOWER = partial(Transient, "LinkedIn asks to slow down.", cooldown=True)
DAY_IS_FULL = partial(Transient, "LinkedIn takes no more of our requests today.", cooldown=True)
PHRASES: tuple[tuple[str, Meaning | None], ...] = (
    (r"DUPLICATE_POST|duplicate of urn:li", partial(RefusedAsDuplicate, ALREADY)),
    (r"NONEXISTENT_VERSION|VERSION_MISSING", partial(Unauthorized, NO_VERSION)),
    (r"organization .*permissions must be used", partial(Unauthorized, FOR_PAGES)),
    (r"unable to obtain activity|resource is forbidden", None),
    (r"\b65602\b|EXPIRED_ACCESS_TOKEN", partial(Unauthorized, ENDED)),
    (r"\b65601\b|REVOKED_ACCESS_TOKEN", REVOKED),
    (r"\b65600\b|INVALID_ACCESS_TOKEN", partial(Unauthorized, AGAIN)),
    (r"\bfield /?author\b", partial(Unauthorized, NO_ROLE)),
    (r"urn:li:image|/content/(article/thumbnail|media)", partial(Rejected, NO_PICTURE)),
)
STATUSES: dict[int, Meaning] = {
    401: partial(Unauthorized, AGAIN),
    403: partial(Unauthorized, NOT_ALLOWED),
    404: partial(NotThere, NOT_THERE),
    426: partial(Unauthorized, NO_VERSION),
    429: SLOWER,
}

_RESERVED = re.compile(r"[\\|{}@\[\]()<>#*_~]")
_MARKUP = re.compile(r"\{hashtag\|\\?#\|(?P<tag>[^{}|]*)\}|\\(?P<escaped>.)", re.DOTALL)


# What it answers ----------------------------------------------------------------------------------------------------------


class Trouble(BaseModel):
    message: str = ""
    code: str | int = ""
    service_error_code: Annotated[int, Field(alias="serviceErrorCode")] = 0
    error: str = ""
    error_description: str = ""
    details: Annotated[dict[str, Any], Field(alias="errorDetails")] = {}

    @property
    def words(self) -> str:
        number = str(self.service_error_code or "")
        return " · ".join(filter(None, (str(self.code), number, self.message, self.error, self.error_description, *self._inputs())))

    def _inputs(self) -> Iterator[str]:
        """What it found wrong with the single fields."""
        inputs = self.details.get("inputErrors")
        for each in inputs if isinstance(inputs, list) else ():
            if isinstance(each, dict):
                path = re.search(r"'fieldPath': '([^']*)'", str(each.get("input", "")))
                yield " ".join(filter(None, (str(each.get("code", "")), str(each.get("description", "")), path and f"field {path[1]}")))


class Upload(BaseModel):
    uploadUrl: Annotated[str, Field(min_length=1)]
    image: Annotated[str, Field(min_length=1)]


class Begun(BaseModel):
    value: Upload


class Image(BaseModel):
    status: str = ""


class Article(BaseModel):
    source: str = ""


class Content(BaseModel):
    article: Article = Article()


class Post(BaseModel):
    """Moments are milliseconds since 1970."""

    id: Annotated[str, Field(min_length=1)]
    author: str = ""
    commentary: str = ""
    publishedAt: int = 0
    createdAt: int = 0
    lifecycleState: str = "PUBLISHED"
    content: Content = Content()

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp((self.publishedAt or self.createdAt) / 1000, UTC)

    @property
    def is_out(self) -> bool:
        return self.lifecycleState == "PUBLISHED"

    @property
    def receipt(self) -> Receipt:
        return _receipt(self.id)

    def says(self, message: Message) -> bool:
        source = self.content.article.source
        linked = not source or same_link(source) == same_link(message.link)
        return linked and same_words(Linkedin.plain(self.commentary)) == same_words(Linkedin.plain(message.text))


class Link(BaseModel):
    rel: str = ""


class Paging(BaseModel):
    total: int = 0
    links: list[Link] = []


class Posts(BaseModel):
    elements: list[Post]
    paging: Paging = Paging()

    def goes_on(self, reached: int) -> bool:
        """LinkedIn says so by a link, by the whole number, or by a page that is full."""
        return any(link.rel == "next" for link in self.paging.links) or self.paging.total > reached or len(self.elements) >= ON_A_PAGE


class Role(BaseModel):
    organization: str = ""
    organizationTarget: str = ""
    role: str = ""
    state: str = "APPROVED"

    @property
    def page(self) -> str:
        """Where it lets its holder post; empty where it does not."""
        return (self.organization or self.organizationTarget) if self.role in ROLES and self.state == "APPROVED" else ""


class Roles(BaseModel):
    elements: list[Role]


class Named(BaseModel):
    localizedName: str = ""


class Member(BaseModel):
    sub: Annotated[str, Field(min_length=1)]
    name: str = ""


class Introspection(BaseModel):
    active: bool
    scope: str = ""
    expires_at: int = 0


# The channel --------------------------------------------------------------------------------------------------------------


class LinkedinOptions(NetworkOptions):
    author: Annotated[
        str, shaped(r"urn:li:(organization:[0-9]+|person:[\w-]+)", "'urn:li:organization:' and a number, or 'urn:li:person:' and an id")
    ] = ""
    version: Annotated[str, shaped(r"20[0-9]{2}(0[1-9]|1[0-2])", "a year and month, for example '202608'")] = "202608"
    base_url: NetworkAddress = "https://api.linkedin.com"


class Linkedin(Granting):
    """Credentials: `access_token`, which ends after 60 days, and its `expires_at`; approved partners have a `refresh_token` as well,
    which lasts a year from consent and is not renewed. From consent also `refresh_token_expires_at` and `scope`.
    """

    slug = "linkedin"
    name = called = "LinkedIn"
    column = 50
    # 3000 for the commentary; whether the backslashes count is not documented, so ours do, with room to spare.
    limits = Limits(text=2900, title=399, description=4085)
    picture = PictureRules(width=1200, height=627, most_bytes=4_500_000)
    Options = LinkedinOptions
    refuses_duplicates = True
    deletes = True
    edits = True
    deleted_but = "Who has seen or shared it keeps what they saw."
    edited_but = "LinkedIn changes the words only, not the card under them. Who has seen or shared the post keeps what they saw."
    shapes = (CredentialKeys(("access_token",), may=("refresh_token", "expires_at", "refresh_token_expires_at", "scope")),)
    consent = Consent(page="https://www.linkedin.com/oauth/v2/authorization", scopes=PAGE_SCOPES, place="author")
    early = EARLY
    ended = ENDED
    phrases, statuses, not_so = PHRASES, STATUSES, NOT_SO
    # an address of an activity (/posts/...-activity-1) names no share: those are two numbers
    shown_at = (r"([a-z]+\.)?linkedin\.com", r"/feed/update/(urn:li:(?:share|ugcPost):[0-9]+)")
    patience = 20.0  # several of them fit into a hand-over
    grace = 1.0
    """Seconds between two looks whether an uploaded picture is ready."""

    def __init__(self, options: LinkedinOptions, credentials: Credentials, app: App = App()) -> None:
        super().__init__(options, credentials, app)
        self._is_member = options.author.startswith("urn:li:person:")
        self.reads_back = not self._is_member

    @staticmethod
    def measure(text: str) -> int:
        """In UTF-16 units: LinkedIn does not say how it counts, and this is never less than the count of characters."""
        return len(text.encode("utf-16-le", "surrogatepass")) // 2

    @staticmethod
    def escape(text: str) -> str:
        """Little text: each reserved character behind a backslash, or LinkedIn cuts the post there without an error."""
        return _RESERVED.sub(r"\\\g<0>", text)

    @staticmethod
    def hashtag(tag: str) -> str:
        return f"{{hashtag|#|{tag}}}"

    @staticmethod
    def plain(text: str) -> str:
        return _MARKUP.sub(lambda found: found["escaped"] or f"#{found['tag']}", text)

    def prepare(self, message: Message) -> Message:
        """The picture of the card. One that no post follows stays at LinkedIn, unseen."""
        if not message.picture:
            return message
        asked = {"initializeUploadRequest": {"owner": self._author()}}
        upload = self.ask("POST", "/rest/images?action=initializeUpload", Begun, json=asked).value
        self._put(upload.uploadUrl, message.picture.data)
        self._wait_until_taken(upload.image)
        return replace(message, uploaded=upload.image)

    def send(self, message: Message) -> Receipt:
        if not message.text.strip():
            raise Rejected("There are no words to post.")
        article = {"source": message.link, "title": message.title, "description": message.description, "thumbnail": message.uploaded}
        post = {
            "author": self._author(),
            "commentary": message.text,
            "visibility": "PUBLIC",
            "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
            "content": {"article": {name: value for name, value in article.items() if value}},
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
        }
        answer = self.call("POST", "/rest/posts", unclear=OutcomeUnknown, json=post)
        urn = answer.headers.get("x-restli-id", "") or answer.headers.get("x-linkedin-id", "")
        if answer.status != 201 or not urn.startswith("urn:li:"):
            raise self.unclear(OutcomeUnknown, **self.words(answer))
        return _receipt(urn)

    def find(self, message: Message, since: datetime) -> Look:
        """To the last page whatever the dates: what was edited comes first."""
        return self.look(self._pages(), message, since)

    def _pages(self) -> Iterator[list[Post]]:
        reached = 0
        for _ in range(PAGES):
            query = {"q": "author", "author": self._author(), "count": str(ON_A_PAGE), "start": str(reached), "sortBy": "LAST_MODIFIED"}
            page = self.ask("GET", f"/rest/posts?{urlencode(query)}", Posts, headers=self._restli("FINDER"))
            reached += len(page.elements)
            yield [post for post in page.elements if post.is_out]
            if not page.elements or not page.goes_on(reached):
                return
        raise self.endless()

    def confirm(self, remote_id: str, message: Message) -> Receipt | None:
        """LinkedIn also names posts that were deleted a day or two ago, and shows nothing of them."""
        if self._is_member:
            raise Rejected("LinkedIn lets nobody read a member's posts.")
        try:
            post = self.ask("GET", _of(remote_id), Post)
        except NotThere:
            return None
        ours = post.is_out and post.author in ("", self._author())
        return post.receipt if ours and post.says(message) else None

    def delete(self, remote_id: str) -> str:
        """May be repeated, so that a lost answer is Transient."""
        try:
            return f"status {self.call('DELETE', _of(remote_id)).status}"
        except NotThere as gone:
            return gone.detail

    def edit(self, remote_id: str, message: Message) -> Receipt:
        """The words only. LinkedIn has been seen to say yes and to change nothing, so it is read again where that is allowed."""
        patch = {"patch": {"$set": {"commentary": message.text}}}
        answer = self.call("POST", _of(remote_id), headers=self._restli("PARTIAL_UPDATE"), json=patch)
        if not self._is_member and self.confirm(remote_id, message) is None:
            raise Transient("LinkedIn took the new words and does not show them yet.", **self.words(answer))
        return replace(_receipt(remote_id), detail=f"status {answer.status}")

    # The connection ---------------------------------------------------------------------------------------------------

    @classmethod
    def asks(cls, options: LinkedinOptions) -> Consent:
        """An app that may post for people only has no right to ask for a page's permissions."""
        member = options.author.startswith("urn:li:person:")
        return replace(cls.consent, scopes=MEMBER_SCOPES) if member else cls.consent

    def check(self) -> Account:
        """Whose it is and what it may do. For a page: that the account has a role there, and that its posts can be read."""
        token = self._introspected()
        granted = tuple(re.findall(r"\w+", token.scope if token else self.credentials.get("scope", "")))
        if token and not token.active:
            raise Unauthorized(AGAIN, detail="introspection: not active")
        needed = {"w_member_social"} if self._is_member else {"w_organization_social", "r_organization_social"}
        if granted and not needed <= set(granted):
            raise Unauthorized(NOT_ALLOWED, detail=f"scope: {', '.join(granted)}")
        ends = datetime.fromtimestamp(token.expires_at, UTC) if token and token.expires_at else None
        if self._is_member:
            who = self.ask("GET", "/v2/userinfo", Member)
            if self.options.author != f"urn:li:person:{who.sub}":
                raise Unauthorized(f"The connection is {who.name or who.sub}'s, not that of the author in the blog's file.")
            return Account(self.options.author, who.name or who.sub, granted, self.ends(ends), tuple(self._notes()))
        name = self._checked_page()
        return Account(self.options.author or name, name, granted, self.ends(ends), tuple(self._notes()))

    def places(self) -> list[Place]:
        """The pages for which the account may post; where the blog's file names a member, that member."""
        if self._is_member:
            who = self.ask("GET", "/v2/userinfo", Member)
            return [Place(f"urn:li:person:{who.sub}", who.name or who.sub)]
        pages = dict.fromkeys(role.page for role in self._roles() if role.page)
        return [Place(urn, self._name_of(urn)) for urn in pages]

    @classmethod
    def sunset(cls, options: LinkedinOptions) -> date | None:
        """LinkedIn keeps a version for a year at least, and has ended each in the middle of its month."""
        year, month = int(options.version[:4]), int(options.version[4:])
        return SUNSETS.get(options.version) or date(year + 1, month, 15)

    def _author(self) -> str:
        if not self.options.author:
            raise Unauthorized(NO_AUTHOR)
        return str(self.options.author)

    def _roles(self) -> list[Role]:
        return self.ask("GET", "/rest/organizationAcls?q=roleAssignee", Roles).elements

    def _name_of(self, urn: str) -> str:
        with suppress(DeliveryError):
            if name := self.ask("GET", f"/rest/organizations/{urn.rpartition(':')[2]}", Named).localizedName:
                return name
        return f"Page {urn.rpartition(':')[2]}"

    def _checked_page(self) -> str:
        """Its name. Where our app may not read roles, that the posts can be read must do."""
        try:
            pages = {role.page for role in self._roles()}
        except Unauthorized as refused:
            if refused.status not in ("403", "404"):
                raise
            query = urlencode({"q": "author", "author": self._author(), "count": "1", "sortBy": "LAST_MODIFIED"})
            self.ask("GET", f"/rest/posts?{query}", Posts, headers=self._restli("FINDER"))
        else:
            if self.options.author and self.options.author not in pages:
                raise Unauthorized(NO_ROLE, detail=f"roles: {', '.join(sorted(filter(None, pages))) or 'none'}")
        return self._name_of(self.options.author) if self.options.author else "no page chosen yet"

    def _introspected(self) -> Introspection | None:
        """https://learn.microsoft.com/linkedin/shared/authentication/token-introspection; None where our app is not known.

        A refusal here is about the app: a token that has ended is told as not active.
        """
        if not self.is_known:
            return None
        with suppress(Unauthorized, Rejected):
            return self._sign_in("introspectToken", Introspection, {"token": self._token()})
        return None

    def _notes(self) -> Iterator[str]:
        if self._is_member:
            yield "LinkedIn lets nobody read a member's posts back: when an answer is lost, a person must look."
        if not self.credentials.get("refresh_token"):
            yield "LinkedIn lets only approved partners renew a connection: a person connects it again every 60 days."

    # The picture ------------------------------------------------------------------------------------------------------

    def _put(self, address: str, data: bytes) -> None:
        """LinkedIn names the address; our token goes to LinkedIn's own machines only."""
        base, target = urlsplit(self.options.base_url), urlsplit(address)
        ours = target.scheme == "https" and re.fullmatch(r"(.+\.)?(linkedin|licdn)\.com", target.hostname or "")
        here = (target.scheme, target.hostname) in ((base.scheme, base.hostname), ("http", "127.0.0.1"), ("http", "localhost"))
        if not ours and not (here and (base.scheme == "http" or target.hostname == base.hostname)):
            raise Transient("LinkedIn wants the picture at an address that is not LinkedIn's.")
        self.call("PUT", address, headers=self.headers(address) | {"Content-Type": "application/octet-stream"}, body=data)

    def _wait_until_taken(self, urn: str) -> None:
        """A connection that may not read it (a member's) waits for a moment instead."""
        for _ in range(LOOKS_AT_PICTURE):
            try:
                status = self.ask("GET", f"/rest/images/{quote(urn, safe='')}", Image).status
            except Unauthorized as refused:
                if refused.status not in ("403", "404"):
                    raise
                time.sleep(2 * self.grace)
                return
            if status == "PROCESSING_FAILED":
                raise Rejected(NO_PICTURE, detail=f"{urn}: {status}")
            if status == "AVAILABLE":
                return
            time.sleep(self.grace)
        raise Transient("LinkedIn is not done with the picture yet.")

    # One request ------------------------------------------------------------------------------------------------------

    def grant(self, form: dict[str, str]) -> Grant:
        return self._sign_in("accessToken", Grant, form)

    def _sign_in(self, what: str, shape: type[Shape], form: dict[str, str]) -> Shape:
        """Tokens are another machine's; a stand-in is both."""
        us = {"client_id": self.app.id, "client_secret": self.app.secret}
        base = self.options.base_url if self.options.base_url.startswith("http:") else SIGN_IN
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", f"{base}/oauth/v2/{what}", shape, headers=headers, body=urlencode(form | us))

    def headers(self, address: str) -> dict[str, str]:
        versions = {"LinkedIn-Version": self.options.version, "X-Restli-Protocol-Version": "2.0.0"} if "/rest/" in address else {}
        return versions | {"Authorization": f"Bearer {self._token()}"}

    def _restli(self, method: str) -> dict[str, str]:
        """https://linkedin.github.io/rest.li/spec/protocol: what a GET or POST is meant as."""
        return self.headers("/rest/") | {"X-RestLi-Method": method}

    def _token(self) -> str:
        if not self.credentials.get("access_token"):
            raise Unauthorized("LinkedIn is not connected yet.")
        return self.credentials["access_token"]

    def meaning(self, answer: Answer) -> Meaning | None:
        """For some seconds after consent LinkedIn takes a token for one that was taken back. The limits of a day begin anew at
        midnight UTC; others are short, and our own pauses grow.
        """
        meant = super().meaning(answer)
        if meant is REVOKED and self._was_just_given():
            return IN_A_MOMENT
        if meant is SLOWER and re.search(r"\bDAY\b|daily", self.said(answer)):
            return partial(DAY_IS_FULL, retry_after=_until_midnight(datetime.now(UTC)))
        return meant

    def twin(self, answer: Answer) -> Receipt:
        named = re.search(r"duplicate of (urn:li:\w+:[\w-]+)", self.said(answer))
        return _receipt(named[1]) if named else Receipt("")

    def _was_just_given(self) -> bool:
        ends = moment(self.credentials.get("expires_at", ""))
        return ends is not None and ACCESS_LASTS - 2 * MOMENT < ends - datetime.now(UTC) <= ACCESS_LASTS

    def said(self, answer: Answer) -> str:
        return trouble(answer, Trouble).words


def _until_midnight(now: datetime) -> timedelta:
    return (now + DAY).replace(hour=0, minute=1, second=0, microsecond=0) - now


def _of(urn: str) -> str:
    return f"/rest/posts/{quote(urn, safe='')}"


def _receipt(urn: str) -> Receipt:
    return Receipt(urn, f"https://www.linkedin.com/feed/update/{urn}/")
