"""A web site that misbehaves in every way we could think of: one sentence, nothing lost, and the next good answer is taken up."""

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any

import pytest

from tests import clocks
from tests.factories import make_blog
from tests.fakes.feeds import LIES, MISBEHAVIOURS, FeedSite, item, rss, with_head
from worker.ingest import Looked, due, look_at
from worker.models import Blog, Post

Looks = Callable[..., Looked]
FEED = [item("Alliance", day=0), item("Coping skills", day=7)]
NEXT = rss(item("Winter", day=-1), *FEED)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.ingest.fetch.TIMEOUT", 1.0)


def row() -> Blog:
    return Blog.objects.get(slug="example")


def passes() -> None:
    """The time until the next look."""
    assert row().next_look_at <= clocks.now() + timedelta(days=1)
    Blog.objects.update(next_look_at=clocks.now() - timedelta(seconds=1))


def test_there_are_more_than_28_ways() -> None:
    assert len(MISBEHAVIOURS) + len(LIES) >= 56


@pytest.mark.parametrize("way", MISBEHAVIOURS.values(), ids=MISBEHAVIOURS)
def test_a_web_site_that(looks: Looks, site: FeedSite, way: Any) -> None:
    looks(rss(*FEED))
    before = row()
    site.misbehave = way
    for _ in range(2):
        passes()
        assert due() == [["example"]]
        looked = look_at(["example"], only_if_due=True)["example"]
        assert not looked.good
        assert looked.sentence.endswith(".")
        assert "\n" not in looked.sentence
        assert (row().sentence, row().look_until, row().last_good_at) == (looked.sentence, None, before.last_good_at)
        assert row().state in ("trouble", "gone")
        assert site.asked[-1]["if-none-match"] == before.etag
    site.misbehave, site.feed = None, NEXT
    passes()
    looked = look_at(["example"], only_if_due=True)["example"]
    assert (looked.sentence, row().state) == ("The feed is fine: 3 posts in it, 1 new.", "ok")
    assert dict(Post.objects.values_list("title", "origin")) == {"Alliance": "baseline", "Coping skills": "baseline", "Winter": "new"}
    assert looks().sentence == "The feed is fine; nothing new since the last look."


@pytest.mark.parametrize("way", MISBEHAVIOURS.values(), ids=MISBEHAVIOURS)
def test_before_the_first_good_look_a_web_site_that(looks: Looks, site: FeedSite, way: Any) -> None:
    site.misbehave = way
    assert not looks(rss(*FEED)).good
    site.misbehave = None
    passes()
    assert look_at(["example"], only_if_due=True)["example"].sentence == "The feed is fine: 2 posts in it."
    assert set(Post.objects.values_list("origin", flat=True)) == {"baseline"}


@pytest.mark.parametrize("head", LIES.values(), ids=LIES)
def test_a_good_feed_is_read_beside(looks: Looks, site: FeedSite, head: str) -> None:
    site.misbehave = with_head(head, rss(*FEED))
    for sentence in ("The feed is fine: 2 posts in it.", "The feed is fine; nothing new since the last look."):
        looked = looks()
        assert (looked.sentence, looked.good) == (sentence, True)
        assert row().next_look_at <= clocks.now() + timedelta(hours=1)
    site.misbehave = with_head(head, NEXT)
    assert looks().sentence == "The feed is fine: 3 posts in it, 1 new."


# Addresses that move --------------------------------------------------------------------------------------------------------


@pytest.fixture
def other(settings: Any) -> Generator[FeedSite, None, None]:
    with FeedSite() as other:
        other.feed = rss(*FEED)
        yield other


def sent_on(site: FeedSite, other: FeedSite, status: int = 301) -> None:
    from tests.fakes.feeds import Reply

    site.reply = Reply(status, headers={"Location": other.url})


@pytest.mark.parametrize("status", [301, 308])
def test_a_permanent_redirect_is_believed_the_second_time(looks: Looks, site: FeedSite, other: FeedSite, status: int) -> None:
    sent_on(site, other, status)
    looks()
    assert (row().moving_to, row().moved_to) == (other.url, "")
    looks()
    assert (row().moving_to, row().moved_to) == ("", other.url)
    asked = len(site.asked)
    assert looks().good
    assert (len(site.asked), len(other.asked)) == (asked, 3)
    assert "if-none-match" in other.asked[-1]


def test_a_redirect_for_now_is_followed_each_time(looks: Looks, site: FeedSite, other: FeedSite) -> None:
    sent_on(site, other, 302)
    for _ in range(3):
        looks()
    assert (row().moved_to, len(site.asked)) == ("", 3)


def test_a_permanent_redirect_that_goes_away_was_a_mistake(looks: Looks, site: FeedSite, other: FeedSite) -> None:
    sent_on(site, other)
    looks()
    site.reply = None
    looks(rss(*FEED))
    assert row().moving_to == ""
    sent_on(site, other)
    looks()
    assert row().moved_to == ""


def test_a_new_address_that_brings_trouble_is_forgotten(looks: Looks, site: FeedSite, other: FeedSite) -> None:
    sent_on(site, other)
    looks()
    looks()
    other.misbehave = MISBEHAVIOURS["finds nothing"]
    assert not looks().good
    site.reply = None
    assert looks(rss(item("Winter", day=-1), *FEED)).sentence == "The feed is fine: 3 posts in it, 1 new."
    assert row().moved_to == ""


def test_what_was_learned_of_one_address_is_not_said_to_another(looks: Looks, site: FeedSite, other: FeedSite) -> None:
    """It answers "not modified" to another one's ETag."""
    looks(rss(*FEED))
    other.feed = NEXT
    sent_on(site, other, 302)
    site.validators = other.validators = True
    assert looks().sentence == "The feed is fine: 3 posts in it, 1 new."


def test_another_ones_not_modified_is_not_believed(looks: Looks, site: FeedSite, other: FeedSite) -> None:
    looks(rss(*FEED))
    Blog.objects.update(etag='"shared"')
    other.feed = NEXT
    other.etag = '"shared"'
    sent_on(site, other, 302)
    assert looks().sentence == "The feed is fine: 3 posts in it, 1 new."


def test_another_feed_in_the_file_is_looked_at_there(looks: Looks, site: FeedSite, other: FeedSite) -> None:
    sent_on(site, other)
    looks()
    looks()
    site.reply, site.feed = None, rss(*FEED)
    make_blog(feed=site.url + "?new")
    asked = len(site.asked)
    looks()
    assert len(site.asked) == asked + 1
