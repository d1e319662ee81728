"""What a post's own page says of itself, where the feed says little. The pages are real HTTP on loopback."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest

from tests.factories import blog_file, make_blog, make_post
from tests.fakes.feeds import FeedSite, Reply
from worker.ingest.page import MAX_DEPTH, PageText, Unread, is_wanted, read, read_page
from worker.lib.http import Answer
from worker.lib.text import is_only_a_teaser, plain
from worker.models import Post

AT = "https://blog.example/grief/"
LONG = "<p>" + "Grief comes in waves, and each of them is another. " * 8 + "</p>"
HEAD = """<meta charset="utf-8"><title>On grief</title>
<meta name="description" content="What grief is &amp; is not.">
<meta property="og:description" content="For Facebook.">
<meta property="og:image" content="/pictures/waves.jpg">
<meta property="og:image:alt" content="Waves at dusk">
<meta property="og:image:width" content="1200">
<meta property="og:image:height" content="630">"""


def page(body: str = "", head: str = HEAD, status: int = 200, kind: str = "text/html; charset=utf-8") -> PageText:
    headers: Mapping[str, str] = {"content-type": kind}
    return read(Answer(status, headers, f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode(), AT))


# What is wanted -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("summary", "content", "little"),
    [
        ("", "", True),
        ("<p>A few words about grief.</p>", "", True),
        (LONG, "", False),
        (f"{LONG}<p>Most people who grieve find that […]</p>", "", True),
        (f"{LONG}<p>Most people who grieve find that [...]</p><p>The post On grief appeared first on Blog.</p>", "", True),
        (f"{LONG}<p>Most people who grieve find that… <a>Continue reading</a></p>", "", True),
        ("<p>Most people who grieve find that […]</p>", LONG, False),
        ("", LONG * 10, False),
    ],
)
def test_a_feed_may_say_too_little(summary: str, content: str, little: bool) -> None:
    assert is_only_a_teaser(summary, content) is little


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, True),
        ({"image": ""}, True),
        ({"content": LONG}, False),
        ({"content": LONG, "image": ""}, True),
        ({"page_read_for": "a"}, False),
        ({"page_read_for": "before it was edited"}, True),
        ({"origin": Post.Origin.BASELINE}, False),
        ({"origin": Post.Origin.BASELINE, "planned_at": "once"}, True),
        ({"url": "https://another.example/grief/"}, False),
        ({"url": "https://blog.example:8443/grief/"}, True),
        ({"url": "https://www.blog.example/grief/"}, True),
        ({"url": ""}, False),
    ],
)
def test_a_page_is_read_once_for_a_post_that_has_little(values: dict[str, Any], wanted: bool) -> None:
    post = Post(**{"url": AT, "summary": "<p>Short.</p>", "image": "https://blog.example/a.jpg", "text_hash": "a", **values})
    assert is_wanted(post, "https://feeds.blog.example/feed/") is wanted


# What it says ---------------------------------------------------------------------------------------------------------------


def test_it_reads_what_the_page_says_of_itself() -> None:
    assert page() == PageText("What grief is & is not.", "", "https://blog.example/pictures/waves.jpg", "Waves at dusk", 1200, 630)


def test_what_is_said_to_facebook_will_do() -> None:
    assert page(head='<meta content="For  all" property="og:description"><meta name="description" content="">').description == "For all"


@pytest.mark.parametrize(
    "body",
    [
        f'<div class="entry-content clear">{LONG}</div>',
        f"<main><header><h1>On grief</h1></header><article>{LONG}</article><aside>Posts</aside></main>",
        f'<article>Before<div><div class="post-content">{LONG}</div></div>After</article>',
        f'<div itemprop="articleBody"><div class="a"><div></div></div>{LONG}</div><div>After</div>',
        f'<div class="elementor-widget elementor-widget-theme-post-content">{LONG}</div><div class="entry-content">Another</div>',
        f"<main>{LONG}</main><footer>Foot</footer>",
        f"<article><style>.elementor{{}}</style><script>x</script><nav>Home</nav>{LONG}<form><button>Send</button></form></article>",
    ],
)
def test_it_finds_the_article(body: str) -> None:
    assert plain(page(body).content) == plain(LONG)


def test_a_page_that_does_not_mark_its_article_gives_none() -> None:
    assert page(f"<div>{LONG}</div>").content == ""


def test_what_it_keeps_is_safe_and_whole_addresses() -> None:
    said = page('<article><p onclick="x()">See <a href="/b/">there</a><img src=x onerror=y></p></article>').content
    assert "onclick" not in said
    assert "onerror" not in said
    assert 'href="https://blog.example/b/"' in said


def test_a_page_in_another_encoding_is_read() -> None:
    body = '<meta charset="iso-8859-1"><meta name="description" content="Été à Montréal.">'.encode("iso-8859-1")
    assert read(Answer(200, {"content-type": "text/html"}, body, AT)).description == "Été à Montréal."


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"status": 404}, "answered with status 404"),
        ({"kind": "application/pdf"}, "does not lead to a web page"),
        ({"body": "<div>" * (MAX_DEPTH + 1)}, "nested too deeply"),
    ],
)
def test_what_is_no_page_says_so(answer: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Unread, match=sentence):
        page(**answer)


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<a ",
        "<!--",
        '<a b="',
        "</",
        "<![CDATA[",
        "&#",
        "<p>",
        "<li><p>",
        "<b></i>",
        "<font a=1></b>",
        "<div></div>",
        "<script>",
        "<a><b></a>",
        "&",
        "\x00",
    ],
)
def test_a_hostile_page_is_over_before_the_time_is_up(piece: str) -> None:
    with suppress(Unread):
        read(Answer(200, {"content-type": "text/html"}, (piece * (2_000_000 // len(piece))).encode(), AT))


@pytest.mark.parametrize("said", ["javascript:alert(1)", "http://[", "data:image/png;base64,AAAA", "https://blog.example/" + "a" * 3000])
def test_a_picture_has_a_web_address(said: str) -> None:
    assert page(head=f'<meta property="og:image" content="{said}">').image == ""


# Keeping it -----------------------------------------------------------------------------------------------------------------


def a_teaser(site: FeedSite, **values: Any) -> Post:
    return make_post(make_blog(feed=site.url), url=site.url.replace("feed", "grief"), summary="<p>Grief […]</p>", content="", **values)


@pytest.mark.django_db
def test_it_is_kept_on_the_posts_row(settings: Any) -> None:
    with FeedSite() as site:
        site.reply = Reply(200, f"<html><head>{HEAD}</head><body><article>{LONG}</article></body></html>".encode(), "text/html")
        post = a_teaser(site)
        read_page(post, blog_file(feed=site.url))
        read_page(post, blog_file(feed=site.url))
        asked = len(site.asked)
    row = Post.objects.get(pk=post.pk)
    assert asked == 1
    assert (row.page_description, row.page_content, row.page_image_width) == ("What grief is & is not.", LONG, 1200)
    assert (row.page_trouble, row.page_read_for) == ("", row.text_hash)
    assert post.page_description == row.page_description


@pytest.mark.django_db
def test_a_page_that_cannot_be_read_is_not_asked_again(settings: Any) -> None:
    with FeedSite() as site:
        site.reply = Reply(503)
        post = a_teaser(site)
        read_page(post, blog_file(feed=site.url))
        read_page(Post.objects.get(pk=post.pk), blog_file(feed=site.url))
        asked = len(site.asked)
    assert asked == 1
    assert Post.objects.get(pk=post.pk).page_trouble == "The post's page answered with status 503."


@pytest.mark.django_db
def test_no_page_on_a_private_network_is_asked_unless_the_blog_is_there(settings: Any) -> None:
    with FeedSite() as site:
        post = a_teaser(site)
        read_page(post, blog_file(feed=site.url, allow_private_addresses=False))
        assert site.asked == []
    assert "an address on a private network" in Post.objects.get(pk=post.pk).page_trouble
