"""The last look before anything leads there: the post's page on the blog, as the public sees it.

    found                                           what follows
    200, and it is the post's page                  it goes out
    404, 410, another 4xx, a password, noindex      held for a person, with the reason
    sent on to another post, or to the home page    held
    no answer, 5xx, 429                             it waits and is tried again, like a network in trouble

One look serves all channels of a post for a minute. Where the post's picture is the page's own, and the page has another
by now, that one is taken.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urlsplit

from worker.channels.base import Transient
from worker.deliver import approval
from worker.deliver.outcome import Withheld
from worker.deliver.plan import draft, write
from worker.ingest.entry import address
from worker.ingest.page import ACCEPT, MAX_REDIRECTS, TIMEOUT, decoded
from worker.lib import clock
from worker.lib.blogs import BlogFile
from worker.lib.http import Answer, NoAnswer, request, told_to_wait
from worker.lib.text import legible, one_line
from worker.models import Delivery, Post
from worker.record.transition import note

FRESH = timedelta(minutes=1)
AN_HOUR = timedelta(hours=1)
GONE = (404, 410)
LATER = (408, 425, 429)
MEND = "Mend it on the blog, then release this; or cancel it."
WALL = "If people can open it, release this: it goes out without another look. The web site's guard against robots keeps Postlark out; have its host let “Postlark” through."


@dataclass(frozen=True)
class Look:
    """`trouble` None: the page is in order. `picture`: the one that it names for being shared."""

    trouble: "Trouble | None"
    picture: str = ""


@dataclass(frozen=True)
class Trouble:
    """`passing`: it may be over soon by itself. `gone`: there is no such page any more."""

    sentence: str
    passing: bool = False
    gone: bool = False
    wait: timedelta | None = None
    advice: str = MEND


def check(delivery: Delivery, file: BlogFile) -> None:
    """Of a delivery that has just been claimed. Raises Withheld where the page is not in order or its picture needs a new approval, Transient where it cannot be seen just now."""
    post = delivery.post
    if post is None or delivery.page_waived or _just_seen(post, clock.now()):
        return
    seen = look(post, file)
    if seen.trouble and seen.trouble.passing:
        raise Transient(seen.trouble.sentence, retry_after=seen.trouble.wait)
    if seen.trouble:
        raise Withheld(Delivery.HeldFor.PAGE, f"{seen.trouble.sentence} {seen.trouble.advice}")
    if _has_another_picture(delivery, post, seen.picture):
        _take_picture(delivery, post, file, seen.picture)
    else:
        Post.objects.filter(pk=post.pk).update(page_looked_at=clock.now())


def _has_another_picture(delivery: Delivery, post: Post, picture: str) -> bool:
    words = delivery.rendition
    if not picture or post.image or words.edited_by or words.image in ("", picture):
        return False
    return post.page_image in (words.image, picture) and not delivery.attempts.filter(calling_at__isnull=False).exists()


def _take_picture(delivery: Delivery, post: Post, file: BlogFile, picture: str) -> None:
    post.page_image, post.page_image_alt, post.page_image_width, post.page_image_height = picture, "", None, None
    post.save(update_fields=["page_image", "page_image_alt", "page_image_width", "page_image_height"])
    made = draft(post, file, delivery.channel)
    if not isinstance(made, str):
        write(delivery, made)
        note("The page has another picture by now; it is the one that goes out.", delivery=delivery)
        delivery.refresh_from_db()  # what leaves is what was written
        if sentence := approval.missing(file, delivery.approved_by):
            raise Withheld(Delivery.HeldFor.APPROVAL, sentence)


def look(post: Post, file: BlogFile) -> Look:
    try:
        answer = request(
            "GET",
            post.url,
            headers={"Accept": ACCEPT},
            timeout=TIMEOUT,
            private=file.allow_private_addresses,
            redirects=MAX_REDIRECTS,
        )
    except NoAnswer as silence:
        return Look(Trouble(f"The post's page cannot be seen just now: {silence.sentence}", passing=True))
    other = answer.url != post.url and Post.objects.filter(blog=post.blog_id, url=answer.url).exclude(pk=post.pk).exists()
    trouble = judge(answer, url=post.url, title=post.title, is_another_post=other)
    return Look(trouble, "" if trouble else Page.read(answer).picture)


def judge(answer: Answer, *, url: str, title: str, is_another_post: bool) -> Trouble | None:
    """What is wrong with the page that was found at `url`; None: nothing. `is_another_post`: it is the address of one."""
    if answer.status != 200:
        return _of_status(answer)
    page = Page.read(answer)
    if page.asks_password:
        return Trouble("The post's page asks for a password.")
    if page.hidden:
        return Trouble("The post's page asks search engines to pass it by (noindex), so it may not be meant for everybody yet.")
    if not _same_page(url, answer.url) and (is_another_post or _is_home(answer.url) or not page.shows(title)):
        return Trouble(f"The post's page sends its readers on to another one: {answer.url}.")
    if page.title and not page.shows(title):  # an SEO plugin's title is another than the post's, which then stands in a heading
        return Trouble(f"The post's page is called “{page.title}” now, and “{title}” stands nowhere on it.")
    return None


def _of_status(answer: Answer) -> Trouble:
    if answer.status in LATER or answer.status >= 500:
        wait = told_to_wait(answer.headers, datetime.now(UTC))
        sentence = f"The post's page cannot be seen just now: the blog answers with status {answer.status}."
        return Trouble(sentence, passing=True, wait=min(wait, AN_HOUR) if wait else None)
    if answer.status in GONE:
        return Trouble(f"The post's page is not there: the blog answers with status {answer.status}.", gone=True)
    if answer.status == 401:
        return Trouble("The post's page asks for a password.")
    if answer.status == 403:
        return Trouble("The post's page is closed to Postlark: the blog answers with status 403.", advice=WALL)
    return Trouble(f"The post's page may not be open to everybody: the blog answers with status {answer.status}.")


@dataclass(frozen=True)
class Page:
    """What a page says of itself, as far as it matters here."""

    title: str
    """og:title"""
    picture: str
    """og:image"""
    hidden: bool
    asks_password: bool
    markup: str

    @classmethod
    def read(cls, answer: Answer) -> "Page":
        markup = decoded(answer) if "html" in answer.headers.get("Content-Type", "html") else ""
        metas = dict(_metas(markup))
        robots = f"{answer.headers.get('X-Robots-Tag', '')},{metas.get('robots', '')}"
        return cls(
            title=one_line(legible(metas.get("og:title", ""))),
            picture=address(metas.get("og:image:secure_url") or metas.get("og:image"), answer.url),
            hidden=bool(_HIDDEN.search(robots)),
            asks_password=bool(_PASSWORD.search(markup)),
            markup=markup,
        )

    def shows(self, title: str) -> bool:
        wanted = _letters(title)
        return wanted in _letters(self.title) or wanted in _letters(_TAG.sub("", self.markup))


_TAG = re.compile(r"<[^<>]*>")
_META = re.compile(r"<meta\b([^>]{1,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(name|property|content)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_HIDDEN = re.compile(r"(?:^|[,:\s])(?:noindex|none)(?:$|[,\s])", re.IGNORECASE)
# https://developer.wordpress.org/reference/functions/get_the_password_form/
_PASSWORD = re.compile(r"<form\b[^>]{0,500}\bpost-password-form\b", re.IGNORECASE)


def _metas(markup: str) -> list[tuple[str, str]]:
    """(name, content), the last first, so that in a dictionary the first one counts."""
    found = []
    for tag in _META.findall(markup):
        values = {name.lower(): unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(tag)}
        found.append(((values.get("name") or values.get("property") or "").lower(), values.get("content", "")))
    return found[::-1]


def _letters(text: str) -> str:
    """What remains when dashes, quotes, spaces and the case of letters are written otherwise."""
    return "".join(filter(str.isalnum, unescape(text).casefold()))


def _same_page(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/")


def _is_home(url: str) -> bool:
    return not _plain(url)[1]


def _just_seen(post: Post, now: datetime) -> bool:
    return not post.page_misses and post.page_looked_at is not None and post.page_looked_at > now - FRESH
