"""Get a feed's document, politely: only when it has changed, and with one sentence for every way that can fail."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from worker.lib.http import Answer, NoAnswer, request

TIMEOUT = 25.0
MAX_BYTES = 10_000_000
MAX_REDIRECTS = 5
ACCEPT = "application/rss+xml, application/atom+xml, application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"


class Trouble(Exception):
    """The look brought nothing. `sentence` is for the front desk; `retry_after` is the web site's own wish."""

    def __init__(self, sentence: str, *, gone: bool = False, retry_after: timedelta | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.gone = gone
        self.retry_after = retry_after


@dataclass(frozen=True)
class Validators:
    """By what a document is recognised as the one we have read already."""

    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""


@dataclass(frozen=True)
class Document:
    body: bytes
    content_type: str
    url: str
    validators: Validators


def fetch(feed: str, known: Validators, *, private: bool, now: datetime) -> Document | None:
    """The feed's document, or None when it is the one we know. Raises Trouble."""
    try:
        answer = request(
            "GET", feed, headers=_headers(known), timeout=TIMEOUT, max_bytes=MAX_BYTES, private=private, redirects=MAX_REDIRECTS
        )
    except NoAnswer as error:
        raise Trouble(error.sentence) from None
    if answer.status == 304 and known != Validators():
        return None
    if answer.status != 200:
        raise _refusal(answer, now)
    body_hash = hashlib.sha256(answer.body).hexdigest()
    if body_hash == known.body_hash:
        return None
    validators = Validators(answer.headers.get("etag", ""), answer.headers.get("last-modified", ""), body_hash)
    return Document(answer.body, answer.headers.get("content-type", ""), answer.url, validators)


def _headers(known: Validators) -> dict[str, str]:
    headers = {"Accept": ACCEPT}
    if known.etag:
        headers["If-None-Match"] = known.etag
    if known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def _refusal(answer: Answer, now: datetime) -> Trouble:
    status, later = answer.status, retry_after(answer.headers.get("retry-after", ""), now)
    if status in (401, 403):
        return Trouble("The web site does not let Postlark read the feed; ask whoever runs the site to allow it.", retry_after=later)
    if status == 404:
        return Trouble("There is no feed at this address; compare `feed` in the blog's file with the blog.", retry_after=later)
    if status == 410:
        return Trouble("The web site says this feed is gone for good; put its new address into the blog's file.", gone=True)
    if status == 429:
        return Trouble("The web site asks us to come back later.", retry_after=later)
    if status >= 500:
        return Trouble("The web site has trouble of its own and did not give out the feed.", retry_after=later)
    return Trouble(f"The web site did not give out the feed; it answered with status {status}.", retry_after=later)


def retry_after(value: str, now: datetime) -> timedelta | None:
    """The header as a length of time: it holds seconds or a date. None when it says nothing of use."""
    if value.isdecimal() and len(value) < 9:
        return timedelta(seconds=int(value))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return max(moment.replace(tzinfo=moment.tzinfo or UTC) - now, timedelta(0))
