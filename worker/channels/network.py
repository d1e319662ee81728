"""What the networks' own files share: asked over HTTP, an answer is readable, a refusal, or unclear.

A network's file says at which addresses, in which words, and what each refusal means.
"""

import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, ClassVar, Protocol, TypeVar
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from pydantic import BaseModel, ValidationError

from worker.channels.base import (
    PLAIN,
    App,
    Credentials,
    DeliveryError,
    Look,
    Message,
    OutcomeUnknown,
    Poster,
    Receipt,
    RefusedAsDuplicate,
    Rejected,
    Transient,
    Unauthorized,
)
from worker.lib.blogs import ChannelOptions, NetworkAddress, lasting
from worker.lib.http import Answer, NoAnswer, request, told_to_wait
from worker.lib.text import legible

Shape = TypeVar("Shape", bound=BaseModel)
Meaning = Callable[..., DeliveryError]
"""What a refusal tells us to do: an error with its sentence for the front desk, to which the network's own words are added."""
DAY = timedelta(days=1)


class NetworkOptions(ChannelOptions):
    base_url: NetworkAddress
    settle: Annotated[timedelta, lasting("1s", "1d")] = timedelta(minutes=15)


class OwnPost(Protocol):
    """One of an account's own posts, as the network lists it. `at`: when it was posted."""

    @property
    def at(self) -> datetime: ...
    @property
    def receipt(self) -> Receipt: ...
    def says(self, message: Message) -> bool: ...


class Network(Poster):
    called: ClassVar[str]
    """Its name within a sentence."""
    posted: ClassVar[tuple[str, str]] = ("post", "posted")
    """What it calls a post, and how that got there."""
    shown_at: ClassVar[tuple[str, str]] = ("", "")
    """Where people see a post: a pattern of the host, and one of the path and query whose group is the post's id."""
    patience: float = 30.0
    """Seconds for one request, all told."""
    phrases: ClassVar[Sequence[tuple[str, Meaning | None]]] = ()
    """What its own words mean, whatever the status; the first that fits counts. None: nobody knows whether it did it."""
    statuses: ClassVar[Mapping[int, Meaning]] = {}
    """What a status means whose words say nothing more."""
    not_so: ClassVar[str]
    """Said of a post that is refused for no reason we know."""

    def __init__(self, options: Any, credentials: Credentials, app: App = App()) -> None:
        super().__init__(options, credentials, app)
        self.settle = options.settle

    # One request ------------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, shape: type[Shape], *, unclear: type[DeliveryError] = Transient, **sent: Any) -> Shape:
        """One request, one readable answer; `unclear` is raised when nobody can say whether the request did its work."""
        return self.read(self.call(method, path, unclear=unclear, **sent), shape, unclear)

    def call(
        self, method: str, path: str, *, unclear: type[DeliveryError] = Transient, headers: dict[str, str] | None = None, **sent: Any
    ) -> Answer:
        """As `ask`, where there is nothing to read. `path`: or a whole address. `headers`: in place of the connection's own."""
        address = path if "://" in path else self.options.base_url + path
        said = self.headers(address) if headers is None else headers
        return self.exchange(lambda: self.door(method, address, headers=said, **sent), unclear)

    def door(self, method: str, address: str, **sent: Any) -> Answer:
        # http:// is a stand-in on loopback, or the blog's file would have been refused
        return request(method, address, timeout=self.patience, private=self.options.base_url.startswith("http:"), **sent)

    def exchange(self, ask: Callable[[], Answer], unclear: type[DeliveryError]) -> Answer:
        """What came back, unless it is a refusal."""
        try:
            answer = ask()
        except NoAnswer as silence:
            raise self.unclear(unclear if silence.sent else Transient, detail=silence.sentence) from None
        if not self.is_fine(answer):
            raise self.refusal(answer, unclear)
        return answer

    def read(self, answer: Answer, shape: type[Shape], unclear: type[DeliveryError]) -> Shape:
        try:
            return shape.model_validate_json(answer.body)
        except ValidationError:
            raise self.unclear(unclear, **self.words(answer)) from None

    def headers(self, address: str) -> dict[str, str]:
        """What goes along where a call says nothing of its own. Raises Unauthorized where the credentials are missing."""
        return {}

    def is_fine(self, answer: Answer) -> bool:
        return answer.status in (200, 201, 204)

    # What a refusal means ---------------------------------------------------------------------------------------------

    def refusal(self, answer: Answer, unclear: type[DeliveryError]) -> DeliveryError:
        """What an answer that is not fine tells us to do."""
        words, meant = self.words(answer), self.meaning(answer)
        if meant is None:
            return self.unclear(unclear, **words)
        refused = meant(**words)
        if isinstance(refused, Transient) and refused.cooldown:
            refused.retry_after = self.wait(answer) or refused.retry_after
        if isinstance(refused, RefusedAsDuplicate):
            twin = self.twin(answer)
            refused.remote_id, refused.url = twin.remote_id, twin.url
        return refused

    def meaning(self, answer: Answer) -> Meaning | None:
        """None: nobody can say whether the request did its work."""
        if not 400 <= answer.status < 500 or answer.status == 408:
            return None
        said = self.said(answer)
        for pattern, meaning in self.phrases:
            if re.search(pattern, said, re.IGNORECASE):
                return meaning
        return self.statuses.get(answer.status) or partial(Rejected, self.not_so)

    def wait(self, answer: Answer) -> timedelta | None:
        """How long the network tells us to wait, where it asks to slow down. None: it does not say."""
        return retry_after(answer.headers)

    def twin(self, answer: Answer) -> Receipt:
        """The older post that a refusal as duplicate names; an empty receipt where it names none."""
        return Receipt("")

    # In words ---------------------------------------------------------------------------------------------------------

    def unclear(self, error: type[DeliveryError], **words: str) -> DeliveryError:
        if error is OutcomeUnknown:
            return error(f"{self.called} gave no clear answer, so the {self.posted[0]} may or may not be out.", **words)
        return error(f"{self.called} could not be reached, or is out of order.", **words)

    def no_consent(self, refused: DeliveryError) -> Rejected:
        """Of a consent that was just given."""
        sentence = f"{self.called} did not take the consent; press Connect again, and check the app's id and secret if it comes again."
        return Rejected(sentence, **refused.words)

    def words(self, answer: Answer) -> dict[str, Any]:
        """The network's own, shortened; should it repeat a secret, without it."""
        said = self.said(answer) or answer.body.decode("utf-8", "replace")
        secrets = [value for key, value in self.credentials.items() if key not in PLAIN]
        for secret in filter(None, (self.app.secret and self.basic(), self.app.secret, *secrets)):
            said = said.replace(secret, "***")
        return {"status": str(answer.status), "detail": legible(said[:500])}

    def said(self, answer: Answer) -> str:
        """What the network says of its trouble; empty: the answer has another shape."""
        return ""

    def basic(self) -> str:
        """The operator's app, as HTTP Basic wants it (https://www.rfc-editor.org/rfc/rfc7617)."""
        return b64encode(f"{self.app.id}:{self.app.secret}".encode()).decode()

    # Reading back -----------------------------------------------------------------------------------------------------

    def look(self, pages: Iterable[Sequence[OwnPost]], message: Message, since: datetime) -> Look:
        """Find the message among the pages of own posts; it counts as not there only once all of them are read."""
        seen, number, (post, posted) = 0, 0, self.posted
        for number, page in enumerate(pages, 1):
            recent = [own for own in page if own.at >= since]
            seen += len(recent)
            for own in recent:
                if own.says(message):
                    return Look(own.receipt, seen, f"found on page {number}, {posted} {own.at:%Y-%m-%d %H:%M:%S} UTC")
        return Look(None, seen, f"{seen} {post}s since {since:%Y-%m-%d %H:%M:%S} UTC, on {number} pages")

    def id_in(self, address: str) -> str:
        found = self.seen_at(address, self.shown_at[1])
        return found[1] if found else ""

    def seen_at(self, address: str, pattern: str) -> re.Match[str] | None:
        """The path and query of an address of the network's own, or of its stand-in's."""
        try:
            parts = urlsplit(unquote(address.strip()))
        except ValueError:
            return None
        if not re.fullmatch(self.shown_at[0], parts.hostname or "") and parts.netloc != urlsplit(self.options.base_url).netloc:
            return None
        return re.match(rf"{pattern}(?![\w-])", f"{parts.path}?{parts.query}")

    def endless(self) -> Transient:
        return Transient(f"{self.called}'s list does not end, so it could not be read completely.")


class NotThere(Unauthorized):
    """There is no such post or place, or it is not for us to see."""


def trouble(answer: Answer, shape: type[Shape]) -> Shape:
    """What the network says of its trouble; `shape()` where the answer is made otherwise."""
    try:
        return shape.model_validate_json(answer.body)
    except ValidationError:
        return shape()


def same_words(text: str) -> str:
    """Words in the form in which two that look alike are the same."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def same_link(link: str) -> str:
    """An address without what may change on the way: the scheme, the host's case, tracking, the last slash, the fragment."""
    try:
        parts = urlsplit(link)
    except ValueError:  # what people post by hand may lead anywhere
        return link
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not re.match(r"utm_|fbclid$", pair[0])]
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}?{urlencode(kept)}"


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """A day at most; None: the network does not say."""
    wait = told_to_wait(headers, datetime.now(UTC))
    return None if wait is None else min(wait, DAY)
