"""A page that is gone from the blog: two looks, then a person is asked."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests import clocks
from tests.deliver.on_facebook import posted
from tests.factories import make_delivery
from tests.fakes.facebook import Facebook
from tests.fakes.feeds import FeedSite, Reply
from worker.deliver import vanished, withdraw
from worker.deliver.preflight import Trouble
from worker.deliver.send import send
from worker.deliver.vanished import AGAIN, DAILY, due, look, misses_after
from worker.lib import clock
from worker.models import Delivery, Post

pytestmark = pytest.mark.django_db
HTML = "text/html"
THERE, GONE, AWAY = Reply(200, b"<h1>Hello</h1>", HTML), Reply(404, b"", HTML), Reply(503, b"", HTML)


@pytest.fixture
def site() -> Iterator[FeedSite]:
    with FeedSite() as site:
        site.reply = THERE
        yield site


@pytest.fixture
def out(graph: Facebook, site: FeedSite) -> Delivery:
    return posted(graph, url=f"{site.url}a-post/")


def passes(time: timedelta) -> None:
    """Since the last look."""
    Post.objects.update(page_looked_at=clock.now() - time)


def looked(site: FeedSite, reply: Reply, after: timedelta = DAILY) -> None:
    site.reply = reply
    passes(after)
    for post in due():
        look(post)


def asked(out: Delivery) -> bool:
    out.refresh_from_db()
    assert out.state == "sent"
    return out.waits_for == "person"


def test_gone_twice_a_person_is_asked(out: Delivery, site: FeedSite) -> None:
    looked(site, GONE)
    assert not asked(out)
    looked(site, GONE, AGAIN)
    assert asked(out)
    assert out.reason.startswith("It stands on Facebook, but its page on the blog is gone.")
    assert out.finished_at is not None


def test_gone_once_and_there_again_is_nothing(out: Delivery, site: FeedSite) -> None:
    for reply in (GONE, THERE, GONE, THERE):
        looked(site, reply)
    assert not asked(out)


def test_a_blog_that_is_away_says_nothing_of_its_posts(out: Delivery, site: FeedSite) -> None:
    for reply in (AWAY, AWAY, AWAY, GONE):
        looked(site, reply)
    assert not asked(out)


def test_a_page_that_comes_back_takes_the_question_away(out: Delivery, site: FeedSite) -> None:
    for reply in (GONE, GONE, THERE):
        looked(site, reply)
    assert not asked(out)
    assert "is there again" in out.reason


def test_a_page_that_came_back_before_another_delivery_takes_the_question_away_too(out: Delivery, site: FeedSite) -> None:
    looked(site, GONE)
    looked(site, GONE, AGAIN)
    site.reply = THERE
    send(make_delivery(out.post, "facebook", occasion="resend").pk)
    looked(site, THERE)
    assert not asked(out)


def test_a_person_may_leave_it_and_is_not_asked_again(out: Delivery, site: FeedSite) -> None:
    looked(site, GONE)
    looked(site, GONE)
    assert asked(out)
    withdraw.leave(out, "Ann")
    looked(site, GONE)
    assert not asked(out)


def test_a_person_may_withdraw_it(out: Delivery, site: FeedSite) -> None:
    looked(site, GONE)
    looked(site, GONE)
    assert asked(out)
    withdraw.withdraw_one(out, "Ann", "Its page is gone")
    out.refresh_from_db()
    assert (out.state, out.waits_for) == ("pending", "clock")


def test_what_left_its_feed_is_looked_at_at_once(out: Delivery, site: FeedSite) -> None:
    passes(timedelta(minutes=1))
    assert due() == []
    Post.objects.update(left_feed_at=clocks.now())
    assert due() == [out.post_id]


def test_pages_are_looked_at_once_a_day_while_they_are_out(out: Delivery, site: FeedSite) -> None:
    passes(DAILY - timedelta(hours=1))
    assert due() == []
    passes(DAILY)
    assert due() == [out.post_id]
    Delivery.objects.update(state="withdrawn")
    assert due() == []


def test_two_processes_look_once(out: Delivery, site: FeedSite, monkeypatch: pytest.MonkeyPatch) -> None:
    passes(DAILY)
    before = len(site.asked)
    real = vanished.preflight.look

    def meanwhile(post: Post, file: Any) -> Any:
        monkeypatch.setattr(vanished.preflight, "look", real)
        assert due() == []
        return real(post, file)

    monkeypatch.setattr(vanished.preflight, "look", meanwhile)
    look(out.post_id)
    assert len(site.asked) == before + 1


@pytest.mark.parametrize(
    ("misses", "trouble", "after"),
    [
        (0, None, 0),
        (1, None, 0),
        (0, Trouble("gone", gone=True), 1),
        (1, Trouble("gone", gone=True), 2),
        (1, Trouble("away", passing=True), 1),
        (1, Trouble("asks for a password"), 0),
    ],
)
def test_only_gone_counts(misses: int, trouble: Trouble | None, after: int) -> None:
    assert misses_after(misses, trouble) == after
