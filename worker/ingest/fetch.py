"""Get a feed's document, politely: only when it has changed, and with one sentence for every way that can fail."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from django.conf import settings

from worker.ingest.dates import date_of
from worker.ingest.head import Head, head_of
from worker.lib.http import Answer, NoAnswer, request, told_to_wait

TIMEOUT = 20.0
MAX_BYTES = 10_000_000
MAX_REDIRECTS = 5
LONGEST_AGE = timedelta(days=365)
LONGEST_HEADER = 500
ACCEPT = (
    "application/rss+xml, application/atom+xml, application/rdf+xml;q=0.9, application/feed+json;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"
)
A_WHILE = timedelta(minutes=15)
AN_HOUR = timedelta(hours=1)
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


class Trouble(Exception):
    """The look brought nothing. `sentence` is for the front desk; `retry_after` is the web site's own wish.

    `patience`: for how long this may pass by itself before staff are told.
    """

    def __init__(
        self,
        sentence: str,
        *,
        gone: bool = False,
        missing: bool = False,
        retry_after: timedelta | None = None,
        patience: timedelta = A_WHILE,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.gone = gone
        self.missing = missing
        self.retry_after = retry_after
        self.patience = patience


@dataclass(frozen=True)
class Validators:
    """By what a document is recognised as the one we have read already. They belong to the address it came from."""

    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    url: str = ""


@dataclass(frozen=True)
class Reply:
    """What an answer says beside its body. `moved`: where permanent redirects have led. `age`: for how long a cache has had it."""

    url: str = ""
    moved: str = ""
    max_age: timedelta = timedelta(0)
    age: timedelta = timedelta(0)


@dataclass(frozen=True)
class Document:
    body: bytes
    content_type: str
    url: str
    validators: Validators
    reply: Reply = field(default_factory=Reply)
    links: str = ""

    @cached_property
    def head(self) -> Head:
        return head_of(self.body, self.links)

    @property
    def dated(self) -> datetime | None:
        """The newest date that the document or its header names as its own."""
        named = (self.head.dated, date_of(self.validators.last_modified))
        return max((moment for moment in named if moment), default=None)


@dataclass(frozen=True)
class Unchanged:
    """The document is the one we know."""

    reply: Reply


def fetch(feed: str, known: Validators, *, private: bool, now: datetime, timeout: float | None = None) -> Document | Unchanged:
    """The feed's document, unless it is the one we know. Raises Trouble."""
    answer = _ask(feed, known, private, timeout or TIMEOUT)
    if answer.status == 304 and known != Validators() and answer.url != (known.url or feed):
        known = Validators()  # another document's "not modified"
        answer = _ask(feed, known, private, timeout or TIMEOUT)
    if answer.status == 304 and known != Validators():
        return Unchanged(_reply(answer))
    if answer.status not in (200, 203):
        raise _refusal(answer, now)
    body_hash = hashlib.sha256(answer.body).hexdigest()
    if body_hash == known.body_hash:
        return Unchanged(_reply(answer))
    headers = answer.headers
    validators = Validators(_kept(headers.get("etag", "")), _kept(headers.get("last-modified", "")), body_hash, answer.url)
    return Document(answer.body, _kept(headers.get("content-type", "")), answer.url, validators, _reply(answer), headers.get("link", ""))


def _kept(header: str) -> str:
    """A header as the web site gave it; nothing for one that no sane site would give."""
    return header if len(header) <= LONGEST_HEADER and header.isascii() and header.isprintable() else ""


def _ask(feed: str, known: Validators, private: bool, timeout: float) -> Answer:
    try:
        return request("GET", feed, headers=_headers(known), timeout=timeout, max_bytes=MAX_BYTES, private=private, redirects=MAX_REDIRECTS)
    except NoAnswer as error:
        raise Trouble(error.sentence, patience=AN_HOUR) from None


def _headers(known: Validators) -> dict[str, str]:
    headers = {"Accept": ACCEPT, "User-Agent": f"Postlark (announces new blog posts; +{settings.PUBLIC_URL}/)"}
    if known.etag:
        headers["If-None-Match"] = known.etag
    if known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def _reply(answer: Answer) -> Reply:
    max_age = _MAX_AGE.search(answer.headers.get("cache-control", ""))
    age = answer.headers.get("age", "")
    return Reply(
        url=answer.url,
        moved=answer.moved,
        max_age=timedelta(seconds=int(max_age[1])) if max_age else timedelta(0),
        age=min(timedelta(seconds=int(age)), LONGEST_AGE) if age.isdecimal() and len(age) < 10 else timedelta(0),
    )


def _refusal(answer: Answer, now: datetime) -> Trouble:
    status, later = answer.status, told_to_wait(answer.headers, now)
    if status in (401, 403):
        return Trouble("The web site does not let Postlark read the feed; ask whoever runs the site to allow it.", retry_after=later)
    if status == 404:
        return Trouble(
            "There is no feed at this address; compare `feed` in the blog's file with the blog.",
            missing=True,
            retry_after=later,
            patience=AN_HOUR,
        )
    if status == 410:
        return Trouble(
            "The web site says this feed is gone for good; put its new address into the blog's file.", gone=True, patience=timedelta(0)
        )
    if status == 429:
        return Trouble("The web site asks us to come back later.", retry_after=later, patience=AN_HOUR)
    if status >= 500:
        return Trouble("The web site has trouble of its own and did not give out the feed.", retry_after=later, patience=AN_HOUR)
    return Trouble(f"The web site did not give out the feed; it answered with status {status}.", retry_after=later)
