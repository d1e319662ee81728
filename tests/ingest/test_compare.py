"""The web site shows a post that its feed does not: noticed, told once, and over when the feed has it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import clocks
from tests.factories import blog_file
from tests.fakes.feeds import FeedSite, Reply, item, rss
from worker.ingest import Looked, compare
from worker.ingest.compare import Shown, missing
from worker.lib.http import Answer
from worker.models import Blog, Event

Looks = Callable[..., Looked]
FEED = [item("Alliance", day=0), item("Coping skills", day=7)]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REST = "/wp-json/wp/v2/posts"


def row() -> Blog:
    return Blog.objects.get(slug="example")


@pytest.fixture
def watched(looks: Looks) -> Looks:
    """A blog that has been watched since the first of November."""
    looks(rss(*FEED))
    Blog.objects.update(baseline_at=datetime(2026, 11, 1, tzinfo=UTC))
    return looks


def rest(*posts: tuple[str, datetime]) -> Reply:
    rows = [
        {"link": f"https://blog.example/{slug}/", "date_gmt": at.isoformat()[:19], "title": {"rendered": slug.title()}}
        for slug, at in posts
    ]
    return Reply(200, json.dumps(rows).encode(), "application/json")


def hours_ago(hours: float) -> datetime:
    return clocks.now() - timedelta(hours=hours)


def test_a_post_that_the_site_lists_and_the_feed_does_not_is_noticed(watched: Looks, site: FeedSite) -> None:
    site.others[REST] = rest(("winter", hours_ago(3)), ("alliance", hours_ago(90)))
    said = compare.compare("example")
    assert said.startswith("The web site shows “Winter”, published ")
    assert (row().state, row().sentence, row().told) == ("behind", said, said)
    compare.compare("example")
    assert Event.objects.filter(data__alert="feed").count() == 1


def test_it_is_over_when_the_feed_has_it(watched: Looks, site: FeedSite) -> None:
    site.others[REST] = rest(("winter", hours_ago(3)))
    compare.compare("example")
    assert watched().good
    assert row().state == "behind"
    watched(rss(item("Winter", day=-1), *FEED))
    assert (row().state, row().behind, row().told) == ("ok", "", "")
    assert compare.compare("example") == ""


def test_it_is_over_when_the_site_no_longer_shows_it(watched: Looks, site: FeedSite) -> None:
    site.others[REST] = rest(("winter", hours_ago(3)))
    compare.compare("example")
    site.others[REST] = rest(("alliance", hours_ago(90)))
    assert compare.compare("example") == ""
    watched()
    assert row().state == "ok"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404),
        Reply(200, b"<html>", "text/html"),
        Reply(200, b'{"code": "rest_forbidden"}'),
        Reply(200, b"[" * 100_000),
        Reply(200, b'[{"link": 5, "date_gmt": null}, 7, {"title": {"rendered": []}}]'),
        Reply(200, rss(*FEED)),
    ],
    ids=["none", "page", "forbidden", "nested", "strange", "feed"],
)
def test_a_site_without_such_a_list_tells_nothing(watched: Looks, site: FeedSite, reply: Reply) -> None:
    site.others[REST] = reply
    assert compare.compare("example") == ""
    assert row().state == "ok"


def sitemap(*pages: str, kind: str = "urlset", part: str = "url") -> Reply:
    inside = "".join(f"<{part}><loc>{page}</loc><lastmod>2026-11-20T10:00:00Z</lastmod></{part}>" for page in pages)
    return Reply(200, f'<?xml version="1.0"?><{kind} xmlns="x">{inside}</{kind}>'.encode(), "application/xml")


def test_a_sitemap_shows_it_too(watched: Looks, site: FeedSite) -> None:
    home = site.url.removesuffix("/feed/")
    site.others |= {
        "/sitemap.xml": sitemap(f"{home}/page-sitemap.xml", f"{home}/post-sitemap.xml", kind="sitemapindex", part="sitemap"),
        "/post-sitemap.xml": sitemap(f"{home}/alliance/", f"{home}/winter/", f"{home}/old/"),
        "/winter/": Reply(200, f'<meta property="article:published_time" content="{hours_ago(5).isoformat()}">'.encode(), "text/html"),
        "/old/": Reply(200, b'<script>{"datePublished":"2019-01-01T10:00:00Z"}</script>', "text/html"),
    }
    assert compare.compare("example").startswith(f"The web site shows {home}/winter/, published ")


def test_a_page_that_does_not_say_when_it_was_published_is_no_post(watched: Looks, site: FeedSite) -> None:
    home = site.url.removesuffix("/feed/")
    site.others |= {"/sitemap.xml": sitemap(f"{home}/blog/winter/"), "/blog/winter/": Reply(200, b"<html>", "text/html")}
    assert compare.compare("example") == ""


@pytest.mark.parametrize(
    ("hours", "found"), [(0.5, False), (2, True), (24 * 30, False), (-5, False)], ids=["just now", "late", "before we watched", "tomorrow"]
)
def test_only_what_should_be_there_by_now_is_missing(hours: float, found: bool) -> None:
    posts = [Shown("https://blog.example/winter/", NOW - timedelta(hours=hours))]
    assert bool(missing(posts, {"/alliance"}, NOW - timedelta(days=7), NOW)) is found


def test_what_the_feed_has_brought_is_not_missing_under_another_host() -> None:
    posts = [Shown("http://www.blog.example/alliance", NOW - timedelta(hours=3))]
    assert missing(posts, {"/alliance"}, NOW - timedelta(days=7), NOW) is None


def test_each_blog_is_compared_every_six_hours_and_not_at_once(watched: Looks) -> None:
    assert compare.due() == ["example"]
    compare.compare("example")
    assert compare.due() == []
    Blog.objects.update(compared_at=clocks.now() - timedelta(hours=6))
    assert compare.due() == ["example"]
    Blog.objects.update(baseline_at=clocks.now())
    assert compare.due() == []


@given(st.binary(max_size=2000) | st.text("<urlsitemapindexloc>/[]!CDATA0-: \n", max_size=500).map(str.encode))
def test_any_bytes_are_a_sitemap_or_none(body: bytes) -> None:
    answer = Answer(200, {}, body, "https://blog.example/")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compare, "_ask", lambda *_: answer)
        assert list(compare._sitemap(blog_file(), "https://blog.example/", set())) == []


@pytest.mark.parametrize(
    "piece", [b"<url>", b"<url><loc>", b"<url><loc> <![CDATA[", b"<lastmod> ", b"<sitemap>", b'article:published_time"']
)
def test_a_hostile_sitemap_is_read_in_no_time(piece: bytes) -> None:
    """The time limit is the test run's own."""
    assert list(compare._parts((piece * 50_000).decode(), "https://blog.example/")) == []
    assert compare._PUBLISHED.search((piece * 20_000).decode()) is None
