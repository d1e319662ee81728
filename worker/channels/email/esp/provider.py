"""What a provider's file says of it: how it is spoken to, what it can do, how it is looked up."""

from abc import ABC, abstractmethod
from contextlib import suppress
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any, ClassVar

from anymail.backends.base import AnymailBaseBackend
from anymail.message import AnymailMessage
from anymail.signals import AnymailTrackingEvent
from anymail.webhooks.base import AnymailCoreWebhookView
from django.http import HttpRequest

from worker.channels.base import Bounce, DeliveryError, Rejected, Transient, Unauthorized
from worker.channels.carrier import mark
from worker.channels.email.bounce import bounce
from worker.channels.email.esp.answers import trouble, words
from worker.channels.email.esp.door import Door
from worker.channels.email.esp.settings import EspSettings
from worker.lib.http import Answer, NoAnswer


class Provider(ABC):
    """`many`: so many readers in one request at most; 1: it cannot give each of many an own link.

    `probe`: an address that is read to see whether the key is good. `tracks`: what people must switch off there, since
    neither a request can nor is it told whether it is on; empty: nothing.
    """

    many: ClassVar[int] = 100
    probe: ClassVar[str]
    tracks: ClassVar[str] = ""

    def __init__(self, settings: EspSettings, until: float = float("inf")) -> None:
        self.settings = settings
        self.door = Door(until, private=settings.is_loopback)

    @abstractmethod
    def backend(self) -> AnymailBaseBackend:
        """anymail's, whose requests leave by our door."""

    @abstractmethod
    def headers(self) -> dict[str, str]:
        """What signs us in, for our own readings."""

    def slot(self, name: str) -> str:
        """How it writes the place of one reader's words: as we do, unless it has a way of its own."""
        return mark(name)

    def literal(self, text: str) -> str:
        """Words that are the same for all, safe from being taken for a `slot`."""
        return text

    def prepare(self, message: AnymailMessage) -> None:
        """What this provider needs beside. Tracking is switched off in each request."""
        message.track_opens = message.track_clicks = False

    def means(self, answer: Answer) -> DeliveryError | None:
        """Where this provider's own code says more than the status does; None: it does not."""
        return None

    @abstractmethod
    def view(self) -> AnymailCoreWebhookView:
        """anymail's, which takes a report only from whoever knows our secret."""

    def events(self, view: AnymailCoreWebhookView, request: HttpRequest) -> list[AnymailTrackingEvent]:
        """What a proven report tells. Raises what anymail raises over one that it cannot read."""
        found: list[AnymailTrackingEvent] = view.parse_events(request)
        return found

    def bounced(self, event: AnymailTrackingEvent, words: str) -> Bounce:
        """What came back says of the mailbox. `words`: the mail server's, where the provider passes them on."""
        return bounce("", words)

    def find(self, label: str, address: str, since: datetime) -> str:
        """The provider's words where its log has this copy; empty: a complete reading has not. Raises like `Carrier.find`."""
        raise Rejected(f"{self.settings.name} has no log that can be searched.")

    def ready(self) -> None:
        """Before the first request of a run: is it there at all? What is asked of it in vain leaves a reader in doubt. Raises a DeliveryError.

        A key that may send but read nothing is a good key.
        """
        with suppress(Unauthorized, Rejected):
            self.check()

    def check(self) -> None:
        """A harmless read. Raises a DeliveryError."""
        self.read("GET", self.probe.format(place=self.settings.place))

    def read(self, method: str, path: str, **request: Any) -> Answer:
        """Whatever is not 200 raises: Transient, Unauthorized or Rejected."""
        try:
            answer = self.door.ask(method, self.settings.base_url + path, headers=self.headers(), **request)
        except NoAnswer as error:
            raise self.unread(error) from None
        if answer.status != 200:
            raise self.unread(answer)
        return answer

    def unread(self, came: Answer | NoAnswer | None) -> DeliveryError:
        """What a reading that did not go well means: nothing is in doubt after it."""
        if isinstance(came, Answer):
            return self.hide(unreadable(self.settings.name, came) if came.status >= 500 else trouble(self.settings.name, came))
        return Transient(f"{self.settings.name} cannot be read just now.", detail=came.sentence if came else "")

    def hide(self, error: DeliveryError) -> DeliveryError:
        """Without our key, should the provider have repeated it."""
        for secret in filter(None, (self.settings.key, self.settings.secret, *self.headers().values())):
            error.detail = error.detail.replace(secret, "...")
        return error


def unreadable(name: str, answer: Answer) -> Transient:
    return Transient(f"{name} cannot be read just now.", status=str(answer.status), detail=words(answer))


def signed_in(settings: EspSettings) -> str:
    """What the address that is given to the provider begins with: https://postlark:SECRET@..."""
    return f"postlark:{settings.webhook}"


@cache
def _class_of(slug: str) -> type[Provider]:
    module = import_module(f"worker.channels.email.esp.{slug}")
    own = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Provider)]
    return next(value for value in own if value.__module__ == module.__name__)


def provider(settings: EspSettings, until: float = float("inf")) -> Provider:
    return _class_of(settings.esp)(settings, until)
