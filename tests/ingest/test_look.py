"""One look, and what it leaves behind when it goes well, badly, twice at once, or dies."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from tests import clocks
from tests.factories import make_blog
from tests.fakes.feeds import FeedSite, Reply, item, rss
from tests.processes import Installation, free_port, until
from worker.ingest import Looked, bell, blog_row, due, look, turn
from worker.ingest.fetch import Trouble
from worker.lib import clock, crash
from worker.models import Alias, Blog, Event, Post

Looks = Callable[..., Looked]
FEED = [item("Alliance", day=0), item("Coping skills", day=7)]


def row() -> Blog:
    return Blog.objects.get(slug="example")


# Politeness -------------------------------------------------------------------------------------------------------------


def test_it_asks_only_for_what_has_changed(looks: Looks, site: FeedSite) -> None:
    looks(rss(*FEED))
    assert "if-none-match" not in site.asked[0]
    assert looks().sentence == "The feed is fine; nothing new since the last look."
    assert site.asked[1]["if-none-match"] == row().etag


def test_an_unchanged_document_is_known_by_its_hash(looks: Looks, site: FeedSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site.validators = False
    looks(rss(*FEED))
    monkeypatch.setattr("worker.ingest.watch.read", lambda *_: pytest.fail("it was parsed again"))
    assert looks().posts == []


def test_it_says_who_it_is_and_what_it_reads(looks: Looks, site: FeedSite) -> None:
    looks(rss(*FEED))
    assert site.asked[0]["user-agent"].startswith("Postlark")
    assert site.asked[0]["accept"].startswith("application/rss+xml")


def test_the_next_look_is_written_down_before_the_fetch(looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    looks(rss(*FEED))
    stood: list[Blog] = []

    def fetch(*_: object, **__: object) -> None:
        stood.append(row())
        raise Trouble("Enough.")

    monkeypatch.setattr("worker.ingest.watch.fetch", fetch)
    looks()
    assert stood[0].next_look_at is not None
    assert stood[0].look_until is not None
    assert stood[0].next_look_at > clocks.now() + timedelta(minutes=8)
    assert stood[0].failures == 1


# Trouble ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply(401), "The web site does not let Postlark read the feed; ask whoever runs the site to allow it."),
        (Reply(403), "The web site does not let Postlark read the feed; ask whoever runs the site to allow it."),
        (Reply(404), "There is no feed at this address; compare `feed` in the blog's file with the blog."),
        (Reply(429), "The web site asks us to come back later."),
        (Reply(500), "The web site has trouble of its own and did not give out the feed."),
        (Reply(503), "The web site has trouble of its own and did not give out the feed."),
        (Reply(418), "The web site did not give out the feed; it answered with status 418."),
        (Reply(200, b"<html><title>Maintenance</title></html>", "text/html"), "The feed's address answered with a web page (“Maintenance”) instead of a feed; compare `feed` in the blog's file with the blog."),
        (Reply(200, b""), "The feed's address answered with an empty document."),
        (Reply(200, rss(*FEED)[:-40]), "The feed broke off in the middle; nothing was taken from it."),
        (Reply(302, headers={"Location": "/feed/"}), "127.0.0.1 sends us round in a circle, from one address to the next and back."),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else "",
)  # fmt: skip
def test_trouble_is_one_sentence_and_loses_nothing(looks: Looks, site: FeedSite, reply: Reply, sentence: str) -> None:
    looks(rss(*FEED))
    before = row()
    site.reply = reply
    looked = looks()
    assert (looked.sentence, looked.posts, looked.good) == (sentence, [], False)
    assert (row().state, row().sentence, row().failures) == ("trouble", sentence, 1)
    assert row().last_good_at == before.last_good_at
    assert row().look_until is None
    site.reply = None
    assert looks(rss(item("Winter", day=-1), *FEED)).sentence == "The feed is fine: 3 posts in it, 1 new."
    assert (row().state, row().failures) == ("ok", 0)


def test_an_unreachable_site_is_one_sentence(blog: Blog) -> None:
    make_blog(feed=f"http://127.0.0.1:{free_port()}/feed/")
    assert look(blog.slug).sentence == "127.0.0.1 refused the connection: nothing listens there."


def test_a_private_address_is_refused_unless_the_blog_allows_it(blog: Blog, site: FeedSite) -> None:
    make_blog(feed=site.url, allow_private_addresses=False)
    assert "private network" in look(blog.slug).sentence
    assert site.asked == []


def test_trouble_before_the_first_good_look_leaves_it_the_first(looks: Looks, site: FeedSite) -> None:
    site.reply = Reply(500)
    looks(rss(*FEED))
    site.reply = None
    looks()
    assert set(Post.objects.values_list("origin", flat=True)) == {"baseline"}


def test_it_says_not_changed_though_we_never_read_it(looks: Looks, site: FeedSite) -> None:
    site.reply = Reply(304)
    assert not looks(rss(*FEED)).good
    assert row().baseline_at is None


def test_the_record_tells_of_trouble_once_and_of_its_end(looks: Looks, site: FeedSite) -> None:
    looks(rss(*FEED))
    Event.objects.all().delete()
    site.reply = Reply(500)
    for _ in range(3):
        looks()
    site.reply = None
    looks()
    assert list(Event.objects.order_by("id").values_list("what", flat=True)) == [
        "The feed could not be read. The web site has trouble of its own and did not give out the feed.",
        "The feed can be read again.",
    ]


def test_it_waits_as_long_as_the_site_asks(looks: Looks, site: FeedSite) -> None:
    site.reply = Reply(503, headers={"Retry-After": "7200"})
    looks(rss(*FEED))
    assert row().next_look_at > clocks.now() + timedelta(minutes=119)


def test_a_feed_that_is_gone_is_called_gone(looks: Looks, site: FeedSite) -> None:
    site.reply = Reply(410)
    looks(rss(*FEED))
    assert row().state == "gone"
    assert timedelta(minutes=40) < row().next_look_at - clocks.now() <= timedelta(hours=1)
    for _ in range(2):
        looks()
    assert row().next_look_at > clocks.now() + timedelta(hours=19)
    site.reply = None
    assert looks().good
    assert row().state == "ok"


def test_a_mistake_of_our_own_is_not_silent(looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.ingest.watch.store", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        looks(rss(*FEED))
    assert (row().state, row().sentence) == ("trouble", "Something in Postlark itself went wrong with this feed; the log says what.")


def test_a_blog_without_a_file_is_told_so(db: None, settings: Any) -> None:
    settings.BLOGS = {}
    assert look("gone").sentence == "There is no file for the blog 'gone' any more."


# When -------------------------------------------------------------------------------------------------------------------


def test_a_blog_is_due_until_it_has_been_looked_at(looks: Looks) -> None:
    assert due() == [["example"]]
    looks(rss(*FEED))
    assert due() == []
    Blog.objects.update(next_look_at=clocks.now() - timedelta(seconds=1))
    assert due() == [["example"]]
    Blog.objects.update(look_until=clocks.now() + timedelta(minutes=1))
    assert due() == []


def test_a_row_without_a_file_is_not_due(blog: Blog, settings: Any) -> None:
    settings.BLOGS = {}
    assert due() == []


@pytest.mark.parametrize("off", [timedelta(hours=-1), timedelta(hours=1)], ids=["behind", "ahead"])
def test_a_machine_whose_clock_is_wrong_keeps_the_blogs_pace(looks: Looks, off: timedelta) -> None:
    now = datetime.now(UTC)
    with clocks.this_process_off_by(off):
        looks(rss(*FEED))
        assert due() == []
    assert timedelta(minutes=7) < row().next_look_at - now < timedelta(minutes=11)


# Two at once ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_looks_at_once_are_one(settings: Any, site: FeedSite) -> None:
    settings.BLOGS = {}
    blog = make_blog(feed=site.url)
    site.feed = rss(*FEED)
    site.wait_inside()
    looked: list[Looked] = []
    first = threading.Thread(target=lambda: (looked.append(look(blog.slug)), connection.close()))
    first.start()
    assert site.asking.wait(10)
    assert look(blog.slug).sentence == "A look at this blog is under way already."
    site.go_on.set()
    first.join()
    assert len(looked[0].posts) == 2
    assert len(site.asked) == 1


def test_a_look_that_wakes_after_its_lease_changes_nothing(looks: Looks, site: FeedSite, monkeypatch: pytest.MonkeyPatch) -> None:
    looks(rss(*FEED))
    points = iter(["look-identified"])

    def overtaken(name: str) -> None:
        if name == "look-identified" and next(points, None):
            Blog.objects.update(look_until=clocks.now() - timedelta(seconds=1))
            looks()

    monkeypatch.setattr(crash, "point", overtaken)
    late = looks(rss(item("Winter", day=-1), *FEED))
    assert late.sentence == "This look took too long, and another has taken its place; it changed nothing."
    assert Post.objects.filter(title="Winter").count() == 1
    assert row().state == "ok"


def test_a_ring_during_a_look_is_not_forgotten(looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash, "point", lambda name: bell.rung("example") if name == "look-fetched" else None)
    looks(rss(*FEED))
    assert due() == [["example"]]


def test_the_lease_is_a_minute_at_most(blog: Blog, settings: Any) -> None:
    settings.LEASE = timedelta(minutes=2)
    before = clock.now()
    (mine,) = turn.take([settings.BLOGS["example"]])
    assert before <= mine.blog.look_until - timedelta(minutes=1) <= clock.now()


def test_a_blog_has_one_row(blog: Blog) -> None:
    assert blog_row("example") == blog_row("example") == blog


# Death ------------------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Not to be caught by anything."""


@pytest.mark.parametrize("name", ["look-claimed", "look-fetched", "look-identified", "look-written", "look-committed"])
@pytest.mark.parametrize("first", [True, False], ids=["first look", "later look"])
def test_a_look_that_dies_anywhere_loses_and_doubles_nothing(
    looks: Looks, monkeypatch: pytest.MonkeyPatch, name: str, *, first: bool
) -> None:
    def die(at: str) -> None:
        if at == name:
            raise Killed

    if not first:
        looks(rss(*FEED))
    with monkeypatch.context() as dying:
        dying.setattr(crash, "point", die)
        with pytest.raises(Killed):
            looks(rss(item("Winter", day=-1), *FEED))
    Blog.objects.exclude(look_until=None).update(look_until=clocks.now() - timedelta(seconds=1))
    looks()
    expected = {"Alliance": "baseline", "Coping skills": "baseline", "Winter": "baseline" if first else "new"}
    assert dict(Post.objects.values_list("title", "origin")) == expected
    assert Post.objects.count() == 3
    assert Alias.objects.count() == 9


@pytest.mark.processes
def test_kill_9_in_a_look_loses_and_doubles_nothing(tmp_path: Any, site: FeedSite, fresh_database_url: str) -> None:
    points = ("look-fetched", "look-written", "look-committed")
    house = Installation(tmp_path, LEASE="1s", DATABASE_URL=fresh_database_url)
    (house.blogs / "example.toml").write_text(
        f'name = "Example"\nfeed = "{site.url}"\nallow_private_addresses = true\ndisclaimer.required = false\n[channels.facebook]\n'
    )
    site.feed = rss(*FEED)
    assert house.run("migrate").returncode == 0
    assert house.run("poll").returncode == 0
    site.feed = rss(item("Winter", day=-1), *FEED)
    for name in points:
        until(lambda name=name: house.run("poll", POSTLARK_CRASH=f"{name}:kill").returncode == -9, f"a look is killed at {name}")
    until(lambda: "fine" in house.run("poll").stdout, "the lease ends and the look succeeds")
    posts = house.run("posts", "--json").stdout
    assert posts.count('"title": "Winter"') == 1
    assert posts.count('"title"') == 3
