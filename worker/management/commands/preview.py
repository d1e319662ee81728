from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker import channels
from worker.deliver.plan import draft, draft_issue
from worker.gate.limits import counts
from worker.lib.blogs import BlogFile
from worker.lib.editions import INSTANT
from worker.management.command import PostlarkCommand, find_blog, find_post
from worker.management.rendition import as_json
from worker.models import Delivery, Post, Rendition
from worker.newsletter import choices, mail
from worker.render import Rendered
from worker.render.excerpt import about_its_disclaimer


class Command(PostlarkCommand):
    help = "Exactly what a post would say on a channel, or why it may not go out."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("post", help="id, URL or guid")
        parser.add_argument("--channel", required=True, choices=channels.all_channels())
        parser.add_argument("--edition", default="", help="e-mail: the newsletter it comes in; without, the first in the blog's file")
        parser.add_argument("--eml", action="store_true", help="the whole mail on stdout, as a reader's mail program gets it")

    def act(self, *, post: str, channel: str, edition: str, eml: bool, **_: Any) -> tuple[Any, list[str]]:
        if (eml or edition) and channel != "email":
            raise CommandError(
                f"{'--eml shows a mail' if eml else '--edition names a newsletter'}; it goes with --channel email.", returncode=2
            )
        found = find_post(post)
        blog = find_blog(found.blog.slug)
        if channel not in blog.channels:
            raise CommandError(f"{blog.name} has no {channels.find(channel).name}: there is no [channels.{channel}] in {blog.slug}.toml.")
        issue = _issue(found, blog, edition) if channel == "email" else None
        made = draft_issue(issue, blog) if issue else draft(found, blog, channel)
        if isinstance(made, str):
            raise CommandError(made)
        if eml:
            self.stdout.ending = ""
            letter = mail.sample(_unsaved(found, made), blog).as_string()
            return {"eml": letter}, [letter]
        notes = list(filter(None, (made.note, about_its_disclaimer(found, blog))))
        counted = counts(made.message, channels.find(channel)) if made.limit is not None else []
        says = as_json(made) | {"counts": [count._asdict() for count in counted], "notes": notes}
        return says, [*_lines(says, channel), *notes]


def _issue(post: Post, blog: BlogFile, edition: str) -> Delivery | None:
    """The digest that brings the post; None: it comes by itself."""
    offered = choices.editions(blog)
    if edition and edition not in offered:
        raise CommandError(f"{blog.name} has no edition {edition!r}; it has {', '.join(offered)}.")
    edition = edition or offered[0]
    if edition == INSTANT:
        return None
    automatic = Delivery.objects.filter(occasion=Delivery.Occasion.AUTOMATIC).select_related("blog", "issue")
    issue = automatic.filter(edition=edition, issue__parts__post=post, issue__parts__left_out="").first()
    if issue is None:
        raise CommandError(f"“{post.title}” is in no {edition} newsletter.")
    return issue


def _unsaved(post: Post, made: Rendered) -> Delivery:
    """A delivery that is only looked at."""
    delivery = Delivery(pk=0, blog=post.blog, post=post, channel="email")
    message = made.message
    delivery.rendition = Rendition(subject=message.subject, text=message.text, html=message.html, picture=made.picture, length=made.length)
    return delivery


def _lines(says: dict[str, Any], channel: str) -> Iterator[str]:
    for name in ("subject", "title"):
        if says[name]:
            yield f"{name.capitalize()}: {says[name]}"
    yield says["text"]
    yield ""
    if says["description"] and says["description"] != says["text"]:
        yield f"On the card: {says['description']}"
    yield f"Link: {says['link']}"
    yield f"Picture: {says['image']} ({says['alt']})" if says["image"] else "No picture."
    limit = f" of {says['limit']}" if says["limit"] else ""
    yield f"{says['length']}{limit} characters as {channels.find(channel).name} counts them."
    beside = [f"{count['part']} {count['length']} of {count['limit']}" for count in says["counts"] if count["part"] != "text"]
    if beside:
        yield f"Beside the text: {', '.join(beside)}."
