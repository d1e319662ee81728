import io
import json
from collections.abc import Generator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_blog
from tests.fakes.feeds import FeedSite, Reply, item, rss
from tests.management.said import said, told
from worker.ingest import bell
from worker.models import Delivery, Post

pytestmark = pytest.mark.django_db
FEED = [item("Alliance", day=0), item("Coping skills", day=7)]


@pytest.fixture
def site(settings: Any) -> Generator[FeedSite, None, None]:
    settings.BLOGS = {}
    with FeedSite() as site:
        site.feed = rss(*FEED)
        make_blog(feed=site.url, backlog=1)
        yield site


def test_poll_tells_what_it_found_with_ids(site: FeedSite) -> None:
    newest, older = told("poll")[0]["posts"]
    assert (newest["title"], newest["origin"], older["origin"]) == ("Alliance", "new", "baseline")
    assert newest["id"] == str(Post.objects.get(title="Alliance").pk)
    assert told("poll", "example") == [
        {"blog": "example", "good": True, "sentence": "The feed is fine; nothing new since the last look.", "posts": []}
    ]


def test_poll_reads_well(site: FeedSite) -> None:
    first, *posts = said("poll").splitlines()
    assert first == "example: The feed is fine: 2 posts in it, 1 new."
    assert [line.split(maxsplit=1)[1] for line in posts] == ["new       Alliance", "baseline  Coping skills"]


def test_after_poll_the_deliveries_are_written_down_though_no_worker_runs(site: FeedSite) -> None:
    call_command("poll", stdout=io.StringIO())
    assert set(Delivery.objects.filter(post__title="Alliance").values_list("channel", flat=True)) == {
        "email", "facebook", "twitter", "pinterest", "linkedin",
    }  # fmt: skip
    assert set(Delivery.objects.filter(post__title="Coping skills").values_list("state", flat=True)) <= {"skipped"}


def test_poll_fails_with_the_sentence_and_still_prints_the_document(site: FeedSite) -> None:
    site.reply = Reply(404)
    out = io.StringIO()
    with pytest.raises(CommandError, match="example: There is no feed at this address"):
        call_command("poll", "--json", stdout=out)
    assert json.loads(out.getvalue())[0]["good"] is False


def test_one_blog_in_trouble_does_not_keep_the_others_from_being_looked_at(site: FeedSite) -> None:
    make_blog("aaa", feed=site.url.replace("/feed/", "/other/"), allow_private_addresses=False)
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"aaa: 127\.0\.0\.1 leads to"):
        call_command("poll", stdout=out)
    assert "example: The feed is fine" in out.getvalue()


def test_poll_knows_its_blogs(site: FeedSite) -> None:
    with pytest.raises(CommandError, match="There is no blog 'nope'"):
        call_command("poll", "nope")


def test_blogs_tells_the_health_of_each_feed(site: FeedSite) -> None:
    (before,) = told("blogs")
    assert (before["state"], before["sentence"], before["last_good"], before["error"]) == ("new", "Not looked at yet.", None, None)
    call_command("poll", stdout=io.StringIO())
    (after,) = told("blogs")
    assert {"slug": "example", "state": "ok", "sentence": "The feed is fine: 2 posts in it, 1 new.", "error": None}.items() <= after.items()
    assert after["last_good"].endswith("Z")
    assert after["next"] > after["last_good"]
    assert after["publish_hook"] == bell.address("example")


def test_blogs_tells_what_is_wrong(site: FeedSite) -> None:
    site.reply = Reply(404)
    with pytest.raises(CommandError):
        call_command("poll", stdout=io.StringIO())
    (blog,) = told("blogs")
    assert (blog["state"], blog["error"]) == ("trouble", blog["sentence"])
    assert "There is no feed" in said("blogs")


def test_blogs_without_any(settings: Any) -> None:
    settings.BLOGS = {}
    assert told("blogs") == told("poll") == []
    assert said("blogs") == said("poll") == f"There is no blog yet: {settings.POSTLARK_BLOGS} holds no file that ends in .toml.\n"
