"""The line that says who wrote the post."""

from worker.lib.blogs import BlogFile
from worker.lib.text import one_line
from worker.models import Post
from worker.render.clean import clean
from worker.render.excerpt import is_about_author, last_paragraphs
from worker.render.sentences import sentences
from worker.render.words import WORDS

LONGEST = 200


def author_line(post: Post, blog: BlogFile) -> str:
    """The author's own line at the end of the post, by its first sentence; else “By” and the name; empty when the feed names nobody."""
    about = next((text for text in reversed(last_paragraphs(post)) if is_about_author(text, post)), "")
    line = next(iter(sentences(about)[0]), about)
    if line and len(line) <= LONGEST:
        return line
    name = one_line(clean(post.author))
    return WORDS[blog.language].by.format(author=name) if 0 < len(name) <= LONGEST else ""
