"""The words that a post's HTML shows, in pieces: headings marked, list items apart, what stands beside the text left out."""

import re
from functools import lru_cache

import nh3

from worker.lib.text import one_line, plain
from worker.render.clean import clean

HEADING = "\ue010"
"""Before a heading's words, while a text is being taken apart."""
ITEM = re.compile(r"(?:[-•*–] |\d{1,3}[.)] )")
FAR_ENOUGH = 20_000
"""Characters; where a post of any length has begun or ended."""

_BESIDE = frozenset(("figcaption", "table", "pre"))
# What its author set in bold on a line of its own, without a full stop, is a heading to everybody but a parser.
_BOLD_LINE = re.compile(r"(?:<p[^>]*>|^)\s*<(strong|b)>([^<>]{1,120}?)(?<![.…])</\1>\s*(</p>|<br ?/?>)", re.IGNORECASE)
_TWO_BREAKS = re.compile(r"(?:<br ?/?>\s*){2,}", re.IGNORECASE)
_CAPTION = re.compile(
    r"\[caption\b[^\[\]]{0,500}\]\s*(?:<a\b[^<>]{0,500}>\s*)?<img\b[^<>]{0,2000}>[^\[\]]{0,1000}\[/caption\]", re.IGNORECASE
)
# A note's number, not the 2 of m²: it is a link, or stands behind a word or a sentence's end.
_NOTE = re.compile(
    r"<sup[^<>]*>\s*<a\b[^<>]{0,500}>[^<>]{0,10}</a>\s*</sup>|(?<=[^\W\d_]{3}|..[.,;:!?”»)])<sup[^<>]*>\s*\[?(?:\d{1,3}|[*†‡])\]?\s*</sup>",
    re.IGNORECASE,
)
_BARE_NOTE = re.compile(r"(?<=[^\W_]|[.,;:!?”»)])\[\d{1,3}\]")
_HEADINGS = re.compile(rf"(?:^|(?<=\n)){HEADING}")
_SPACES = re.compile(r" [ \xa0]+|\xa0 +")
_MARKUP = re.compile(
    r"<!--|</?(?:p|br|div|span|a|b|i|u|em|strong|img|h[1-6]|ul|ol|li|blockquote|figure|script|style|font|section)\b[^<>]*>", re.IGNORECASE
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});", re.IGNORECASE)


@lru_cache(maxsize=16)  # the same text is asked for once a channel
def visible(markup: str, *, quotes: bool = True) -> str:
    """Paragraphs parted by blank lines. Without `quotes`, what others have said is left out too."""
    beside = _BESIDE if quotes else _BESIDE | {"blockquote"}
    text = plain(_told_apart(markup.replace(HEADING, "")), HEADING, beside)
    if _MARKUP.search(text[:FAR_ENOUGH]) or _ENTITY.search(text[:FAR_ENOUGH]):  # escaped once too often, as some plugins do
        text = plain(_told_apart(nh3.clean(text[:FAR_ENOUGH].replace("\n\n", "<p>"))), HEADING, beside)
    cleaned = HEADING.join(clean(part) for part in _HEADINGS.split(text))
    return _SPACES.sub(" ", _BARE_NOTE.sub("", cleaned))


def pieces(text: str) -> list[str]:
    """Paragraphs, each one line, and list items apart from what stands around them."""
    found: list[str] = []
    for paragraph in text.split("\n\n"):
        lines: list[str] = []
        for line in paragraph.split("\n"):
            if ITEM.match(line) or (lines and ITEM.match(lines[-1])):
                found += [one_line(" ".join(lines))] if lines else []
                lines = []
            lines.append(line)
        found.append(one_line(" ".join(lines)))
    return found


def _told_apart(markup: str) -> str:
    """Captions and notes taken out, headings and paragraphs that are only set as such made into what they are."""
    markup = _NOTE.sub("", _CAPTION.sub(" ", markup))
    return _BOLD_LINE.sub(r"<h4>\2</h4><p>", _TWO_BREAKS.sub("</p><p>", markup))
