"""What every channel declares, what posts to one network, and the errors that say what happens next. What goes to many people: `carrier`.

A channel takes values and gives values back: it knows no rows, no queue, no settings, no other channel. Nobody above
it reads a status code: the class of the error it raises is the instruction.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from worker.lib.blogs import ChannelOptions


@dataclass(frozen=True)
class Limits:
    """The most a network takes, by the network's own counting (`Channel.measure`). None: it has no such part."""

    text: int
    title: int | None = None
    description: int | None = None
    alt: int | None = None
    link: int | None = None
    image_required: bool = False
    link_in_text: bool = False
    """The network shows no link beside the text, so the text must hold it."""
    text_is_description: bool = False
    """One field under two names: the description is the text."""


@dataclass(frozen=True)
class Picture:
    """A picture as it goes to one network: checked, scaled, without metadata."""

    data: bytes
    media_type: str
    width: int
    height: int


@dataclass(frozen=True)
class PictureRules:
    """The picture a network takes as bytes. `width` and `height`: what it shows best, in pixels, and the size of a drawn card."""

    width: int
    height: int
    most_bytes: int
    least_width: int = 200
    media_types: tuple[str, ...] = ("image/jpeg", "image/png")


@dataclass(frozen=True)
class Message:
    """Exactly what one delivery says. `text` is as it goes over the wire; `image` is the picture's web address, and
    `picture` the same made ready for a network that takes the bytes."""

    text: str
    link: str = ""
    title: str = ""
    description: str = ""
    image: str = ""
    alt: str = ""
    subject: str = ""
    html: str = ""
    picture: Picture | None = None
    uploaded: str = ""
    """The network's own name of the picture, once `Poster.prepare` has uploaded it."""


@dataclass(frozen=True)
class Receipt:
    """The network has it. `detail` holds the network's own words, for the folded technical detail."""

    remote_id: str
    url: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Look:
    """One complete reading of an account's own posts. An incomplete one raises instead."""

    found: Receipt | None
    seen: int
    detail: str = ""


Credentials = dict[str, str]
"""One connection, decrypted, in the shape that `postlark connect` takes. Moments are ISO 8601. Never logged, never shown."""

PLAIN = ("expires_at", "refresh_token_expires_at", "scope")
"""Those of their keys that hold no secret."""


@dataclass(frozen=True)
class CredentialKeys:
    """The keys of one kind of credentials, as `postlark connect` takes them: those it needs, and those it may have."""

    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()


@dataclass(frozen=True)
class App:
    """The operator's own application at a network, from the environment. Empty: there is none."""

    id: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Account:
    """What a connection turned out to be when it was last read back. `notes`: what staff should know, one sentence each."""

    id: str
    name: str
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    """When a person must connect again. None: no end is known."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """A page, board or organisation that a connected account may post to. `credentials`: the place's own, where it has any."""

    id: str
    name: str
    credentials: Credentials | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Consent:
    """How a person lets us in: the network's page that asks, and what for.

    `place` names the option of the blog's file that a picked `Place` stands for: page_id, board_id, author; empty: none is picked.
    """

    page: str
    scopes: tuple[str, ...]
    separator: str = " "
    pkce: bool = False
    place: str = ""


class DeliveryError(Exception):
    """`sentence` is for the front desk; `status` and `detail` are the network's own words, kept folded."""

    def __init__(self, sentence: str, *, status: str = "", detail: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.detail = detail

    @property
    def words(self) -> dict[str, Any]:
        """The network's own, for another error about the same answer."""
        return {"status": self.status, "detail": self.detail}


class Transient(DeliveryError):
    """Certainly not posted; try again, after `retry_after` if the network said so.

    `cooldown`: the whole connection must wait, not this post alone (a rate limit).
    """

    def __init__(
        self, sentence: str, *, retry_after: timedelta | None = None, cooldown: bool = False, status: str = "", detail: str = ""
    ) -> None:
        super().__init__(sentence, status=status, detail=detail)
        self.retry_after = retry_after
        self.cooldown = cooldown


class Bounce(StrEnum):
    """What a refusal says of the reader's mailbox."""

    HARD = "hard"
    """It does not exist: stop writing there."""
    SOFT = "soft"
    """It cannot take mail for now (full, switched off, away), or nobody can tell."""
    BLOCKED = "blocked"
    """Nothing: our mail is not wanted as it is, or as it comes."""


class Rejected(DeliveryError):
    """This message will never be accepted as it is; nobody else's is at fault. `bounce`: by e-mail, what it says of the mailbox."""

    def __init__(self, sentence: str, *, bounce: Bounce = Bounce.BLOCKED, status: str = "", detail: str = "") -> None:
        super().__init__(sentence, status=status, detail=detail)
        self.bounce = bounce


class Unauthorized(DeliveryError):
    """The connection must be mended by a person first; no message is at fault.

    `passing`: or it mends itself, since the network may be in trouble: it is read back soon, and goes on where that goes well.
    """

    def __init__(self, sentence: str, *, passing: bool = False, status: str = "", detail: str = "") -> None:
        super().__init__(sentence, status=status, detail=detail)
        self.passing = passing


class OutcomeUnknown(DeliveryError):
    """It may or may not be out. Never repeated blindly."""


class RefusedAsDuplicate(DeliveryError):
    """The network says it has this text already. `remote_id` and `url` are those of the post it names, if it names one."""

    def __init__(self, sentence: str, *, remote_id: str = "", url: str = "", status: str = "", detail: str = "") -> None:
        super().__init__(sentence, status=status, detail=detail)
        self.remote_id = remote_id
        self.url = url


class Channel:
    """A way out, as its file describes it. Facts only; `Poster` and `Carrier` add the handing over."""

    slug: ClassVar[str]
    name: ClassVar[str]
    """As people read it: X (Twitter)."""
    column: ClassVar[int] = 100
    """Place in the console's grid, from the left."""
    done: ClassVar[str] = "Posted"
    """The word on screen once the network has it."""
    limits: ClassVar[Limits]
    Options: ClassVar[type[ChannelOptions]] = ChannelOptions
    """The shape of the channel's section in a blog's file."""
    picture: ClassVar[PictureRules | None] = None
    """None: it takes no picture as bytes."""

    @staticmethod
    def measure(text: str) -> int:
        """The length of a text by the network's own counting."""
        return len(text)

    @staticmethod
    def escape(text: str) -> str:
        """Plain words as this network wants them on the wire."""
        return text

    @staticmethod
    def hashtag(tag: str) -> str:
        """A hashtag on the wire; `tag` is letters and digits."""
        return f"#{tag}"

    @staticmethod
    def plain(text: str) -> str:
        """The words of the wire as people read them: undoes `escape` and `hashtag`."""
        return text


class Poster(Channel, ABC):
    """A network that takes one message and shows it to everybody.

    What it declares decides what follows a lost answer: `reads_back` (we can list our own posts), `refuses_duplicates`
    (the network itself never takes the same text twice), and `settle`, how long a post may take to show when reading back.
    Where the blog's file decides one of these, `__init__` sets it from the options.
    """

    reads_back: bool = False
    refuses_duplicates: bool = False
    settle: timedelta = timedelta(minutes=15)
    deletes: bool = False
    edits: bool = False
    deleted_but: str = ""
    """What a deletion cannot undo, in a sentence for the front desk."""
    edited_but: str = ""
    """What an edit cannot change."""
    stuck: str = ""
    """What to look at when no answer ever comes, in a sentence for the front desk."""
    look_price: Decimal = Decimal(0)
    """US dollars for one `find`."""
    delete_price: Decimal = Decimal(0)
    consent: ClassVar[Consent | None] = None
    """None: credentials are given by `postlark connect` alone."""
    shapes: ClassVar[tuple[CredentialKeys, ...]] = ()
    """What credentials may look like; any one of these. One that needs nothing: it is posted to without any."""
    account_id: str = ""
    """The connected account's own id (`Account.id`) as it was last read back; empty: not yet."""

    def __init__(self, options: Any, credentials: Credentials, app: App = App()) -> None:
        """`options`: an instance of `Options`."""
        self.options = options
        self.credentials = credentials
        self.app = app

    def prepare(self, message: Message) -> Message:
        """What may be repeated freely before the one call that posts: upload the picture.

        Raises like `send`, except OutcomeUnknown.
        """
        return message

    @abstractmethod
    def send(self, message: Message) -> Receipt:
        """Make the one request that posts. Raises a DeliveryError; anything else counts as an unknown outcome."""

    @abstractmethod
    def find(self, message: Message, since: datetime) -> Look:
        """Read our own posts made after `since`, all pages, and find this message by link, text and time.

        Raises Transient when the reading could not be completed, Unauthorized or Rejected when it may not be read. Never
        called where `reads_back` is False.
        """

    def confirm(self, remote_id: str, message: Message) -> Receipt | None:
        """Read the one post that the network named (`RefusedAsDuplicate`); None: it is not this message, or it is not there.

        Raises like `find`; Rejected where one post cannot be read.
        """
        raise Rejected(f"{self.name} does not let Postlark read a single post.")

    def id_in(self, address: str) -> str:
        """The id of the post that people see at this address; empty: the address is another's, or does not name it."""
        return ""

    def delete(self, remote_id: str) -> str:
        """Take the post down; its being gone already is success, so that it may be repeated. Returns the network's own words. Raises like `send`."""
        raise Rejected(f"{self.name} cannot delete a post.")

    def edit(self, remote_id: str, message: Message) -> Receipt:
        """Replace the words of a post that is out; may be repeated. Raises like `send`."""
        raise Rejected(f"{self.name} cannot change a post that is out.")

    def price(self, message: Message) -> Decimal:
        """US dollars that this post costs at most, everything that `prepare` and `send` ask for included."""
        return Decimal(0)

    def check(self) -> Account:
        """A harmless read: whose connection this is, what it may do, when it ends. Raises Unauthorized or Transient."""
        return Account("", "")

    def refresh(self, now: datetime) -> Credentials | None:
        """Fresh credentials in place of those that end soon; None: nothing to do now, or it cannot be done without a person.

        The old ones may be worthless afterwards, so the caller stores the new before it uses them, and never calls this twice
        at once. Raises Unauthorized when a person must connect again, Transient when it may be tried again.
        """
        return None

    @classmethod
    def asks(cls, options: Any) -> Consent | None:
        """`consent`, unless the blog's file decides what must be asked for."""
        return cls.consent

    @classmethod
    def connect(cls, options: Any, app: App, code: str, verifier: str, redirect_uri: str) -> Credentials:
        """Credentials for the code that the network's page of consent gave. Raises Unauthorized, Rejected or Transient."""
        raise Rejected(f"{cls.name} is connected by credentials alone.")

    def places(self) -> list[Place]:
        """What the connected account may post to, for the picker. Raises like `check`."""
        return []

    @classmethod
    def sunset(cls, options: Any) -> date | None:
        """The last day of the version of the network's interface that the blog's file names. None: not known."""
        return None
