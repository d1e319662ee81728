"""A rendition as its network shows it: the words with the disclaimer marked, the counts, the picture."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.urls import reverse

from worker import channels
from worker.console import words
from worker.console.mail import with_samples
from worker.console.page import safe_link
from worker.lib.blogs import BlogFile
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
    description: str
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
    count: str
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
        edited_by=rendition.edited_by,
    )


def of_draft(made: Rendered, channel: str, file: BlogFile) -> Says:
    """What would go out, before there is a delivery."""
    return _says(made.message, channel, file, disclaimer=made.disclaimer, length=made.length, limit=made.limit)


def _says(
    said: object,
    channel: str,
    file: BlogFile | None,
    *,
    disclaimer: str,
    length: int,
    limit: int | None,
    picture: str = "",
    mail: str = "",
    edited_by: str = "",
) -> Says:
    """`said`: a rendition or a message; both name their parts alike."""
    part = {name: str(getattr(said, name)) for name in ("subject", "title", "description", "text", "link", "alt")}
    link = safe_link(part["link"])
    return Says(
        channel=words.channel_name(channel),
        slug=channel,
        by=_by(channel, file),
        subject=part["subject"],
        title=part["title"],
        description=part["description"],
        text=marked(with_samples(as_shown(part["text"], channel)), disclaimer),
        link=link,
        link_shown=_host_and_path(link),
        link_in_text=bool(link) and link in part["text"],
        picture=picture,
        alt=part["alt"],
        mail=mail,
        count=f"{length:,} of {limit:,}" if limit and channel != "email" else f"{length:,} characters",
        disclaimer=_which(disclaimer, file),
        edited_by=edited_by,
    )


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
