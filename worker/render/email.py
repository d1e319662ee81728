"""A post as the newsletter shows it: `templates/email/newsletter/`, one mail for all readers, with marks where their own words go."""

from typing import Any

from worker.channels import find
from worker.channels.base import INLINE_PICTURE, Message, mark
from worker.channels.email import EmailOptions
from worker.gate import Refused
from worker.gate.disclaimer import approved
from worker.lib.blogs import BlogFile, Sender
from worker.lib.text import one_line
from worker.models import Post
from worker.render.author import author_line
from worker.render.clean import clean
from worker.render.excerpt import excerpt
from worker.render.images import Shown
from worker.render.links import share_row
from worker.render.own import own_words
from worker.render.related import related
from worker.render.rendered import Rendered
from worker.render.template import fill, inlined, squeezed
from worker.render.words import WORDS


def email(post: Post, blog: BlogFile, text: str | None, image: Shown) -> Rendered:
    kind = find("email")
    values = _values(post, blog, text, image)
    subject = one_line(fill("email/newsletter/subject.txt", **values))
    body = squeezed(fill("email/newsletter/body.txt", **values))
    html = inlined(fill("email/newsletter/body.html", **values))
    message = Message(
        text=body,
        link=values["link"],
        image=image.address if image.picture else "",
        alt=image.alt if image.picture else "",
        subject=subject,
        html=html,
        picture=image.picture,
    )
    return Rendered(message, values["disclaimer"], kind.measure(body), None)


def _values(post: Post, blog: BlogFile, text: str | None, image: Shown) -> dict[str, Any]:
    """What the templates may name."""
    options = blog.channels.get("email")
    link, title = clean(post.url).strip(), one_line(clean(post.title))
    disclaimer = next(iter(approved(blog)), "")
    return {
        "blog": blog,
        "words": WORDS[blog.language],
        "title": title,
        "paragraphs": own_words(text, blog, link).split("\n\n") if text is not None else [excerpt(post, blog)],
        "author": author_line(post, blog),
        "link": link,
        "picture": image.picture,
        "picture_address": INLINE_PICTURE,
        "alt": image.alt,
        "disclaimer": disclaimer,
        "shares": share_row(link, title, image.address),
        "related": related(post, blog, options.related if isinstance(options, EmailOptions) else 0),
        "sender": _sender(blog),
        "why": mark("why"),
        "unsubscribe": mark("unsubscribe"),
    }


def _sender(blog: BlogFile) -> Sender:
    if blog.sender is None:
        raise Refused(f"{blog.name} does not say who writes, as the law asks; fill in [sender] in {blog.slug}.toml.")
    return blog.sender
