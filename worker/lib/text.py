"""From HTML to the words a reader sees."""

import re
from hashlib import sha256
from html.parser import HTMLParser

_PARAGRAPHS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "dd",
        "div",
        "dl",
        "dt",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "ul",
    ]
)
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_LINES = frozenset(("br", "li", "tr"))
_UNSEEN = frozenset(("head", "iframe", "noscript", "object", "script", "style", "svg", "template", "textarea", "title", "video", "audio"))


_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
ILLEGIBLE = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff{_NONCHARACTERS}]")
"""What is no text and nobody can read: control characters (but for tabs and line breaks), halves of surrogate pairs, code points that are no
characters. PostgreSQL takes no NUL, UTF-8 no halves, and no network any of them."""
_TEASER = 240
"""Characters: about forty words."""
_NO_ROOM = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_CUT_OFF = re.compile(r"(?:…|\.{3})\W*(?:$|(?:continue|keep|read|lire|en savoir|the post|l[’']article)\b)", re.IGNORECASE)


def plain(html: str, heading: str = "", beside: frozenset[str] = frozenset()) -> str:
    """The visible words. Paragraphs are parted by a blank line, list items stand on lines of their own with a dash or number.

    `heading`: what to set before the words of a heading, so that they can be told from a paragraph's. `beside`: elements
    to leave out, as a table may be no part of the text.
    """
    words = _Words(heading, _UNSEEN | beside)
    words.feed(html)
    words.close()
    return words.text()


def one_line(text: str) -> str:
    """Every run of white space becomes one space; a no-break space, which French sets before ! and ?, stays."""
    return re.sub(r"[^\S\xa0\u202f]+", " ", text).strip()


def legible(text: str) -> str:
    """What a stranger or their program wrote, as it can be kept and shown; a space for what nobody can read."""
    return text if text.isprintable() else re.sub("[\t\r\u2028\u2029]", " ", ILLEGIBLE.sub(" ", without_unseen(text)))


def without_unseen(text: str) -> str:
    """Without the signs that take no room and come along when words are copied from a web page or a letter. What joins letters stays."""
    return text if text.isascii() else _NO_ROOM.sub("", text)


def is_only_a_teaser(summary: str, content: str) -> bool:
    """So little of a post's HTML, or cut off so soon, that its page has more to say."""
    if len(content) > 4 * _TEASER:
        return False
    text = one_line(plain(content) or plain(summary))
    return len(text) < _TEASER or is_cut_off(text)


def is_cut_off(text: str) -> bool:
    """One line that a program made by cutting another: it ends in “[…]”, perhaps with “Continue reading” behind it."""
    return _CUT_OFF.search(text) is not None


def shortened(text: str, most: int) -> str:
    """At most `most` characters, cut between words where it can be, with an ellipsis for what is missing."""
    if len(text) <= most:
        return text
    head = text[: most - 1]
    return (head.rsplit(None, 1)[0] if re.search(r"\S\s+\S", head) else head).rstrip(" ,;:–—-") + "…"


def bounded(name: str) -> str:
    """At most 465 characters, and still another name than any other: what an index of the database can hold."""
    return name if len(name) <= 465 else f"{name[:400]}#{sha256(name.encode()).hexdigest()}"


class _Words(HTMLParser):
    def __init__(self, heading: str, leave_out: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._heading = heading
        self._leave_out = leave_out
        self._paragraphs: list[list[str]] = [[""]]
        self._unseen: list[str] = []
        self._numbers: list[int | None] = []

    def text(self) -> str:
        paragraphs = ["\n".join(filter(None, map(one_line, lines))) for lines in self._paragraphs]
        return "\n\n".join(filter(None, paragraphs))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._leave_out:
            self._unseen.append(tag)
        elif tag == "li":
            self._item()
        elif tag in _LINES:
            self._paragraphs[-1].append("")
        elif tag in _PARAGRAPHS and not (tag == "p" and self._in_empty_item()):
            self._paragraphs.append([self._heading if tag in _HEADINGS else ""])
        elif tag in ("td", "th"):
            self.handle_data(" ")
        if tag in ("ol", "ul"):
            self._numbers.append(0 if tag == "ol" else None)

    def handle_endtag(self, tag: str) -> None:
        if self._unseen and tag == self._unseen[-1]:
            self._unseen.pop()
        elif tag in ("ol", "ul") and self._numbers:
            self._numbers.pop()
        if tag in _PARAGRAPHS and not (tag == "p" and self._numbers):
            self._paragraphs.append([""])

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._paragraphs[-1][-1] += data

    def _item(self) -> None:
        mark = "- "
        if self._numbers and self._numbers[-1] is not None:
            self._numbers[-1] += 1
            mark = f"{self._numbers[-1]}. "
        self._paragraphs[-1].append(mark)

    def _in_empty_item(self) -> bool:
        return bool(self._numbers) and re.fullmatch(r"(?:- |\d+\. )\s*", self._paragraphs[-1][-1]) is not None
