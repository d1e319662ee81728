"""The post in its own words: its summary, else how it begins, else what its page says. Whole sentences, nothing that is not the author's."""

import re
from itertools import accumulate, pairwise, takewhile

import nh3

from worker.gate.disclaimer import folded
from worker.lib.blogs import BlogFile
from worker.lib.text import is_cut_off, is_only_a_teaser, one_line, plain
from worker.models import Post
from worker.render import debris, disclaimers
from worker.render.clean import clean
from worker.render.sentences import joined, sentences, shortened
from worker.render.visible import FAR_ENOUGH, HEADING, ITEM, pieces, visible

LONGEST = 500
_MOST_ITEMS = 3
_MOST_HEADINGS = 30
_LEADS_IN = re.compile(
    r"^(?:here(?:’s|'s| is| are)|these are|the following|below (?:is|are)|let(?:’s|'s| us)|read on|in this (?:post|article)|voici|voilà|dans cet article"
    r"|lisez)\b|\b(?:(?:listed |described |outlined )?below|the following|as follows|ci-dessous|suivant(?:e?s)?)\b",
    re.IGNORECASE,
)


def excerpt(post: Post, blog: BlogFile) -> str:
    """At most about LONGEST characters of whole sentences; empty when nobody gave any words at all."""
    return shortened(_best(post, blog), lambda text: len(text) <= LONGEST, enough=0)


def _best(post: Post, blog: BlogFile) -> str:
    def begins(markup: str) -> str:
        """With the author's own words, rather than with whom they quote."""
        return opening(paragraphs(markup, post, blog, quotes=False)) or opening(paragraphs(markup, post, blog))

    own = begins(post.content) if is_cut_off(one_line(plain(post.summary))) else ""
    own = own or begins(post.summary) or begins(post.content)
    if own and not is_only_a_teaser(post.summary, post.content):
        return own
    described = _as_markup(post.page_description)
    phrases = (_as_it_is(paragraphs(markup, post, blog)) for markup in (post.summary, post.content, described))
    return max(own, begins(described) or begins(post.page_content), key=len) or next(filter(None, phrases), "")


def paragraphs(markup: str, post: Post, blog: BlogFile, *, quotes: bool = True) -> list[str]:
    """The author's paragraphs, each one line; list items keep a line each, since they are no sentences of the text around them.

    Headings stay, marked, because no sentence goes on behind one.
    """
    kept: list[str] = []
    for piece in disclaimers.without(pieces(_set_apart(visible(markup, quotes=quotes)[:FAR_ENOUGH], post)), blog):
        words = piece.removeprefix(HEADING).strip()
        if debris.ends_the_post(words):
            if any(not each.startswith(HEADING) for each in kept):
                break
            continue
        own = piece if piece.startswith(HEADING) else _own_words(words, post, blog)
        kept += [own] if own else []
    return kept


def opening(texts: list[str]) -> str:
    """The whole sentences at the start. Headings and lists before them are passed over; a lead-in, a list or a heading after them ends them."""
    if said := _list_in_a_sentence(texts):
        return said
    found: list[str] = []
    for text in texts:
        whole, left_over = sentences(text)
        if text.startswith(HEADING) or ITEM.match(text) or not whole:
            if found:
                break
            continue
        found += whole
        if found and left_over:
            break
        if sum(map(len, found)) > LONGEST:
            break
    if len(found) > 1 and _LEADS_IN.search(found[-1]) and len(found[-1]) <= LONGEST / 4 and _goes_on_with_a_list(texts, found[-1]):
        found.pop()
    return joined(_up_to_longest(found))


def is_about_author(text: str, post: Post) -> bool:
    """The line about who wrote it: “Sheema Khan is a Registered Psychotherapist ...”."""
    author = one_line(post.author)
    return bool(author) and re.match(rf"{re.escape(author)}\s*(?:,|is\b|est\b|–|—|\()", text) is not None


def last_paragraphs(post: Post) -> list[str]:
    """How the post's text ends, each paragraph one line: there a blog says who wrote it."""
    return [piece.removeprefix(HEADING) for piece in pieces(visible(post.content)[-FAR_ENOUGH:])]


def about_its_disclaimer(post: Post, blog: BlogFile) -> str:
    """The sentence for staff where the post carries a disclaimer that is not the approved one; else nothing."""
    found = other_disclaimer(post, blog)
    if not found:
        return ""
    return f"The post’s own disclaimer is not the approved one: “{shortened(found, lambda text: len(text) <= 300)}” What goes out carries the approved one."


def other_disclaimer(post: Post, blog: BlogFile) -> str:
    """The disclaimer that the post itself carries, where it is not word for word an approved one; else nothing."""
    found = (
        words for markup in (post.summary, post.content, post.page_content) for words in disclaimers.among(pieces(visible(markup)), blog)
    )
    return next((words for words in found if not disclaimers.is_approved(words, blog)), "")


def _set_apart(text: str, post: Post) -> str:
    """Headings that a summary has run into the sentences behind them: “What grief is Grief comes in waves.”"""
    headings = [post.title, *(piece for piece in pieces(visible(post.content)[:FAR_ENOUGH]) if piece.startswith(HEADING))]
    known = [
        re.escape(words) for words in (one_line(clean(each.removeprefix(HEADING))) for each in headings[:_MOST_HEADINGS]) if " " in words
    ]
    if not known:
        return text
    return re.sub(rf"(^|\n|[.!?…»”\]}}] )((?i:{'|'.join(known)}))(?= [^\W\da-z_])", rf"\1\n\n{HEADING}\2\n\n", text)


def _own_words(paragraph: str, post: Post, blog: BlogFile) -> str:
    """What of a paragraph the author wrote as part of the post."""
    text = one_line(debris.without_styles(debris.without_shortcodes(debris.without_marks(paragraph))))
    text = one_line(debris.without_endings(disclaimers.without_one(text, blog)))
    text = _without_byline(debris.without_reading_time(text), post)
    is_not_the_posts = (
        debris.is_script(text)
        or debris.is_share_row(text)
        or debris.is_notice(text)
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
    return bool(ITEM.match(behind)) or behind.startswith(HEADING)


def _list_in_a_sentence(texts: list[str]) -> str:
    """A text that begins with a lead-in and its list, as one sentence: “Three things help: sleep; light; talk.”"""
    lead, *behind = [text for text in texts if not text.startswith(HEADING)] or [""]
    if not lead.endswith(":") or sentences(lead)[0]:
        return ""
    items = [ITEM.sub("", text, count=1).rstrip(" .;,") for text in takewhile(ITEM.match, behind[:_MOST_ITEMS])]
    said = f"{lead} {'; '.join(items)}."
    return said if items and len(said) <= LONGEST else ""


def _up_to_longest(whole: list[str]) -> list[str]:
    """At least one."""
    ends = accumulate(len(sentence) + 1 for sentence in whole)
    return whole[: max(1, sum(end <= LONGEST + 1 for end in ends))]


def _as_it_is(texts: list[str]) -> str:
    """No whole sentence anywhere: a summary that is one phrase, without its lead-in's colon."""
    return next((text.rstrip(" \xa0\u202f:") for text in texts if not text.startswith(HEADING)), "")


def _as_markup(text: str) -> str:
    return f"<p>{nh3.clean_text(text)}</p>" if text else ""
