"""What a post's own page says of itself, for posts of which the feed gives little: a few words cut off, or no picture.

Read once for each text of a post, before it is rendered, and kept on its row: a rendering stays a matter of values.
"""

import html
import logging
import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

import nh3

from worker.ingest.entry import address
from worker.lib.blogs import BlogFile
from worker.lib.http import Answer, NoAnswer, request
from worker.lib.text import ILLEGIBLE, is_only_a_teaser, one_line
from worker.models import Post

TIMEOUT = 8.0
MAX_BYTES = 3_000_000
MAX_REDIRECTS = 3
MAX_HTML = 400_000
MAX_DEPTH = 500
MAX_KEPT = 100_000
MAX_WORDS = 2000
ACCEPT = "text/html, application/xhtml+xml;q=0.9"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PageText:
    """A page's words about itself. `content`: the article alone, as safe HTML; empty where the page does not mark it."""

    description: str = ""
    content: str = ""
    image: str = ""
    image_alt: str = ""
    image_width: int | None = None
    image_height: int | None = None


class Unread(Exception):
    """The page told us nothing; the sentence says why."""


def read_page(post: Post, file: BlogFile) -> None:
    """Read the page of a post that wants it, unless that has been tried for this text already. What it says is kept in `post` and its row."""
    if not is_wanted(post, file.feed):
        return
    found, trouble = PageText(), ""
    try:
        found = read(_fetch(post.url, file))
    except Unread as unread:
        trouble = str(unread)
        log.info("page not read", extra={"post_id": post.pk, "reason": trouble})
    values = {f"page_{name}": value for name, value in vars(found).items()} | {"page_trouble": trouble, "page_read_for": post.text_hash}
    for name, value in values.items():
        setattr(post, name, value)
    Post.objects.filter(pk=post.pk, text_hash=post.text_hash).update(**values)


def is_wanted(post: Post, feed: str) -> bool:
    """The feed gives too little, and the page has not been read for what it gives now.

    What a blog had published before we came is read only once somebody wants to send it. A link that leads to another site
    is not the blog's page, and has others' words.
    """
    if post.page_read_for == post.text_hash or _site(post.url) != _site(feed):
        return False
    if post.origin == Post.Origin.BASELINE and post.planned_at is None:
        return False
    return not post.image or is_only_a_teaser(post.summary, post.content)


def read(answer: Answer) -> PageText:
    """A page as it came over the wire. Raises Unread for what is not a page, or built to be slow to read."""
    kind = answer.headers.get("content-type", "text/html")
    if answer.status != 200:
        raise Unread(f"The post's page answered with status {answer.status}.")
    if "html" not in kind.lower():
        raise Unread("The post's address does not lead to a web page.")
    markup = _without_code(ILLEGIBLE.sub(" ", decoded(answer)))[:MAX_HTML]
    if _depth(markup) > MAX_DEPTH:
        raise Unread("The post's page is nested too deeply to be read.")
    page = _Reader(nh3.clean(markup, tags=_READ, attributes=_READ_ATTRIBUTES, link_rel=None, url_relative="pass_through"))
    said = page.said
    return PageText(
        description=said("description", "og:description", "twitter:description")[:MAX_WORDS],
        content=nh3.clean(
            page.article[:MAX_KEPT],
            tags=nh3.ALLOWED_TAGS - _BESIDE,
            clean_content_tags=_BESIDE,
            url_relative=("rewrite_with_base", answer.url),
        ).strip(),
        image=address(said("og:image:secure_url", "og:image", "og:image:url", "twitter:image"), answer.url),
        image_alt=said("og:image:alt", "twitter:image:alt")[:MAX_WORDS],
        image_width=_pixels(said("og:image:width")),
        image_height=_pixels(said("og:image:height")),
    )


def _fetch(url: str, file: BlogFile) -> Answer:
    try:
        return request(
            "GET",
            url,
            headers={"Accept": ACCEPT},
            timeout=TIMEOUT,
            max_bytes=MAX_BYTES,
            private=file.allow_private_addresses,
            redirects=MAX_REDIRECTS,
        )
    except NoAnswer as error:
        raise Unread(error.sentence) from None


# Reading --------------------------------------------------------------------------------------------------------------------

_BESIDE = {"script", "style", "nav", "aside", "form", "header", "footer", "button", "figure", "figcaption"}
"""What stands in an article and is none of its words."""
_READ = nh3.ALLOWED_TAGS | {"meta", "main", "section", "form", "button"}
_READ_ATTRIBUTES = {"meta": {"name", "property", "content"}, "a": {"href"}, "img": {"src", "alt"}} | {
    tag: {"class", "itemprop"} for tag in ("article", "div", "main", "section")
}
# What WordPress, its themes and builders, Ghost, Blogger, Squarespace and Drupal call the text of a post.
_CALLED = re.compile(
    r"(?:^|\s)(?:entry-content|post-content|post-body|article-content|article-body|gh-content|wp-block-post-content"
    r"|elementor-widget-theme-post-content|blog-item-content|field--name-body|e-content)(?=\s|$)"
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)
_CODE = re.compile(r"<(script|style|svg|noscript|template)\b", re.IGNORECASE)
_CODE_ENDS = {name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style", "svg", "noscript", "template")}
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)")
# These have no end, or end by themselves where the next one begins.
_FLAT = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
        "p",
        "li",
        "dt",
        "dd",
        "option",
        "tr",
        "td",
        "th",
        "tbody",
        "thead",
        "tfoot",
    ]
)


def decoded(answer: Answer) -> str:
    """In the encoding that its header states, else the page itself, else UTF-8; never an error."""
    stated = re.search(r"charset=[\"']?([\w-]{1,40})", answer.headers.get("content-type", ""), re.IGNORECASE)
    named = _CHARSET.search(answer.body[:2048])
    charset = stated[1] if stated else named[1].decode("ascii") if named else "utf-8"
    try:
        return answer.body.decode(charset, "replace")
    except LookupError:
        return answer.body.decode("utf-8", "replace")


def _without_code(markup: str) -> str:
    """A page of today is mostly style and script; what follows an unfinished one is none of its words either."""
    kept, at = [], 0
    while start := _CODE.search(markup, at):
        kept.append(markup[at : start.start()])
        end = _CODE_ENDS[start[1].lower()].search(markup, start.end())
        at = markup.find(">", end.end()) + 1 if end else 0
        if not at:
            return "".join(kept)
    return "".join([*kept, markup[at:]])


def _depth(markup: str) -> int:
    """How deeply elements are nested at most, and how many have no end. A parser of HTML takes the square of it in time."""
    open_ones: Counter[str] = Counter()
    depth = deepest = 0
    for end, name in _TAG.findall(markup.lower()):
        if name in _FLAT or (end and not open_ones[name]):
            continue
        step = -1 if end else 1
        open_ones[name] += step
        depth += step
        deepest = max(deepest, depth)
    return deepest


@dataclass
class _Open:
    """The article's element, while it is being read. `inside`: so many of its own kind are open within it."""

    tag: str
    rank: int
    start: int
    inside: int = 0


@dataclass
class _Best:
    rank: int = -1
    text: str = ""


@dataclass
class _Found:
    metas: dict[str, str] = field(default_factory=dict)
    open: list[_Open] = field(default_factory=list)
    best: _Best = field(default_factory=_Best)


class _Reader(HTMLParser):
    """Over nh3's output, which is well formed. The first article-like element of the surest kind is the article."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self._found = _Found()
        self._markup = markup
        self._lines = [0, *(line.end() for line in re.finditer("\n", markup))]
        self.feed(markup)
        self.close()

    def said(self, *names: str) -> str:
        """The first of these that the page states."""
        return next((words for name in names if (words := self._found.metas.get(name))), "")

    @property
    def article(self) -> str:
        return self._found.best.text

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "meta":
            name = (values.get("property") or values.get("name") or "").strip().lower()
            # Some themes encode twice.
            self._found.metas.setdefault(name, one_line(html.unescape(values.get("content", ""))))
            return
        for each in self._found.open:
            each.inside += each.tag == tag
        rank = _rank(tag, values)
        if rank > self._found.best.rank:
            self._found.open.append(_Open(tag, rank, self._at() + len(self.get_starttag_text() or "")))

    def handle_endtag(self, tag: str) -> None:
        for each in [each for each in self._found.open if each.tag == tag]:
            if each.inside:
                each.inside -= 1
                continue
            self._found.open.remove(each)
            if each.rank > self._found.best.rank:
                self._found.best = _Best(each.rank, self._markup[each.start : self._at()])

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column


def _rank(tag: str, values: dict[str, str]) -> int:
    """How surely this element holds the article and nothing else; -1: it does not."""
    if "articlebody" in values.get("itemprop", "").lower() or _CALLED.search(values.get("class", "")):
        return 2
    return {"article": 1, "main": 0}.get(tag, -1)


def _site(address: str) -> str:
    """Near enough what a blog owns: `www.blog.example` and `feeds.blog.example` are one."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    return host if re.fullmatch(r"[0-9.]+|.*:.*", host) else ".".join(host.split(".")[-2:])


def _pixels(stated: str) -> int | None:
    return int(stated) if re.fullmatch(r"[0-9]{1,5}", stated) else None
