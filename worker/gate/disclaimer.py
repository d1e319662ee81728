"""The approved words, word for word."""

import unicodedata

from worker.channels.base import Channel, Message
from worker.gate.refused import Refused
from worker.lib.blogs import BlogFile
from worker.lib.text import plain


def check(message: Message, blog: BlogFile, kind: type[Channel]) -> None:
    if not blog.disclaimer.required:
        return
    words = approved(blog)
    if not words:
        raise Refused(f"{blog.name} asks for a disclaimer and has no approved text; write it as disclaimer.full in {blog.slug}.toml.")
    carried = [folded(message.text)]
    escaped = [folded(kind.escape(each)) for each in words]
    if not any(each in carried[0] for each in escaped):
        raise Refused("The approved disclaimer is not in the text, full or short, word for word; put it back.")
    if (kind.slug == "email" or message.html) and not any(folded(each) in folded(plain(message.html)) for each in words):
        raise Refused("The approved disclaimer is not in the HTML part of the mail, full or short, word for word; put it back.")


def approved(blog: BlogFile) -> list[str]:
    """Full before short; only what has words."""
    return [words for words in (blog.disclaimer.full.strip(), blog.disclaimer.short.strip()) if words]


def folded(text: str) -> str:
    """One space for any white space, composed letters: two texts that fold alike read alike."""
    return " ".join(unicodedata.normalize("NFC", text).split())
