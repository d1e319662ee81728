"""X (Twitter), API v2: a post with its link and picture, POST /2/tweets, through tweepy.

https://docs.x.com/x-api/posts/create-post
https://docs.x.com/fundamentals/counting-characters
https://docs.x.com/x-api/fundamentals/response-codes-and-errors

tweepy words and signs the requests; they leave by our own door (`_Client`), since its own has no time limit, knows one host
only, and logs tokens. Its upload is of the interface that X has ended, so the picture goes up by the new one.
"""

import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from html import unescape
from typing import Annotated, Any
from urllib.parse import urlencode

import requests
import tweepy
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field

from worker.channels.base import (
    Account,
    Consent,
    CredentialKeys,
    Credentials,
    DeliveryError,
    Limits,
    Look,
    Message,
    OutcomeUnknown,
    PictureRules,
    Receipt,
    RefusedAsDuplicate,
    Rejected,
    Transient,
    Unauthorized,
)
from worker.channels.grant import Grant, Granting
from worker.channels.network import DAY, Meaning, NetworkOptions, NotThere, Shape, retry_after, same_link, same_words, trouble
from worker.lib.blogs import NetworkAddress
from worker.lib.http import Answer
from worker.lib.weight import weight

# https://docs.x.com/x-api/getting-started/pricing, US dollars. Reading back is dearest for an app that somebody else owns.
WITH_LINK, WITHOUT_LINK, DESCRIBED = Decimal("0.200"), Decimal("0.015"), Decimal("0.005")
FIVE_READ, DELETED = 5 * Decimal("0.005"), Decimal("0.010")
PAGES = 40  # of 100 posts: X lists the newest 3,200
EARLY = timedelta(minutes=10)  # before its end an access token is renewed: each refresh token is taken once, so no sooner than needed
LOOKS_AT_PICTURE = 5

ALREADY = "X says that it has this post already."
AGAIN = "X no longer accepts the connection; connect X again."
NOT_ALLOWED = "X does not let this connection post; connect it again and allow everything that is asked."
READ_ONLY = "X lets our app only read: set it to Read and write at X's developer console, make new tokens there, and connect again."
NOT_ENROLLED = "X has not let our app in: look at X's developer console whether it stands in a project that may post."
NO_UPLOAD = "X does not let this connection upload pictures; connect it again and allow everything that is asked (media.write)."
SUSPENDED = "X has suspended or locked the account; log in at x.com and do what it asks there."
SPAM = "X's guard against spam has stopped the account; log in at x.com, wait a day, and then post less alike and less often."
CREDITS = "X has no credits left for our app; buy some at X's developer console, then resume."
SPENT = "The spending limit set at X's developer console is reached; raise it there, or wait until it begins anew, then resume."
CAPPED = "The plan at X allows no more posts this month; look at X's developer console, then resume."
SLOWER = "X asks to slow down."
TOO_LONG = "X finds the text too long; shorten it, then send it again."
NO_PICTURE = "X does not take the picture; give the post another one, then send it again."
CASHTAGS = "X takes one cashtag ($NAME) in a post; take the others out, then send it again."
NOT_SO = "X does not take this post as it is."
NOT_THERE = "X has nothing at the address that was asked for; check base_url in the blog's file."

PHRASES: tuple[tuple[str, Meaning], ...] = (
    (r"duplicate content|\bcode 187\b", partial(RefusedAsDuplicate, ALREADY)),
    (r"credits-?\s?depleted|problems/credits", partial(Unauthorized, CREDITS)),
    (r"spend-?\s?cap", partial(Unauthorized, SPENT)),
    (r"usage-capped", partial(Unauthorized, CAPPED)),
    (r"oauth1-permissions|\bcode 261\b", partial(Unauthorized, READ_ONLY)),
    (r"client-forbidden|client-not-enrolled", partial(Unauthorized, NOT_ENROLLED)),
    (r"unsupported-authentication|\bcode (32|89)\b", partial(Unauthorized, AGAIN)),
    (r"user-suspended|\bsuspended\b|\blocked\b|\bcode (64|326)\b", partial(Unauthorized, SUSPENDED)),
    (r"protect (our )?users|\bspam|automated|not permitted to perform this action|\bcode 226\b", partial(Unauthorized, SPAM)),
    (r"bit shorter|too long|\bcode 186\b", partial(Rejected, TOO_LONG)),
    (r"cashtag", partial(Rejected, CASHTAGS)),
    (r"media[ _]?ids?\b", partial(Rejected, NO_PICTURE)),
)
STATUSES: dict[int, Meaning] = {
    401: partial(Unauthorized, AGAIN, passing=True),
    402: partial(Unauthorized, CREDITS),
    403: partial(Unauthorized, NOT_ALLOWED),
    404: partial(NotThere, NOT_THERE),
    429: partial(Transient, SLOWER, cooldown=True),
}


# What it answers ----------------------------------------------------------------------------------------------------------


class Trouble(BaseModel):
    """Of both shapes: one problem (RFC 9457), or a list of errors with the codes of old."""

    type: str = ""
    title: str = ""
    detail: str = ""
    error: str = ""
    error_description: str = ""
    errors: list[dict[str, Any] | str] = []

    @property
    def words(self) -> str:
        own = [self.title, self.detail, self.type, self.error, self.error_description]
        for each in self.errors:
            if isinstance(each, str):
                own.append(each)
            else:
                own += [
                    f"code {each['code']}" if "code" in each else "",
                    *(str(each.get(key, "")) for key in ("title", "message", "detail", "type")),
                ]
        return " · ".join(dict.fromkeys(filter(None, own)))


class Named(BaseModel):
    id: Annotated[str, Field(pattern=r"^[0-9]+$")]


class Posted(BaseModel):
    """An answer of success may hold errors beside it: what counts is the post's number."""

    data: Named


class Address(BaseModel):
    expanded_url: str = ""
    unwound_url: str = ""


class Entities(BaseModel):
    urls: list[Address] = []


class Tweet(Named):
    text: str
    at: Annotated[AwareDatetime, Field(alias="created_at")]
    entities: Entities = Entities()

    @property
    def receipt(self) -> Receipt:
        return _receipt(self.id)

    def says(self, message: Message) -> bool:
        """X puts short addresses of its own into the text, and the long ones beside it."""
        targets = {same_link(each) for url in self.entities.urls for each in (url.expanded_url, url.unwound_url) if each}
        linked = same_link(message.link) in targets or message.link in unescape(self.text)
        return linked and _words(unescape(self.text)) == _words(message.text)


class Meta(BaseModel):
    next_token: str = ""


class Timeline(BaseModel):
    """`errors`: a part could not be read."""

    data: list[Tweet] = []
    meta: Meta
    errors: list[Any] = []


class Processing(BaseModel):
    state: str = "succeeded"
    check_after_secs: float = 1.0


class Media(Named):
    processing_info: Processing = Processing()


class Uploaded(BaseModel):
    data: Media


class Anything(BaseModel):
    pass


class User(Named):
    username: str = ""
    name: str = ""


class Me(BaseModel):
    data: User


class Deletion(BaseModel):
    deleted: bool


class Deleted(BaseModel):
    data: Deletion


class XGrant(Grant):
    expires_in: int = 7200

    def credentials(self, now: datetime) -> Credentials:
        """Under names of their own: those of OAuth 1.0a are kept beside them."""
        given = super().credentials(now)
        return {f"oauth2_{key}" if key in ("access_token", "refresh_token") else key: value for key, value in given.items()}


def _words(text: str) -> list[str]:
    """Without whatever X may take for an address: it shows those in its own way."""
    return [word for word in same_words(text).split() if not re.search(r"\w\.\w", word)]


def wait(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Until X's own headers let us in again: of the limits that are used up (15 minutes, a day), the one that lasts longest.

    https://docs.x.com/x-api/fundamentals/rate-limits
    """
    families = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
    resets = {name: int(value) for name in families if (value := headers.get(f"{name}-reset", "").strip()).isdecimal()}
    used_up = [moment for name, moment in resets.items() if headers.get(f"{name}-remaining", "").strip() == "0"]
    if moments := used_up or list(resets.values())[:1]:
        return min(max(timedelta(seconds=max(moments) - now.timestamp()), timedelta(seconds=1)), DAY)
    return retry_after(headers)


# The channel --------------------------------------------------------------------------------------------------------------


def _money(value: object) -> Decimal:
    match = re.fullmatch(r"(\d{1,6}\.\d\d) USD", str(value))
    if not match:
        raise ValueError(f"is {value!r}; allowed is an amount in US dollars, for example '20.00 USD'.")
    return Decimal(match[1])


class TwitterOptions(NetworkOptions):
    base_url: NetworkAddress = "https://api.x.com"
    monthly_budget: Annotated[Decimal, BeforeValidator(_money)] | None = None


class Twitter(Granting):
    """Credentials: those of OAuth 1.0a, which last (`api_key` and `api_secret` may be the operator's app instead), or those of
    OAuth 2.0, whose access ends after two hours. X takes each refresh token once, and ends all of a family when one comes again.
    From consent also `scope`.
    """

    slug = "twitter"
    name = "X (Twitter)"
    called = "X"
    column = 30
    limits = Limits(text=280, alt=1000, link_in_text=True)
    picture = PictureRules(width=1200, height=675, most_bytes=4_500_000)
    Options = TwitterOptions
    reads_back = True
    refuses_duplicates = True
    deletes = True
    deleted_but = "What others have quoted or pictured stays with them."
    stuck = "Where X never takes anything, look at its developer console whether the account's plan lets it post."
    look_price = FIVE_READ
    delete_price = DELETED
    shapes = (
        CredentialKeys(("access_token", "access_token_secret"), may=("api_key", "api_secret")),
        CredentialKeys(("oauth2_access_token",), may=("oauth2_refresh_token", "expires_at", "scope")),
    )
    consent = Consent(
        page="https://x.com/i/oauth2/authorize",
        scopes=("tweet.read", "tweet.write", "users.read", "media.write", "offline.access"),
        pkce=True,
    )
    early = EARLY
    ended = AGAIN
    refresh_key = "oauth2_refresh_token"
    phrases, statuses, not_so = PHRASES, STATUSES, NOT_SO
    shown_at = (r"(www\.|mobile\.)?(x|twitter)\.com", r"/(?:i/web|\w+)/status/([0-9]+)")
    patience = 25.0  # three of them fit into a hand-over

    measure = staticmethod(weight)

    def prepare(self, message: Message) -> Message:
        if not message.picture:
            return message
        upload = {"media": b64encode(message.picture.data).decode(), "media_category": "tweet_image"}
        media = self._upload(Uploaded, "POST", "/2/media/upload", json=upload).data
        self._wait_until_taken(media)
        if message.alt:
            self._upload(Anything, "POST", "/2/media/metadata", json={"id": media.id, "metadata": {"alt_text": {"text": message.alt}}})
        return replace(message, uploaded=media.id)

    def send(self, message: Message) -> Receipt:
        media = [message.uploaded] if message.uploaded else None
        posted = self._ask(
            Posted, lambda: self._x.create_tweet(text=message.text, media_ids=media, user_auth=self._oauth1), unclear=OutcomeUnknown
        )
        return _receipt(posted.data.id)

    def find(self, message: Message, since: datetime) -> Look:
        """From `since` on, newest first; whatever else the account has posted since then is paid for too."""
        user = self.account_id or self._me().id
        return self.look(self._pages(user, since), message, since)

    def _pages(self, user: str, since: datetime) -> Iterator[list[Tweet]]:
        token = ""
        for _ in range(PAGES):
            page = self._timeline(user, since, token)
            yield page.data
            token = page.meta.next_token
            if not token:
                return
        raise self.endless()

    def delete(self, remote_id: str) -> str:
        """May be repeated, so that a lost answer is Transient."""
        try:
            gone = self._ask(Deleted, lambda: self._x.delete_tweet(remote_id, user_auth=self._oauth1)).data.deleted
        except NotThere as there_is_none:
            return there_is_none.detail
        return f"deleted: {str(gone).lower()}"

    def price(self, message: Message) -> Decimal:
        """Whatever X may take for a link makes it dear."""
        linked = re.search(r"\w\.\w", message.text)
        return (WITH_LINK if linked else WITHOUT_LINK) + (DESCRIBED if message.alt else 0)

    # The connection ---------------------------------------------------------------------------------------------------

    def check(self) -> Account:
        granted = tuple(self.credentials.get("scope", "").split())
        if granted and not {"tweet.read", "tweet.write", "users.read", "media.write"} <= set(granted):
            raise Unauthorized(NOT_ALLOWED, detail=f"scope: {' '.join(granted)}")
        me = self._me()
        return Account(me.id, f"@{me.username}" if me.username else me.name, granted, notes=tuple(self._notes()))

    def _me(self) -> User:
        return self._ask(Me, lambda: self._x.get_me(user_auth=self._oauth1)).data

    def _notes(self) -> list[str]:
        if self._oauth1:
            return []
        if not self.credentials.get("oauth2_refresh_token"):
            return ["It cannot be renewed by itself and ends two hours after consent: connect it again, and allow offline access."]
        return [] if self.is_known else ["It cannot be renewed by itself: TWITTER_API_KEY and TWITTER_API_SECRET are not set."]

    # One request ------------------------------------------------------------------------------------------------------

    def _timeline(self, user: str, since: datetime, token: str) -> Timeline:
        asked: dict[str, Any] = {"max_results": 100, "start_time": since, "tweet_fields": ["created_at", "entities"]}
        asked |= {"pagination_token": token} if token else {}
        page = self._ask(Timeline, lambda: self._x.get_users_tweets(user, **asked, user_auth=self._oauth1))
        if page.errors:
            raise Transient("X could show a part of the posts only.")
        return page

    def _upload(self, shape: type[Shape], method: str, path: str, **sent: Any) -> Shape:
        try:
            return self._ask(shape, lambda: self._x.request(method, path, user_auth=self._oauth1, **sent))
        except Unauthorized as refused:
            if refused.sentence == NOT_ALLOWED:
                raise Unauthorized(NO_UPLOAD, **refused.words) from None
            raise

    def _wait_until_taken(self, media: Media) -> None:
        for _ in range(LOOKS_AT_PICTURE):
            if media.processing_info.state == "failed":
                raise Rejected(NO_PICTURE, detail="processing_info.state: failed")
            if media.processing_info.state == "succeeded":
                return
            time.sleep(min(media.processing_info.check_after_secs, 3.0))
            media = self._upload(Uploaded, "GET", "/2/media/upload", params={"command": "STATUS", "media_id": media.id}).data
        raise Transient("X is not done with the picture yet.")

    def grant(self, form: dict[str, str]) -> XGrant:
        headers = {"Authorization": f"Basic {self.basic()}", "Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", "/2/oauth2/token", XGrant, headers=headers, body=urlencode(form))

    def _ask(self, shape: type[Shape], ask: Callable[[], Answer], *, unclear: type[DeliveryError] = Transient) -> Shape:
        """As `ask`, in tweepy's words."""
        return self.read(self.exchange(ask, unclear), shape, unclear)

    @property
    def _oauth1(self) -> bool:
        return "access_token_secret" in self.credentials

    @property
    def _x(self) -> "_Client":
        """tweepy with the credentials. Raises Unauthorized where they are missing."""
        given = self.credentials
        if not self._oauth1:
            if not given.get("oauth2_access_token"):
                raise Unauthorized("X is not connected yet.")
            return _Client(self.options.base_url, self.door, bearer_token=given["oauth2_access_token"])
        key, secret = given.get("api_key") or self.app.id, given.get("api_secret") or self.app.secret
        if not (key and secret):
            raise Unauthorized(
                "The keys of the app at X are missing: connect with api_key and api_secret, or set TWITTER_API_KEY and _SECRET."
            )
        return _Client(
            self.options.base_url,
            self.door,
            consumer_key=key,
            consumer_secret=secret,
            access_token=given["access_token"],
            access_token_secret=given["access_token_secret"],
        )

    def said(self, answer: Answer) -> str:
        return trouble(answer, Trouble).words

    def wait(self, answer: Answer) -> timedelta | None:
        return wait(answer.headers, datetime.now(UTC))


class _Client(tweepy.Client):  # type: ignore[misc] # it has no types
    """tweepy, whose requests leave by our door and come back as they are: it waits for nothing and repeats nothing.

    The signature (OAuth 1.0a) is made for the address that is asked. What went wrong is for the adapter to say.
    """

    def __init__(self, base: str, door: Callable[..., Answer], **credentials: str) -> None:
        super().__init__(return_type=requests.Response, **credentials)
        self._base, self._door = base, door

    def request(self, method: str, route: str, params: Any = None, json: Any = None, user_auth: bool = False) -> Answer:
        headers, auth = {}, None
        if user_auth:
            keys = (self.consumer_key, self.consumer_secret, self.access_token, self.access_token_secret)
            auth = tweepy.OAuth1UserHandler(*keys).apply_auth()
        else:
            headers["Authorization"] = f"Bearer {self.bearer_token}"
        made = requests.Request(method, self._base + route, headers=headers, params=params, json=json, auth=auth).prepare()
        return self._door(method, made.url, headers=made.headers, body=made.body)


def _receipt(number: str) -> Receipt:
    return Receipt(number, f"https://x.com/i/web/status/{number}")
