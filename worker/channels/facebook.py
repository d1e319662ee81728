"""Facebook Pages, Graph API: a link post, POST /{page-id}/feed with `message` and `link`.

https://developers.facebook.com/docs/pages-api/posts
https://developers.facebook.com/docs/graph-api/guides/error-handling

A link post and not a photo post: a photo has no preview that leads to the blog. Title and picture of the preview come from
the linked page itself; a link that stands only in the message gets none.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated, Literal
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

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
    Receipt,
    RefusedAsDuplicate,
    Rejected,
    Transient,
    Unauthorized,
)
from worker.channels.network import DAY, Meaning, Network, NetworkOptions, NotThere, Shape, same_link, same_words
from worker.lib.blogs import NetworkAddress, shaped
from worker.lib.http import Answer

# https://developers.facebook.com/docs/graph-api/changelog/versions: the day after which a version is not served any more.
SUNSETS = {
    "v20.0": date(2026, 9, 24),
    "v21.0": date(2027, 1, 21),
    "v22.0": date(2027, 5, 20),
    "v23.0": date(2027, 10, 8),
    "v24.0": date(2028, 2, 18),
    "v25.0": date(2028, 7, 29),
}
PAGES = 100  # of 100 posts: Facebook lets about 600 of a year be read
SHOWN_AT = (
    r"/(?P<page>[0-9]+)_(?P<post>[0-9]+)",
    r"/(?P<page>[\w.-]+)/posts/(?:[^/]+/)?(?P<post>[0-9]+)",
    r"/(?:permalink|story)\.php\?(?=.*\bid=(?P<page>[0-9]+))(?=.*\bstory_fbid=(?P<post>[0-9]+)(?:&|$)).*",
)
"""Where people see a Page's post."""
FIELDS = "id,message,created_time,permalink_url,is_published,attachments{unshimmed_url,url,title,type}"
TO_POST = "pages_manage_posts"
HOUR = timedelta(hours=1)


# What its answers mean ----------------------------------------------------------------------------------------------------


AGAIN = "Facebook no longer accepts the connection; connect Facebook again."
NOT_ALLOWED = "Facebook does not let this connection post to the Page; connect it again and allow everything that is asked."
NO_PAGE = "Facebook shows this connection no Page by the number in the blog's file; check page_id, or connect again."
GONE = "Facebook shows this post no more: it was taken down there, or the connection is for another Page."
LOG_IN = "Facebook wants the person who connected it to log in at facebook.com and do what it asks there; then connect it again."
ON_FACEBOOK = "Facebook has limited the account for its safety; log in at facebook.com and do what it asks there."
BLOCKED = "Facebook has blocked the Page from posting for a while; look at facebook.com what it says, and wait until it is lifted."
BREAKS_RULES = "Facebook's filters take this post to break its rules; change the text, then send it again."
NO_PICTURE = "Facebook does not take the picture; it wants a JPEG or PNG of less than 4 MB."
ALREADY = "Facebook says that it has this post already."
NOT_SO = "Facebook does not take this post as it is."
SLOWER = partial(Transient, "Facebook asks to slow down.", cooldown=True)
SLOWER_FOR_AN_HOUR = partial(SLOWER, retry_after=HOUR)

# By subcode and by code: the HTTP status is no guide, throttles come as 400 and 403. The seven-digit ones are not in
# Facebook's list; posting tools have met them. None: Facebook does not know itself.
CODES: dict[int, Meaning | None] = {
    1: None,
    2: None,
    3: partial(Unauthorized, NOT_ALLOWED),
    4: SLOWER_FOR_AN_HOUR,
    10: partial(Unauthorized, NOT_ALLOWED),
    17: SLOWER_FOR_AN_HOUR,
    32: SLOWER_FOR_AN_HOUR,
    33: partial(NotThere, NO_PAGE),
    100: partial(Rejected, NOT_SO),
    102: partial(Unauthorized, AGAIN),
    190: partial(Unauthorized, AGAIN),
    324: partial(Rejected, NO_PICTURE),
    341: partial(Transient, "Facebook says that the Page has posted enough for today.", retry_after=DAY, cooldown=True),
    368: partial(Unauthorized, BLOCKED),
    458: partial(Unauthorized, "On Facebook our app was removed from the account; connect it again and allow everything that is asked."),
    459: partial(Unauthorized, LOG_IN),
    460: partial(Unauthorized, "The Facebook password was changed, which ends a connection; connect Facebook again."),
    463: partial(Unauthorized, "The connection to Facebook has run out; connect Facebook again."),
    464: partial(Unauthorized, LOG_IN),
    467: partial(Unauthorized, AGAIN),
    492: partial(Unauthorized, "The person who connected Facebook has no role on the Page any more; somebody who has must connect it."),
    506: partial(RefusedAsDuplicate, ALREADY),
    613: SLOWER,
    803: partial(Unauthorized, NO_PAGE),
    1500: partial(Rejected, "Facebook does not take the post's address; check the link, then send it again."),
    1996: SLOWER_FOR_AN_HOUR,
    2635: partial(Unauthorized, "Facebook has switched off the version in the blog's file; write a newer one there (version)."),
    80001: SLOWER_FOR_AN_HOUR,
    1346003: partial(Rejected, BREAKS_RULES),
    1366046: partial(Rejected, NO_PICTURE),
    1366051: partial(RefusedAsDuplicate, ALREADY),
    1390008: partial(Transient, "Facebook says that the Page posts too fast.", retry_after=HOUR, cooldown=True),
    1404006: partial(Unauthorized, ON_FACEBOOK),
    1404078: partial(Unauthorized, "Facebook wants it confirmed that the Page may publish; the Page's owner does that at facebook.com."),
    1404102: partial(Rejected, BREAKS_RULES),
    1404112: partial(Unauthorized, ON_FACEBOOK),
    1609005: partial(Rejected, "Facebook could not open the linked page for its preview; mend the page, then send it again."),
    1609008: partial(Rejected, "Facebook does not take a link that leads to facebook.com."),
    4854002: partial(Unauthorized, "Facebook wants a person's identity confirmed at facebook.com; connecting again does not help."),
}
# Where there is no envelope, as from a gateway in between.
STATUSES: dict[int, Meaning] = {
    401: partial(Unauthorized, AGAIN),
    403: partial(Unauthorized, NOT_ALLOWED),
    404: partial(Unauthorized, NO_PAGE),
    429: SLOWER_FOR_AN_HOUR,
}


class Trouble(BaseModel):
    """https://developers.facebook.com/docs/graph-api/guides/error-handling"""

    message: str = ""
    code: int = 0
    error_subcode: int | None = None
    error_user_title: str | None = None
    error_user_msg: str | None = None
    fbtrace_id: str | None = None
    is_transient: bool = False

    @property
    def words(self) -> str:
        number = f"{self.code}/{self.error_subcode}" if self.error_subcode else f"{self.code}"
        parts = (f"code {number}: {self.message}", self.error_user_title, self.error_user_msg)
        return " ".join([*(part for part in parts if part), f"(fbtrace_id {self.fbtrace_id})" if self.fbtrace_id else ""]).strip()


class Envelope(BaseModel):
    error: Trouble


# What it answers ----------------------------------------------------------------------------------------------------------


class Posted(BaseModel):
    id: Annotated[str, Field(min_length=1)]
    permalink_url: str = ""

    @property
    def receipt(self) -> Receipt:
        return Receipt(self.id, self.permalink_url or f"https://www.facebook.com/{self.id}")


class Attachment(BaseModel):
    unshimmed_url: str = ""
    url: str = ""

    @property
    def target(self) -> str:
        """Where it leads: `url` may go by way of l.facebook.com."""
        by_way = parse_qs(urlsplit(self.url).query).get("u", [""])[0] if "facebook.com/l.php" in self.url else ""
        return self.unshimmed_url or by_way or self.url


class Attachments(BaseModel):
    data: list[Attachment] = []


class PagePost(Posted):
    message: str = ""
    at: Annotated[AwareDatetime, Field(alias="created_time")]
    is_published: bool = True
    attachments: Attachments = Attachments()

    def says(self, message: Message) -> bool:
        """A post whose preview Facebook could not make has no link to compare; its text must do."""
        targets = {same_link(each.target) for each in self.attachments.data if each.target}
        return same_words(self.message) == same_words(message.text) and (not targets or same_link(message.link) in targets)


class Paging(BaseModel):
    next: str = ""


class PagePosts(BaseModel):
    data: list[PagePost]
    paging: Paging = Paging()


class Me(BaseModel):
    id: str
    name: str = ""


class Token(BaseModel):
    """https://developers.facebook.com/docs/graph-api/reference/debug_token"""

    is_valid: bool
    scopes: list[str] = []
    expires_at: int = 0
    data_access_expires_at: int = 0


class TokenAnswer(BaseModel):
    data: Token


class Granted(BaseModel):
    access_token: Annotated[str, Field(min_length=1)]
    expires_in: int = 0


class Page(Me):
    access_token: str = ""
    tasks: list[str] = []


class OwnPages(BaseModel):
    data: list[Page]
    paging: Paging = Paging()


class Done(BaseModel):
    success: Literal[True]


# The channel --------------------------------------------------------------------------------------------------------------


class FacebookOptions(NetworkOptions):
    page_id: Annotated[str, shaped(r"[0-9]+", "the page's number, digits only")] = ""
    version: Annotated[str, shaped(r"v[0-9]+\.[0-9]+", "a version of the Graph API, for example 'v26.0'")] = "v26.0"
    base_url: NetworkAddress = "https://graph.facebook.com"


class Facebook(Network):
    """Credentials: `page_access_token`; between consent and the choice of a Page, `user_access_token`.

    A Page's token has no end by the calendar, but dies with the password, the app's removal or the person's role.
    """

    slug = "facebook"
    name = called = "Facebook"
    column = 20
    limits = Limits(text=63_206)  # as posting tools have found it; Facebook documents none
    Options = FacebookOptions
    reads_back = True
    deletes = True
    edits = True
    deleted_but = "Who has seen or shared it keeps what they saw."
    edited_but = "Facebook shows a changed post as edited, and keeps its link and preview. Who has seen or shared it keeps what they saw."
    shapes = (CredentialKeys(("page_access_token",)),)
    consent = Consent(
        page="https://www.facebook.com/v26.0/dialog/oauth",
        scopes=("pages_show_list", TO_POST, "pages_read_engagement"),
        separator=",",
        place="page_id",
    )
    shown_at = (r"((www|m|business)\.)?facebook\.com", "")
    patience = 30.0  # Facebook opens the linked page meanwhile
    statuses, not_so = STATUSES, NOT_SO

    def __init__(self, options: FacebookOptions, credentials: Credentials, app: App = App()) -> None:
        super().__init__(options, credentials, app)
        self._page = options.page_id or "me"  # a Page's token is the Page itself

    def send(self, message: Message) -> Receipt:
        form = {"message": message.text, "link": message.link, "fields": "id,permalink_url"}
        return self._graph("POST", f"{self._page}/feed", Posted, unclear=OutcomeUnknown, form=form).receipt

    def find(self, message: Message, since: datetime) -> Look:
        """To the last page whatever the dates: Facebook ranks what it lists."""
        return self.look(self._pages(), message, since)

    def _pages(self) -> Iterator[list[PagePost]]:
        query = {"fields": FIELDS, "limit": "100"}
        for _ in range(PAGES):
            page = self._graph("GET", f"{self._page}/published_posts", PagePosts, query=query)
            yield [post for post in page.data if post.is_published]
            if not page.paging.next:
                return
            query |= _next(page.paging)
        raise self.endless()

    def confirm(self, remote_id: str, message: Message) -> Receipt | None:
        try:
            post = self._graph("GET", remote_id, PagePost, query={"fields": FIELDS})
        except NotThere:
            return None
        return post.receipt if post.says(message) else None

    def id_in(self, address: str) -> str:
        """Facebook's newest addresses (pfbid...) hide the number; only a Page's own post counts."""
        for pattern in SHOWN_AT:
            if found := self.seen_at(address, pattern):
                page = found["page"] if found["page"].isdigit() else self.options.page_id
                return f"{page}_{found['post']}" if page and self.options.page_id in ("", page) else ""
        return ""

    def delete(self, remote_id: str) -> str:
        """May be repeated, so that a lost answer is Transient."""
        try:
            self._graph("DELETE", remote_id, Done)
        except NotThere as gone:
            # Facebook says the same of what this connection may not see: it counts as gone only for the post's own Page.
            if self._graph("GET", "me", Me, query={"fields": "id,name"}).id != remote_id.partition("_")[0]:
                raise
            return gone.detail
        return "success: true"

    def edit(self, remote_id: str, message: Message) -> Receipt:
        """The words only; the link stays as it was posted. May be repeated, so that a lost answer is Transient."""
        try:
            self._graph("POST", remote_id, Done, form={"message": message.text})
        except NotThere as gone:
            raise Rejected(GONE, **gone.words) from None
        return Receipt(remote_id, detail="success: true")

    # The connection ---------------------------------------------------------------------------------------------------

    def check(self) -> Account:
        me = self._graph("GET", "me", Me, query={"fields": "id,name"})
        if self.options.page_id and me.id != self.options.page_id:
            raise Unauthorized(f"The connection is for {me.name or me.id}, not for the Page that the blog's file names (page_id).")
        notes = ["Only when the Facebook app is Live does everybody see the posts: open one while logged out of Facebook."]
        if not (self.app.id and self.app.secret):
            return Account(me.id, me.name, notes=tuple(notes))
        query = {"input_token": self._token()}
        token = self._graph("GET", "debug_token", TokenAnswer, query=query, token=f"{self.app.id}|{self.app.secret}").data
        if not token.is_valid:
            raise Unauthorized(AGAIN)
        if token.scopes and TO_POST not in token.scopes:
            raise Unauthorized(NOT_ALLOWED, detail=f"scopes: {', '.join(token.scopes)}")
        if end := _moment(token.data_access_expires_at):
            notes.append(f"Facebook lets the Page's posts be read until {end:%d %B %Y}; connect again before.")
        return Account(me.id, me.name, tuple(token.scopes), _moment(token.expires_at), tuple(notes))

    @classmethod
    def asks(cls, options: FacebookOptions) -> Consent:
        """The page of consent has the interface's version in its address."""
        return replace(cls.consent, page=f"https://www.facebook.com/{options.version}/dialog/oauth")

    @classmethod
    def connect(cls, options: FacebookOptions, app: App, code: str, verifier: str, redirect_uri: str) -> Credentials:
        """A user's token of 60 days, from which `places` makes the Pages' own, which last."""
        us = {"client_id": app.id, "client_secret": app.secret}
        door = cls(options, {}, app)
        short = door._grant(us | {"redirect_uri": redirect_uri, "code": code})
        long = door._grant(us | {"grant_type": "fb_exchange_token", "fb_exchange_token": short.access_token})
        return {"user_access_token": long.access_token}

    def places(self) -> list[Place]:
        """The Pages on which the person may create posts."""
        found: list[Place] = []
        query = {"fields": "id,name,access_token,tasks", "limit": "100"}
        for _ in range(PAGES):
            pages = self._graph("GET", "me/accounts", OwnPages, query=query)
            found += [
                Place(page.id, page.name, {"page_access_token": page.access_token}) for page in pages.data if "CREATE_CONTENT" in page.tasks
            ]
            if not pages.paging.next:
                return found
            query |= _next(pages.paging)
        raise self.endless()

    @classmethod
    def sunset(cls, options: FacebookOptions) -> date | None:
        """A version older than the table's first ended before it; of the newest no end is known yet."""
        first = min(SUNSETS)
        return SUNSETS.get(options.version) or (SUNSETS[first] if _number(options.version) < _number(first) else None)

    # One request ------------------------------------------------------------------------------------------------------

    def _token(self) -> str:
        token = self.credentials.get("page_access_token") or self.credentials.get("user_access_token")
        if not token:
            raise Unauthorized("Facebook is not connected yet.")
        return token

    def _grant(self, query: dict[str, str]) -> Granted:
        try:
            return self._graph("GET", "oauth/access_token", Granted, query=query, token="")
        except Rejected as refused:
            raise self.no_consent(refused) from None

    def _graph(
        self,
        method: str,
        path: str,
        shape: type[Shape],
        *,
        unclear: type[DeliveryError] = Transient,
        query: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
        token: str | None = None,
    ) -> Shape:
        """As `ask`, with the version and the proof. `token`: another than the connection's; empty for none."""
        proof = self._proof(self._token()) if token is None else {}
        headers = self.headers(path) if token is None else {"Authorization": f"Bearer {token}"} if token else {}
        path = f"/{self.options.version}/{path}"
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return self.ask(method, path, shape, unclear=unclear, headers=headers, body=urlencode(form | proof))
        asked = urlencode((query or {}) | proof)
        return self.ask(method, f"{path}?{asked}" if asked else path, shape, unclear=unclear, headers=headers)

    def headers(self, address: str) -> dict[str, str]:
        """The token travels here, so that no address holds it."""
        return {"Authorization": f"Bearer {self._token()}"}

    def _proof(self, token: str) -> dict[str, str]:
        """https://developers.facebook.com/docs/graph-api/guides/secure-requests: the app may ask for it."""
        if not self.app.secret:
            return {}
        return {"appsecret_proof": hmac.new(self.app.secret.encode(), token.encode(), hashlib.sha256).hexdigest()}

    def is_fine(self, answer: Answer) -> bool:
        return answer.status == 200 and not _trouble(answer)

    def meaning(self, answer: Answer) -> Meaning | None:
        trouble = _trouble(answer)
        if trouble is None:
            return super().meaning(answer)
        for number in (trouble.error_subcode, trouble.code):
            if number in CODES:
                return CODES[number]
        if 200 <= trouble.code <= 299:
            return partial(Unauthorized, NOT_ALLOWED)
        return None if trouble.is_transient or not 400 <= answer.status < 500 else partial(Rejected, NOT_SO)

    def wait(self, answer: Answer) -> timedelta | None:
        """The minutes are those until the Page may call again: https://developers.facebook.com/docs/graph-api/overview/rate-limiting"""
        usage = answer.headers.get("X-Business-Use-Case-Usage", "")
        minutes = [int(each) for each in re.findall(r'"estimated_time_to_regain_access":\s*(\d{1,4})', usage)]
        return super().wait(answer) or timedelta(minutes=max(minutes, default=0)) or None

    def said(self, answer: Answer) -> str:
        trouble = _trouble(answer)
        return trouble.words if trouble else ""


def _trouble(answer: Answer) -> Trouble | None:
    try:
        return Envelope.model_validate_json(answer.body).error
    except ValidationError:
        return None


def _next(paging: Paging) -> dict[str, str]:
    """Of the next page's address only the place in the list: it holds the token, and leads where it likes."""
    given = dict(parse_qsl(urlsplit(paging.next).query))
    return {name: given[name] for name in ("after", "until", "__paging_token") if name in given}


def _moment(seconds: int) -> datetime | None:
    """0: never."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.removeprefix("v").split(".")))
