"""“Is this the same?”, from the feed over the answer to the next looks: nothing twice, nothing lost, and never asked again."""

from collections.abc import Generator
from typing import Any

import pytest

from tests.factories import make_blog, make_post
from tests.fakes.feeds import FeedSite, item, rss
from worker.deliver import answer, staff
from worker.deliver.plan import plan
from worker.ingest import Looked, look
from worker.models import Blog, Event, Post

pytestmark = pytest.mark.django_db
FEED = [item("Alliance", day=0), item("Reflection", day=7), item("Coping", day=14), item("School", day=21)]
AGAIN = item("Reflection", day=-1, guid="https://blog.example/?p=900", link="https://blog.example/reflection-2/")
MARA = "mara@practice.example"


@pytest.fixture
def site(settings: Any) -> Generator[FeedSite, None, None]:
    settings.BLOGS = {}
    with FeedSite() as site:
        make_blog(feed=site.url)
        yield site


def looks(site: FeedSite, *items: dict[str, Any]) -> Looked:
    site.feed = rss(*items)
    looked = look("example")
    for post in looked.posts:
        plan(post)
    return looked


def states(post: Post) -> set[str]:
    return set(post.deliveries.values_list("state", flat=True))


def held(site: FeedSite) -> Post:
    looks(site, *FEED)
    looks(site, AGAIN, *FEED)
    post = Post.objects.get(origin="unsure")
    assert states(post) == {"held"}
    return post


def test_a_new_post_goes_out(site: FeedSite) -> None:
    post = held(site)
    due = answer.is_new(post, MARA)
    assert states(post) == {"pending"}
    assert sorted(due) == sorted(post.deliveries.values_list("pk", flat=True))
    assert looks(site, AGAIN, *FEED[:3]).posts == []
    assert Post.objects.filter(title="Reflection").count() == 2
    assert f"This is a new post, {MARA} says" in Event.objects.filter(post=post, delivery=None).latest("id").what


def test_a_new_post_waits_for_its_approval_where_the_blog_asks_for_one(site: FeedSite) -> None:
    make_blog(feed=site.url, approval="boss@practice.example")
    post = held(site)
    assert answer.is_new(post, MARA) == []
    assert set(post.deliveries.values_list("state", "held_for")) == {("held", "approval")}


def test_the_same_post_does_not_go_out_and_is_known_by_its_new_names(site: FeedSite) -> None:
    post = held(site)
    known = post.resembles
    assert known
    assert answer.is_same(post, MARA) == []
    assert states(post) == {"cancelled"}
    assert states(known) == {"skipped"}
    known.refresh_from_db()
    assert known.url == AGAIN["link"]
    posts = Post.objects.count()
    elsewhere = {**AGAIN, "guid": "urn:3", "link": "https://www.blog.example/reflection-2/", "date": "Mon, 02 Nov 2026 10:00:00 +0000"}
    for feed in ([AGAIN, FEED[0], *FEED[2:]], [elsewhere, FEED[0], *FEED[2:]], FEED):
        looks(site, *feed)
        assert Post.objects.count() == posts
        assert Blog.objects.get().listed.count(known.pk) == 1


def test_both_may_stay_in_the_feed_when_they_are_the_same(site: FeedSite) -> None:
    post = held(site)
    answer.is_same(post, MARA)
    posts = Post.objects.count()
    for feed in ([AGAIN, *FEED], [*FEED, AGAIN], [item("Winter", day=-3), *FEED, AGAIN], FEED, [AGAIN, *FEED]):
        looks(site, *feed)
    assert Post.objects.count() == posts + 1
    assert states(Post.objects.get(title="Winter")) == {"pending"}


def twins(site: FeedSite) -> tuple[Post, Post]:
    looks(site, *FEED)
    twin = item("Winter", day=-2, guid="https://blog.example/?p=twin", link="https://blog.example/winter-2/")
    looks(site, twin, item("Winter", day=-1), *FEED)
    one, other = Post.objects.filter(title="Winter").order_by("pk")
    assert states(one) | states(other) == {"held"}
    return one, other


def test_of_two_new_ones_that_are_one_the_other_goes_out_once(site: FeedSite) -> None:
    one, other = twins(site)
    assert len(answer.is_same(one, MARA)) == other.deliveries.count()
    assert (states(one), states(other)) == ({"cancelled"}, {"pending"})
    with pytest.raises(staff.Refused, match="answered already"):
        answer.is_new(Post.objects.get(pk=other.pk), MARA)


def test_of_two_new_ones_that_are_two_both_go_out(site: FeedSite) -> None:
    one, other = twins(site)
    assert len(answer.is_new(one, MARA)) == one.deliveries.count() + other.deliveries.count()
    assert states(one) | states(other) == {"pending"}


def test_it_is_answered_once(site: FeedSite) -> None:
    post = held(site)
    stale = Post.objects.get(pk=post.pk)
    answer.is_same(post, MARA)
    for late in (answer.is_new, answer.is_same):
        with pytest.raises(staff.Refused, match="answered already"):
            late(stale, MARA)
    assert states(post) == {"cancelled"}


def test_what_the_gate_holds_back_stays_held(site: FeedSite) -> None:
    post = held(site)
    post.deliveries.get(channel="facebook").rendition.delete()
    answer.is_new(post, MARA)
    assert dict(post.deliveries.values_list("channel", "state"))["facebook"] == "held"


def test_an_answer_that_comes_before_the_planning_counts(site: FeedSite) -> None:
    looks(site, *FEED)
    site.feed = rss(AGAIN, *FEED)
    look("example")
    post = Post.objects.get(origin="unsure")
    answer.is_same(post, MARA)
    plan(post.pk)
    assert states(post) == {"skipped"}


def test_what_a_person_had_let_go_stays_as_it_is_when_it_is_the_same(site: FeedSite) -> None:
    post = held(site)
    post.deliveries.filter(channel="facebook").update(state="sent", waits_for="nothing")
    answer.is_same(post, MARA)
    assert dict(post.deliveries.values_list("channel", "state"))["facebook"] == "sent"
    cancelled = post.deliveries.filter(state="cancelled")
    assert cancelled.count() == 4
    assert {MARA in delivery.reason for delivery in cancelled} == {True}
    said = Event.objects.filter(post=post, delivery=None).latest("id")
    assert (said.who, said.what) == (MARA, f"This is the same post as “Reflection”, {MARA} says.")


def test_a_third_that_is_like_the_one_that_is_the_same_is_asked_about_beside_the_known_one(site: FeedSite) -> None:
    post = held(site)
    third = make_post(post.blog, origin="unsure", resembles=post)
    answer.is_same(post, MARA)
    third.refresh_from_db()
    assert third.resembles == post.resembles


def test_one_whose_likeness_is_gone_is_for_its_deliveries_buttons(site: FeedSite) -> None:
    post = held(site)
    Post.objects.filter(pk=post.pk).update(resembles=None)
    with pytest.raises(staff.Refused, match="The post that this one was like is gone"):
        answer.is_new(Post.objects.get(pk=post.pk), MARA)
    assert states(post) == {"held"}
