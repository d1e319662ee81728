"""Many blogs at once: claimed together, fetched side by side, few at one host; and two workers never look twice."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import clocks
from tests.factories import make_blog
from tests.fakes.feeds import FeedSite, Reply, item, rss
from worker.ingest import Looked, due, look_at, watch
from worker.ingest.turn import NOTHING_NEW
from worker.models import Blog, Post

SLUGS = [f"blog-{number}" for number in range(8)]


@pytest.fixture
def site(settings: Any) -> Any:
    settings.BLOGS = {}
    with FeedSite() as site:
        site.feed = rss(item("Alliance"))
        for slug in SLUGS:
            make_blog(slug, feed=site.url)
        yield site


def all_due() -> None:
    Blog.objects.update(next_look_at=clocks.now() - timedelta(seconds=1))


@pytest.mark.django_db
def test_each_is_looked_at_and_told_of(site: FeedSite) -> None:
    looked = look_at(SLUGS)
    assert list(looked) == SLUGS
    assert {each.sentence for each in looked.values()} == {"The feed is fine: 1 post in it."}
    assert Post.objects.count() == len(SLUGS)


@pytest.mark.django_db
def test_quiet_looks_cost_a_handful_of_statements_together(site: FeedSite) -> None:
    look_at(SLUGS)
    all_due()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        looked = look_at(SLUGS, only_if_due=True)
    assert {each.sentence for each in looked.values()} == {NOTHING_NEW}
    assert len(queries) <= 5
    assert {(blog.failures, blog.look_until, blog.look_by) for blog in Blog.objects.all()} == {(0, None, "")}


@pytest.mark.django_db
def test_only_those_that_are_due_are_looked_at(site: FeedSite) -> None:
    look_at(SLUGS)
    Blog.objects.filter(slug__in=SLUGS[:3]).update(next_look_at=clocks.now() - timedelta(seconds=1))
    assert list(look_at(SLUGS, only_if_due=True)) == SLUGS[:3]


@pytest.mark.django_db
def test_one_in_trouble_does_not_trouble_the_others(site: FeedSite, monkeypatch: pytest.MonkeyPatch) -> None:
    make_blog(SLUGS[0], feed=site.url.replace("/feed/", "/"), allow_private_addresses=False)
    store = watch.store
    monkeypatch.setattr(watch, "store", lambda mine, *rest: 1 / 0 if mine.file.slug == SLUGS[1] else store(mine, *rest))
    looked = look_at(SLUGS)
    assert [each.good for each in looked.values()] == [False, False] + [True] * 6
    assert "private network" in looked[SLUGS[0]].sentence
    assert "Something in Postlark itself" in looked[SLUGS[1]].sentence


@pytest.mark.django_db(transaction=True)
def test_two_workers_look_once_at_each(site: FeedSite) -> None:
    site.wait_inside()
    done: list[dict[str, Looked]] = []
    first = threading.Thread(target=lambda: (done.append(look_at(SLUGS, only_if_due=True)), connection.close()))
    first.start()
    assert site.asking.wait(10)
    assert look_at(SLUGS, only_if_due=True) == {}
    assert due() == []
    site.go_on.set()
    first.join()
    assert list(done[0]) == SLUGS
    assert len(site.asked) == len(SLUGS)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_share_the_looks(site: FeedSite) -> None:
    looked: list[str] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait(10)
        looked.extend(look_at(SLUGS, only_if_due=True))
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(looked) == SLUGS
    assert len(site.asked) == len(SLUGS)


@pytest.mark.django_db
def test_there_are_few_lines_to_one_host(site: FeedSite) -> None:
    site.feed = rss(item("Alliance"))
    look_at(SLUGS)
    assert 1 <= site.most_at_once <= watch.LINES_A_HOST


@pytest.mark.django_db
def test_nobody_else_goes_to_a_host_where_a_look_is_under_way(site: FeedSite) -> None:
    assert due() == [SLUGS]
    all_due()
    Blog.objects.filter(slug=SLUGS[0]).update(look_until=clocks.now() + timedelta(minutes=1))
    assert look_at(SLUGS, only_if_due=True) == {}
    Blog.objects.filter(slug=SLUGS[0]).update(look_until=None)
    assert len(look_at(SLUGS, only_if_due=True)) == len(SLUGS)


def test_those_of_one_host_come_in_one_batch(db: None, settings: Any) -> None:
    settings.BLOGS = {}
    for number in range(120):
        make_blog(f"many-{number}", feed=f"https://one.example/{number}/feed/")
        make_blog(f"alone-{number}", feed=f"https://{number}.example/feed/")
    batches = due()
    assert max(map(len, batches)) <= watch.AT_ONCE
    assert [sum(slug.startswith("many") for slug in batch) for batch in batches].count(0) == len(batches) - 1
    assert sum(map(len, batches)) == 120 + watch.AT_ONCE


@pytest.mark.django_db
def test_what_there_is_no_time_for_is_due_as_it_was(site: FeedSite, settings: Any) -> None:
    settings.LEASE = timedelta(seconds=0.2)
    site.reply = Reply(304)
    looked = look_at(SLUGS, only_if_due=True)
    left = Blog.objects.exclude(slug__in=looked)
    assert len(looked) < len(SLUGS)
    assert {(blog.failures, blog.look_until) for blog in left} == {(0, None)}
    assert sum(map(len, due())) == len(left)
