"""The post in its own words: its summary, else how it begins, else what its page says. Whole sentences, nothing that is not the author's."""

import re
from functools import lru_cache
from itertools import accumulate, pairwise, takewhile

import nh3

from worker.gate.disclaimer import folded
from worker.lib.blogs import BlogFile
from worker.lib.text import is_cut_off, is_only_a_teaser, one_line, plain
from worker.models import Post
from worker.render import debris, disclaimers
from worker.render.clean import clean
from worker.render.sentences import joined, sentences, shortened

LONGEST = 500
_FAR_ENOUGH = 20_000
"""Characters; where a post of any length has begun or ended."""
_HEADING = "\ue010"
"""Before a heading's words, while a text is being taken apart."""
_ITEM = re.compile(r"(?:[-•*–] |\d{1,3}[.)] )")
_MOST_ITEMS = 3

# A paragraph that is set in bold from end to end and ends without a full stop is a heading to everybody but a parser.
_BOLD_LINE = re.compile(r"<p[^>]*>\s*<(strong|b)>([^<>]{1,120}?)(?<![.…])</\1>\s*</p>", re.IGNORECASE)
_NOT_TEXT = re.compile(r"<(figcaption|table|pre)\b[^>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_MARKUP = re.compile(
    r"</?(?:p|br|div|span|a|b|i|u|em|strong|img|h[1-6]|ul|ol|li|blockquote|figure|script|style|font|section)\b[^<>]*>", re.IGNORECASE
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});", re.IGNORECASE)
_LEADS_IN = re.compile(
    r"(?:here(?:’s|'s| is| are)|these are|the following|below (?:is|are)|let(?:’s|'s| us)|read on|in this (?:post|article)|consider the following"
    r"|voici|voilà|ci-dessous|dans cet article|lisez)\b",
    re.IGNORECASE,
)


def excerpt(post: Post, blog: BlogFile) -> str:
    """At most about LONGEST characters of whole sentences; empty when nobody gave any words at all."""
    return shortened(_best(post, blog), lambda text: len(text) <= LONGEST, enough=0)


def _best(post: Post, blog: BlogFile) -> str:
    summary, content = paragraphs(post.summary, post, blog), paragraphs(post.content, post, blog)
    own = opening(content) if is_cut_off(one_line(plain(post.summary))) else ""
    own = own or opening(summary) or opening(content)
    if own and not is_only_a_teaser(post.summary, post.content):
        return own
    page = opening(paragraphs(_as_markup(post.page_description), post, blog)) or opening(paragraphs(post.page_content, post, blog))
    return max(own, page, key=len) or _as_it_is(summary) or _as_it_is(content) or one_line(clean(post.page_description))


def paragraphs(markup: str, post: Post, blog: BlogFile) -> list[str]:
    """The author's paragraphs, each one line; list items keep a line each, since they are no sentences of the text around them.

    Headings stay, marked, because no sentence goes on behind one.
    """
    kept: list[str] = []
    beside = False
    for piece in _pieces(_visible(markup)[:_FAR_ENOUGH]):
        words = piece.removeprefix(_HEADING).strip()
        if debris.ends_the_post(words):
            if any(not each.startswith(_HEADING) for each in kept):
                break
            continue
        if disclaimers.is_heading(words):
            beside = True
            continue
        own = "" if beside else piece if piece.startswith(_HEADING) else _own_words(words, post, blog)
        beside = False
        kept += [own] if own else []
    return kept


def opening(texts: list[str]) -> str:
    """The whole sentences at the start. Headings and lists before them are passed over; a lead-in, a list or a heading after them ends them."""
    if said := _list_in_a_sentence(texts):
        return said
    found: list[str] = []
    for text in texts:
        whole, left_over = sentences(text)
        if text.startswith(_HEADING) or _ITEM.match(text) or not whole:
            if found:
                break
            continue
        found += whole
        if found and left_over:
            break
        if sum(map(len, found)) > LONGEST:
            break
    if len(found) > 1 and _LEADS_IN.match(found[-1]) and len(found[-1]) <= LONGEST / 4 and _goes_on_with_a_list(texts, found[-1]):
        found.pop()
    return joined(_up_to_longest(found))


def is_about_author(text: str, post: Post) -> bool:
    """The line about who wrote it: “Sheema Khan is a Registered Psychotherapist ...”."""
    author = one_line(post.author)
    return bool(author) and re.match(rf"{re.escape(author)}\s*(?:,|is\b|est\b|–|—|\()", text) is not None


def last_paragraphs(post: Post) -> list[str]:
    """How the post's text ends, each paragraph one line: there a blog says who wrote it."""
    return [piece.removeprefix(_HEADING) for piece in _pieces(_visible(post.content)[-_FAR_ENOUGH:])]


def about_its_disclaimer(post: Post, blog: BlogFile) -> str:
    """The sentence for staff where the post carries a disclaimer that is not the approved one; else nothing."""
    found = other_disclaimer(post, blog)
    if not found:
        return ""
    return f"The post’s own disclaimer is not the approved one: “{shortened(found, lambda text: len(text) <= 300)}” What goes out carries the approved one."


def other_disclaimer(post: Post, blog: BlogFile) -> str:
    """The disclaimer that the post itself carries, where it is not word for word an approved one; else nothing."""
    beside = False
    for markup in (post.summary, post.content, post.page_content):
        for piece in _pieces(_visible(markup)):
            words = piece.removeprefix(_HEADING).strip()
            if beside or disclaimers.is_disclaimer(words, blog):
                beside = disclaimers.is_heading(words)
                if not beside and not disclaimers.is_approved(words, blog):
                    return words
    return ""


@lru_cache(maxsize=16)  # the same text is asked for once a channel
def _visible(markup: str) -> str:
    markup = _NOT_TEXT.sub(" ", _BOLD_LINE.sub(r"<h4>\2</h4>", markup.replace(_HEADING, "")))
    text = plain(markup, _HEADING)
    if _MARKUP.search(text[:_FAR_ENOUGH]) or _ENTITY.search(text[:_FAR_ENOUGH]):  # escaped once too often, as some plugins do
        text = plain(nh3.clean(text[:_FAR_ENOUGH].replace("\n\n", "<p>")), _HEADING)
    return clean(text)


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


def _own_words(paragraph: str, post: Post, blog: BlogFile) -> str:
    """What of a paragraph the author wrote as part of the post."""
    text = one_line(debris.without_styles(debris.without_shortcodes(paragraph)))
    text = one_line(debris.without_endings(disclaimers.without_approved(text, blog)))
    text = _without_byline(text, post)
    is_not_the_posts = (
        debris.is_script(text)
        or debris.is_share_row(text)
        or debris.is_notice(text)
        or disclaimers.is_disclaimer(text, blog)
        or is_about_author(text, post)
        or folded(text) == folded(post.title)
    )
    return "" if is_not_the_posts else text


def _without_byline(text: str, post: Post) -> str:
    author = one_line(post.author)
    return (
        re.sub(rf"^(?:by|par|written by|écrit par) {re.escape(author)}\b[\s|:,·•–—-]*", "", text, flags=re.IGNORECASE) if author else text
    )


def _goes_on_with_a_list(texts: list[str], lead: str) -> bool:
    """What stands behind the paragraph that ends in this sentence is a list or a heading."""
    behind = next((after for before, after in pairwise(texts) if before.endswith(lead)), "")
    return bool(_ITEM.match(behind)) or behind.startswith(_HEADING)


def _list_in_a_sentence(texts: list[str]) -> str:
    """A text that begins with a lead-in and its list, as one sentence: “Three things help: sleep; light; talk.”"""
    lead, *behind = [text for text in texts if not text.startswith(_HEADING)] or [""]
    if not lead.endswith(":") or sentences(lead)[0]:
        return ""
    items = [_ITEM.sub("", text, count=1).rstrip(" .;,") for text in takewhile(_ITEM.match, behind[:_MOST_ITEMS])]
    said = f"{lead} {'; '.join(items)}."
    return said if items and len(said) <= LONGEST else ""


def _up_to_longest(whole: list[str]) -> list[str]:
    """At least one."""
    ends = accumulate(len(sentence) + 1 for sentence in whole)
    return whole[: max(1, sum(end <= LONGEST + 1 for end in ends))]


def _as_it_is(texts: list[str]) -> str:
    """No whole sentence anywhere: a summary that is one phrase, without its lead-in's colon."""
    return next((text.rstrip(" \xa0\u202f:") for text in texts if not text.startswith(_HEADING)), "")


def _as_markup(text: str) -> str:
    return f"<p>{nh3.clean_text(text)}</p>" if text else ""
