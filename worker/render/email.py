"""A post as the newsletter shows it: `templates/email/newsletter/`, one mail for all readers, with marks where their own words go."""

from typing import Any

from worker.channels import find
from worker.channels.base import Message, Picture
from worker.channels.carrier import INLINE_PICTURE, mark
from worker.channels.email import EmailOptions
from worker.gate import Refused
from worker.gate.disclaimer import approved
from worker.lib.blogs import BlogFile, Sender
from worker.lib.text import one_line
from worker.models import Post
from worker.render import sections
from worker.render.author import author_line
from worker.render.clean import clean
from worker.render.excerpt import excerpt
from worker.render.images import Shown
from worker.render.links import share_row
from worker.render.own import own_words
from worker.render.paint import paint
from worker.render.related import related
from worker.render.rendered import Rendered
from worker.render.template import fill, inlined, squeezed
from worker.render.words import WORDS

WIDTH = 600
"""Of the column, in CSS pixels."""


def email(post: Post, blog: BlogFile, text: str | None, image: Shown) -> Rendered:
    options = blog.channels.get("email")
    link, title = clean(post.url).strip(), one_line(clean(post.title))
    values = {
        "title": title,
        "paragraphs": own_words(text, blog, link).split("\n\n") if text is not None else [excerpt(post, blog)],
        "author": author_line(post, blog),
        "link": link,
        "shares": share_row(link, title, image.address),
        "related": related(post, blog, options.related if isinstance(options, EmailOptions) else 0),
    }
    return made("newsletter", blog, link, image, values)


def made(mail: str, blog: BlogFile, link: str, image: Shown, values: dict[str, Any]) -> Rendered:
    """The mail that the three files in `templates/email/<mail>/` make of these values and of what every newsletter says."""
    values = _of_every_newsletter(blog, image) | values
    subject = one_line(fill(f"email/{mail}/subject.txt", **values))
    body, in_text = sections.found("text", squeezed(fill(f"email/{mail}/body.txt", **values, **sections.marks("text"))))
    html, in_html = sections.found("html", inlined(fill(f"email/{mail}/body.html", **values, **sections.marks("html"))))
    message = Message(
        text=body,
        link=link,
        image=image.address if image.picture else "",
        alt=image.alt if image.picture else "",
        subject=subject,
        html=html,
        picture=image.picture,
    )
    return Rendered(message, values["disclaimer"], find("email").measure(body), None, sections=(*in_text, *in_html))


def _of_every_newsletter(blog: BlogFile, image: Shown) -> dict[str, Any]:
    return {
        "blog": blog,
        "words": WORDS[blog.language],
        "paint": paint(blog),
        "picture": image.picture and _in_the_mail(image.picture),
        "alt": image.alt,
        "disclaimer": next(iter(approved(blog)), ""),
        "sender": _sender(blog),
        "why": mark("why"),
        "unsubscribe": mark("unsubscribe"),
        "read": mark("read"),
        "archive": mark("archive"),
    }


def _in_the_mail(picture: Picture) -> dict[str, Any]:
    return {"address": INLINE_PICTURE, "height": round(WIDTH * picture.height / picture.width)}


def _sender(blog: BlogFile) -> Sender:
    if blog.sender is None:
        raise Refused(f"{blog.name} does not say who writes, as the law asks; fill in [sender] in {blog.slug}.toml.")
    return blog.sender
