"""Whether the web site shows a post that its feed does not: its own list of posts, or its sitemap, beside what the feed has brought.

A feed that a cache keeps, or that a plugin has broken, looks fine and is silent: nothing else would tell.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

from django.db.models import Q

from worker.ingest import health, names
from worker.ingest.dates import EARLIEST, date_of
from worker.ingest.entry import address, title
from worker.lib import clock
from worker.lib.blogs import BlogFile, blog_file, blogs
from worker.lib.clock import Now, spoken
from worker.lib.http import Answer, NoAnswer, request
from worker.models import Alias, Blog
from worker.record.transition import note

EVERY = timedelta(hours=6)
AFTER_THE_FIRST_LOOK = timedelta(minutes=10)
IN_TIME = timedelta(hours=1)
"""So long after a post was published its feed may still be without it."""
AT_ONCE = 20
MAX_BYTES = 2_000_000
TIMEOUT = 10.0
MOST = 10
PAGES_ASKED = 3
_PART = re.compile(r"<(?:url|sitemap)>(.{1,3000}?)</(?:url|sitemap)>", re.DOTALL)
_LOC = re.compile(r"<loc>\s{0,50}(?:<!\[CDATA\[)?([^<\]\s]{1,2000})")
_LASTMOD = re.compile(r"<lastmod>\s{0,50}([^<\s]{1,40})")
_OF_POSTS = re.compile(r"(?:post|blog|article|news)", re.IGNORECASE)
_PUBLISHED = re.compile(r"""article:published_time["'][^>]{0,50}?content=["']([^"']{8,40})|"datePublished"\s?:\s?"([^"]{8,40})""")


@dataclass(frozen=True)
class Shown:
    """A post as the web site shows it."""

    url: str
    published: datetime
    title: str = ""


def due() -> list[str]:
    """Blogs whose feed was fine, and that nobody has compared for hours."""
    rested = Q(compared_at=None) | Q(compared_at__lte=Now() - EVERY)
    fine = Q(state__in=[Blog.State.OK, Blog.State.BEHIND], baseline_at__lte=Now() - AFTER_THE_FIRST_LOOK)
    return list(Blog.objects.filter(rested, fine, slug__in=list(blogs())).order_by("compared_at").values_list("slug", flat=True)[:AT_ONCE])


def compare(slug: str) -> str:
    """Compare, and write down what is missing from the feed: the sentence, or nothing."""
    now, file = clock.now(), blog_file(slug)
    blog = Blog.objects.filter(slug=slug).first()
    if file is None or blog is None or blog.baseline_at is None:
        return ""
    Blog.objects.filter(pk=blog.pk).update(compared_at=now)
    known = _known_paths(blog)
    found = missing(list(shown(file, blog.moved_to or file.feed, known)), known, blog.baseline_at, now)
    behind = sentence(found, file, now) if found else ""
    if behind != blog.behind:
        _write(blog, behind, now)
    return behind


def missing(posts: list[Shown], known: set[str], since: datetime, now: datetime) -> Shown | None:
    """The newest that was published since we watch, long enough ago, and that the feed has never brought."""
    late = [each for each in posts if since < each.published < now - IN_TIME and path_of(each.url) not in known]
    return max(late, key=lambda each: each.published, default=None)


def path_of(url: str) -> str:
    return names.path(names.address(url))


def sentence(found: Shown, file: BlogFile, now: datetime) -> str:
    return (
        f"The web site shows {f'“{found.title}”' if found.title else found.url}, published {spoken(found.published, file.timezone, now)}, "
        "but its feed does not list it. Ask whoever runs the site to clear its cache and to look at the feed."
    )


def _write(blog: Blog, behind: str, now: datetime) -> None:
    """Not over what a look has found wrong meanwhile; the next look says the rest."""
    values: dict[str, Any] = {"behind": behind}
    if behind and blog.state == Blog.State.OK:
        values |= {"state": Blog.State.BEHIND, "sentence": behind, "trouble_since": now, "told": behind}
    if Blog.objects.filter(pk=blog.pk, state=blog.state).update(**values) and "told" in values:
        note(behind, blog=blog)
        health.tell(blog, behind)


def _known_paths(blog: Blog) -> set[str]:
    return {names.path(link) for link in Alias.objects.filter(blog=blog, kind=Alias.Kind.LINK).values_list("value", flat=True)}


# What the web site shows ---------------------------------------------------------------------------------------------------


def shown(file: BlogFile, feed: str, known: set[str]) -> Iterator[Shown]:
    """Its newest posts: by WordPress's REST interface, else by its sitemap; none where it has neither."""
    for root in dict.fromkeys((urljoin(feed, ".." if feed.endswith("/") else "."), urljoin(feed, "/"))):
        if listed := list(_rest(file, root)):
            yield from listed
            return
    yield from _sitemap(file, urljoin(feed, "/"), known)


def _rest(file: BlogFile, root: str) -> Iterator[Shown]:
    answer = _ask(file, urljoin(root, f"wp-json/wp/v2/posts?per_page={MOST}&_fields=link,date_gmt,title"))
    try:
        rows: Any = json.loads(answer.body) if answer else []
    except (ValueError, RecursionError):
        rows = []
    for row in rows if isinstance(rows, list) else []:
        stated = row if isinstance(row, dict) else {}
        url, published = address(stated.get("link"), root), date_of(str(stated.get("date_gmt")))
        called = stated.get("title")
        if url and published:
            yield Shown(url, published, title(str(called.get("rendered", "")), "", as_html=True) if isinstance(called, dict) else "")


def _sitemap(file: BlogFile, root: str, known: set[str]) -> Iterator[Shown]:
    """A sitemap tells when a page was last changed; when it was published the page itself must say."""
    for name in ("sitemap.xml", "wp-sitemap.xml"):
        pages = list(_pages(file, urljoin(root, name)))
        strange = [url for url, _ in pages if path_of(url) not in known]
        for url in strange[:PAGES_ASKED]:
            if published := _published(file, url):
                yield Shown(url, published)
        if pages:
            return


def _pages(file: BlogFile, sitemap: str, *, deeper: bool = True) -> Iterator[tuple[str, datetime]]:
    """The pages of posts, the last changed first."""
    answer = _ask(file, sitemap)
    text = answer.body.decode(errors="replace") if answer else ""
    parts = sorted(_parts(text, sitemap), key=lambda part: part[1], reverse=True)
    if "<sitemapindex" not in text[:2000]:
        yield from (part for part in parts if not deeper or _OF_POSTS.search(part[0]))
    elif deeper:
        of_posts = [part[0] for part in parts if _OF_POSTS.search(part[0].rpartition("/")[2])]
        for each in of_posts[:2]:
            yield from _pages(file, each, deeper=False)


def _parts(text: str, base: str) -> Iterator[tuple[str, datetime]]:
    for part in _PART.findall(text):
        loc, changed = _LOC.search(part), _LASTMOD.search(part)
        url = address(html.unescape(loc[1]), base) if loc else ""
        if url:
            yield url, (date_of(changed[1]) if changed else None) or EARLIEST


def _published(file: BlogFile, url: str) -> datetime | None:
    answer = _ask(file, url)
    found = _PUBLISHED.search(answer.body[:300_000].decode(errors="replace")) if answer else None
    return date_of(found[1] or found[2]) if found else None


def _ask(file: BlogFile, url: str) -> Answer | None:
    try:
        answer = request("GET", url, timeout=TIMEOUT, max_bytes=MAX_BYTES, private=file.allow_private_addresses, redirects=3)
    except NoAnswer:
        return None
    return answer if answer.status == 200 else None
