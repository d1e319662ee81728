"""A rendition as its network shows it: the words with the disclaimer marked, the counts, the picture."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.urls import reverse
from django.utils.translation import gettext as _

from worker import channels
from worker.channels.base import Message
from worker.console import words
from worker.console.mail import with_samples
from worker.console.page import safe_link
from worker.gate.limits import counts
from worker.lib.blogs import BlogFile
from worker.lib.language import number, said
from worker.models import Delivery, Rendition
from worker.render import Rendered


@dataclass(frozen=True)
class Says:
    channel: str
    slug: str
    by: str
    """Whose name stands over it."""
    subject: str
    title: str
    card: str
    """The description beside the text, where it is another."""
    text: tuple[tuple[str, bool], ...]
    """Pieces of the text; True for the approved disclaimer."""
    link: str
    link_shown: str
    link_in_text: bool
    picture: str
    """The address of the picture, on our own host; empty: none, or not to be had before the delivery exists."""
    alt: str
    mail: str
    """The address of the mail's frame; empty: not a mail."""
    letter: str
    """The address of the same as a file for a mail program."""
    counts: tuple[str, ...]
    disclaimer: str
    edited_by: str


def of_delivery(delivery: Delivery, rendition: Rendition, file: BlogFile | None) -> Says:
    return _says(
        rendition,
        delivery.channel,
        file,
        disclaimer=rendition.disclaimer,
        length=rendition.length,
        limit=rendition.limit,
        picture=reverse("picture", args=[delivery.pk]) if rendition.picture or rendition.image else "",
        mail=reverse("mail", args=[delivery.pk]) if rendition.html else "",
        letter=reverse("letter", args=[delivery.pk]) if rendition.html and file and file.sender else "",
        edited_by=rendition.edited_by,
    )


def of_draft(made: Rendered, channel: str, file: BlogFile) -> Says:
    """What would go out, before there is a delivery."""
    return _says(made.message, channel, file, disclaimer=made.disclaimer, length=made.length, limit=made.limit)


def _says(
    made: Message | Rendition,
    channel: str,
    file: BlogFile | None,
    *,
    disclaimer: str,
    length: int,
    limit: int | None,
    picture: str = "",
    mail: str = "",
    letter: str = "",
    edited_by: str = "",
) -> Says:
    """`made`: a rendition or a message; both name their parts alike."""
    part = {name: str(getattr(made, name)) for name in ("subject", "title", "description", "text", "link", "alt")}
    link = safe_link(part["link"])
    return Says(
        channel=words.channel_name(channel),
        slug=channel,
        by=_by(channel, file),
        subject=part["subject"],
        title=part["title"],
        card=part["description"] if part["description"] != part["text"] else "",
        text=marked(with_samples(as_shown(part["text"], channel)), disclaimer),
        link=link,
        link_shown=_host_and_path(link),
        link_in_text=bool(link) and link in part["text"],
        picture=picture,
        alt=part["alt"],
        mail=mail,
        letter=letter,
        counts=(_of("Text", length, limit), *_beside(made, channel)),
        disclaimer=_which(disclaimer, file),
        edited_by=edited_by,
    )


def _beside(made: Message | Rendition, channel: str) -> list[str]:
    """How long the other parts that staff can shorten are; a description that is the text has been said."""
    kind = channels.all_channels().get(channel)
    said_already = {"text", "link"} | ({"description"} if made.description == made.text else set())
    found = [each for each in counts(made, kind) if each.part not in said_already] if kind else []
    return [_of(_PARTS[each.part], each.length, each.limit) for each in found]


_PARTS = {"title": "Title", "description": "Description", "picture's description": "Picture's description"}


def _of(part: str, length: int, limit: int | None) -> str:
    if not limit:
        return _("{length} characters").format(length=number(length))
    return _("{part} {length} of {limit}").format(part=said(part), length=number(length), limit=number(limit))


def as_shown(text: str, channel: str) -> str:
    """The words of the wire as people read them."""
    known = channels.all_channels().get(channel)
    return known.plain(text) if known else text


def marked(text: str, disclaimer: str) -> tuple[tuple[str, bool], ...]:
    """The text in pieces, of which the disclaimer is marked wherever it stands."""
    if not disclaimer or disclaimer not in text:
        return ((text, False),)
    pieces: list[tuple[str, bool]] = []
    for plain in text.split(disclaimer):
        pieces += [(plain, False), (disclaimer, True)]
    return tuple(piece for piece in pieces[:-1] if piece[0])


def _which(disclaimer: str, file: BlogFile | None) -> str:
    if not disclaimer:
        return "no disclaimer"
    return "short disclaimer" if file and disclaimer == file.disclaimer.short != file.disclaimer.full else "full disclaimer"


def _by(channel: str, file: BlogFile | None) -> str:
    if file is None:
        return ""
    if channel == "email" and file.sender:
        return f"{file.sender.name} <{file.sender.email}>"
    return file.name


def _host_and_path(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.netloc}{parts.path}".rstrip("/")
