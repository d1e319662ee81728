"""The post in its own words: its summary, else how it begins. Whole sentences, nothing that is not the author's."""

import re
from functools import lru_cache
from itertools import accumulate

from worker.gate.disclaimer import approved, folded
from worker.lib.blogs import BlogFile
from worker.lib.text import one_line, plain
from worker.models import Post
from worker.render.clean import clean
from worker.render.sentences import joined, sentences, shortened

LONGEST = 500
_FAR_ENOUGH = 20_000
"""Characters; where a post of any length has begun or ended."""
_NETWORKS = "facebook|twitter|x|pinterest|linkedin|instagram|whatsapp|threads|bluesky|e-?mail|courriel|print|imprimer|copy link"

_SHORTCODES = re.compile(
    r"\[/[\w-]+\]|\[[\w-]+\s+[\w-]+\s*=[^\[\]]{0,500}\]|\[(?:gallery|caption|embed|audio|video|playlist|toc|contact-form[\w-]*|et_pb_\w+|vc_\w+)[^\[\]]{0,500}\]"
)
_CUT_OFF = re.compile(r"\s*(?:\[\s*(?:…|\.{3})\s*\]|\(more…?\)|\(suite…?\))\s*|\s*(?:…|\.{3})\s*$")
_READ_ON = re.compile(
    r"(?:continue reading|keep reading|lire la suite|continuer la lecture|poursuivre la lecture)\b.*"
    r"|(?:read (?:the )?(?:more|full (?:post|article)|rest)|en savoir plus|lire plus)\s*(?:(?:about|on|of|de|sur)\b.*)?[\s.…»→>]*$",
    re.IGNORECASE,
)
_FIRST_ON = re.compile(
    r"(?<!\w)(?:The post|This post|L[’']article|Cet article)\b.{1,400}?(?:appeared first on|first appeared on|est apparu en premier sur)\b.*",
    re.DOTALL,
)
_SHARE_ROW = re.compile(
    rf"(?:(?:share|partager|tweet|pin|like|follow us)\b(?: (?:this|it|on|post|article|cet|sur)\b)*+\s*+:?\s*+|(?:{_NETWORKS})\b\s*+[|·,/]?\s*+)++",
    re.IGNORECASE,
)
_OTHER_POSTS = re.compile(
    r"(?:related|similar|recent|more) (?:posts|articles)|articles (?:connexes|similaires|récents)|you may also like", re.IGNORECASE
)
_DISCLAIMER = re.compile(r"(?:disclaimer|avertissement|avis de non-responsabilité)\b\s*:?", re.IGNORECASE)
_ITEM = re.compile(r"(?:- |\d{1,3}\. )")


def excerpt(post: Post, blog: BlogFile) -> str:
    """At most about LONGEST characters of whole sentences; empty when the feed gave no words at all."""
    summary, content = paragraphs(post.summary, post, blog), paragraphs(post.content, post, blog)
    words = opening(summary) or opening(content) or _as_it_is(summary) or _as_it_is(content)
    return shortened(words, lambda text: len(text) <= LONGEST, enough=0)


def paragraphs(markup: str, post: Post, blog: BlogFile) -> list[str]:
    """The author's paragraphs, each one line; list items keep a line each, since they are no sentences of the text around them."""
    kept = []
    for paragraph in _pieces(_visible(markup)[:_FAR_ENOUGH]):
        if _OTHER_POSTS.fullmatch(paragraph):
            break
        own = _own_words(paragraph, blog)
        if own and folded(own) != folded(post.title) and not is_about_author(own, post):
            kept.append(own)
    return kept


def opening(texts: list[str]) -> str:
    """The whole sentences at the start. A heading before them is passed over; a lead-in, a list or a heading after them ends them."""
    found: list[str] = []
    for text in texts:
        whole, left_over = sentences(text)
        if _ITEM.match(text) or (not whole and found):
            break
        found += whole
        if found and left_over:
            break
        if sum(map(len, found)) > LONGEST:
            break
    return joined(_up_to_longest(found))


def is_about_author(text: str, post: Post) -> bool:
    """The line about who wrote it: “Sheema Khan is a Registered Psychotherapist ...”."""
    author = one_line(post.author)
    return bool(author) and re.match(rf"{re.escape(author)}\s*(?:,|is\b|est\b|–|—|\()", text) is not None


def last_paragraphs(post: Post) -> list[str]:
    """How the post's text ends, each paragraph one line: there a blog says who wrote it."""
    return _pieces(_visible(post.content)[-_FAR_ENOUGH:])


@lru_cache(maxsize=16)  # the same text is asked for once a channel
def _visible(markup: str) -> str:
    return clean(plain(markup))


def _pieces(text: str) -> list[str]:
    """Paragraphs, and list items apart from what stands around them."""
    pieces: list[str] = []
    for paragraph in text.split("\n\n"):
        lines: list[str] = []
        for line in paragraph.split("\n"):
            if _ITEM.match(line) or (lines and _ITEM.match(lines[-1])):
                pieces += [one_line(" ".join(lines))] if lines else []
                lines = []
            lines.append(line)
        pieces.append(one_line(" ".join(lines)))
    return pieces


def _own_words(paragraph: str, blog: BlogFile) -> str:
    text = _SHORTCODES.sub(" ", paragraph)
    for words in approved(blog):
        text = re.sub(r"\s+".join(map(re.escape, words.split())), " ", text, flags=re.IGNORECASE)
    text = one_line(_FIRST_ON.sub("", text))
    text = re.sub(rf"(?:^|(?<=[…\]→])|(?<=\.\.\.))\s*{_READ_ON.pattern}", "", text, flags=re.IGNORECASE)
    text = one_line(_CUT_OFF.sub(" ", text))
    return "" if _SHARE_ROW.fullmatch(text) or _DISCLAIMER.match(text) else text


def _up_to_longest(whole: list[str]) -> list[str]:
    """At least one."""
    ends = accumulate(len(sentence) + 1 for sentence in whole)
    return whole[: max(1, sum(end <= LONGEST + 1 for end in ends))]


def _as_it_is(texts: list[str]) -> str:
    """No whole sentence anywhere: a summary that is one phrase, without its lead-in's colon."""
    return texts[0].rstrip(" \xa0\u202f:") if texts else ""
