"""The example blog, asked over HTTP as Postlark and a browser would."""

import subprocess
import sys
import threading
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from examples.blog import Server, first_posts, server
from tests.factories import make_blog
from worker.ingest import look
from worker.lib.http import Answer, request
from worker.models import Post

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def blog() -> Generator[Server, None, None]:
    with server(port=0) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield listening
        listening.shutdown()
        thread.join()


def base(blog: Server) -> str:
    return f"http://127.0.0.1:{blog.server_port}"


def get(url: str, **headers: str) -> Answer:
    return request("GET", url, headers=headers, private=True)


def publish(blog: Server, headers: dict[str, str] | None = None, **form: str) -> Answer:
    return request("POST", base(blog) + "/publish", body=urlencode(form), headers=headers, private=True)


@pytest.mark.django_db
def test_postlark_reads_its_four_posts(blog: Server, settings: Any) -> None:
    settings.BLOGS = {}
    make_blog(feed=base(blog) + "/feed/", backlog=1)
    looked = look("example")
    assert looked.sentence == "The feed is fine: 4 posts in it, 1 new."
    posts = list(Post.objects.order_by("-published_at"))
    assert [post.title for post in posts] == [
        "The Importance of a Strong Therapeutic Alliance",
        "Coping Skills as 10% Solutions",
        "Practicing Reflection",
        "Coping with school stress",
    ]
    for post in posts:
        assert post.author == "Sheema Khan"
        assert post.image_alt
        assert "DISCLAIMER: This blog is meant for psychoeducational purposes only." in post.content
        assert get(post.image).headers["content-type"] == "image/png"
        page = get(post.url).body.decode()
        assert f'<meta property="og:image" content="{post.image}">' in page
        assert "Share:" in page
        assert "Related Posts" in page
    assert looked.posts[-1] == posts[0].pk
    assert posts[0].origin == "new"


def test_its_dates_do_not_change(blog: Server) -> None:
    assert first_posts()[0].published == datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
    assert get(base(blog) + "/feed/").headers["last-modified"] == "Fri, 20 Nov 2026 14:00:00 GMT"


def test_it_does_not_send_again_what_the_asker_has(blog: Server) -> None:
    etag = get(base(blog) + "/feed/").headers["etag"]
    assert get(base(blog) + "/feed/", **{"If-None-Match": etag}).status == 304


def test_a_post_answers_at_its_short_address_too(blog: Server) -> None:
    assert b"<h1>Practicing Reflection</h1>" in get(base(blog) + "/?p=118").body


@pytest.mark.parametrize(
    "path", ["/nothing/", "/?p=1", "/wp-content/uploads/2026/11/none.png", "/wp-content/uploads/2026/11/..%2f..%2fblog.py"]
)
def test_what_is_not_there_is_not_found(blog: Server, path: str) -> None:
    assert get(base(blog) + path).status == 404


def test_a_published_post_stands_in_the_feed(blog: Server) -> None:
    answer = publish(blog, title="Costs <$5> & more", body="First.\n\nSecond for $5.")
    assert answer.status == 303
    page = get(answer.headers["location"]).body.decode()
    assert "<h1>Costs &lt;$5&gt; &amp; more</h1>" in page
    assert "<p>Second for $5.</p>" in page
    feed = get(base(blog) + "/feed/").body.decode()
    assert feed.count("<item>") == 5
    assert "<title>Costs &lt;$5&gt; &amp; more</title>" in feed


def test_every_published_post_is_another(blog: Server) -> None:
    assert len({publish(blog, title="Same").headers["location"] for _ in range(3)}) == 3


def test_another_web_site_cannot_publish(blog: Server) -> None:
    assert publish(blog, {"Origin": "https://evil.example"}, title="Casino").status == 403
    assert publish(blog, {"Origin": base(blog)}, title="Fine").status == 303


def test_a_taken_port_is_one_sentence(blog: Server) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "examples.blog", "--port", str(blog.server_port)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr == (
        f"The example blog cannot listen on 127.0.0.1:{blog.server_port}: something else does. Stop that, or choose another port with --port.\n"
    )
