"""The approved words, word for word."""

import unicodedata

from worker.channels.base import Channel, Message
from worker.gate.refused import Refused
from worker.lib.blogs import BlogFile
from worker.lib.text import one_line, plain


def check(message: Message, blog: BlogFile, kind: type[Channel]) -> None:
    if not blog.disclaimer.required:
        return
    words = approved(blog)
    if not words:
        raise Refused(f"{blog.name} asks for a disclaimer and has no approved text; write it as disclaimer.full in {blog.slug}.toml.")
    text = folded(message.text)
    if not any(folded(kind.escape(each)) in text for each in words):
        raise Refused("The approved disclaimer is not in the text, full or short, word for word; put it back.")
    if kind.slug != "email" and not message.html:
        return
    html = folded(plain(message.html))
    if not any(folded(each) in html for each in words):
        raise Refused("The approved disclaimer is not in the HTML part of the mail, full or short, word for word; put it back.")


def approved(blog: BlogFile) -> list[str]:
    """Full before short, each as one line; only what has words."""
    return [words for words in map(one_line, (blog.disclaimer.full, blog.disclaimer.short)) if words]


def folded(text: str) -> str:
    """One space for any white space, composed letters: two texts that fold alike read alike."""
    return " ".join(unicodedata.normalize("NFC", text).split())
