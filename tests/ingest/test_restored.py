"""After a backup was restored, what the first look finds may have gone out already."""

from collections.abc import Callable

from tests import clocks
from tests.fakes.feeds import item, rss
from worker.deliver.plan import plan
from worker.ingest import Looked
from worker.models import Blog, Delivery, Post

OLD, LOST, NEWEST = item("Alliance", day=9), item("Coping skills", day=7), item("Reflection", day=0)


def test_what_the_first_look_finds_is_held_and_what_the_next_finds_goes_by_itself(blog: Blog, looks: Callable[..., Looked]) -> None:
    looks(rss(OLD))
    Blog.objects.update(restored_from=clocks.now())
    (lost,) = looks(rss(LOST, OLD)).posts
    (newest,) = looks(rss(NEWEST, LOST, OLD)).posts
    assert [Post.objects.get(pk=pk).origin for pk in (lost, newest)] == ["restored", "new"]
    for pk in (lost, newest):
        plan(pk)
    held = Delivery.objects.filter(post=lost, channel="facebook").get()
    assert (held.state, held.waits_for, "backup" in held.reason) == ("held", "person", True)
    assert Delivery.objects.filter(post=newest, channel="facebook").get().state == "pending"


def test_a_feed_that_is_as_it_was_ends_the_caution(blog: Blog, looks: Callable[..., Looked]) -> None:
    looks(rss(OLD))
    Blog.objects.update(restored_from=clocks.now())
    assert looks().posts == []
    assert Blog.objects.get().restored_from is None
