"""A post that is taken out of its feed is noticed; one that newer posts push off the end is not missed."""

from collections.abc import Callable

from tests import clocks
from tests.fakes.feeds import FeedSite, Reply, item, rss
from worker.ingest import Looked
from worker.models import Post

Looks = Callable[..., Looked]
WINTER, AUTUMN, SUMMER = (item("Winter", day=0), item("Autumn", day=7), item("Summer", day=14))
SPRING = item("Spring", day=-7)


def left() -> set[str]:
    return set(Post.objects.exclude(left_feed_at=None).values_list("title", flat=True))


def test_one_out_of_the_middle_is_missing_from_then_on(looks: Looks) -> None:
    looks(rss(WINTER, AUTUMN, SUMMER))
    before = clocks.now()
    looks(rss(WINTER, SUMMER))
    assert left() == {"Autumn"}
    noticed = Post.objects.get(title="Autumn").left_feed_at
    assert before <= noticed
    looks(rss(SPRING, WINTER, SUMMER))
    assert Post.objects.get(title="Autumn").left_feed_at == noticed


def test_the_newest_may_be_taken_out_too(looks: Looks) -> None:
    looks(rss(WINTER, AUTUMN, SUMMER))
    looks(rss(AUTUMN, SUMMER))
    assert left() == {"Winter"}


def test_in_a_feed_that_begins_with_the_oldest_it_is_the_same(looks: Looks) -> None:
    looks(rss(SUMMER, AUTUMN, WINTER))
    looks(rss(SUMMER, WINTER))
    assert left() == {"Autumn"}


def test_the_last_ones_fall_off_the_end(looks: Looks) -> None:
    looks(rss(WINTER, AUTUMN, SUMMER))
    looks(rss(SPRING, WINTER))
    assert left() == set()


def test_one_that_returns_is_not_missing(looks: Looks) -> None:
    looks(rss(WINTER, AUTUMN, SUMMER))
    looks(rss(WINTER, SUMMER))
    looks(rss(WINTER, AUTUMN, SUMMER))
    assert left() == set()


def test_an_empty_or_broken_feed_misses_nothing(looks: Looks, site: FeedSite) -> None:
    looks(rss(WINTER, AUTUMN, SUMMER))
    looks(rss())
    site.reply = Reply(500)
    looks()
    assert left() == set()
