"""Feeds with a past, from real HTTP to rows: no post twice, none lost, no flood."""

from collections.abc import Callable
from typing import Any

import pytest

from tests import clocks
from tests.factories import make_blog
from tests.fakes.feeds import item, rss
from worker.ingest import Looked
from worker.models import Alias, Blog, Event, Post

Looks = Callable[..., Looked]
NEW, BASELINE, BURST, UNSURE = "new", "baseline", "burst", "unsure"
FEED = [item("Alliance", day=0), item("Coping skills", day=7), item("Reflection", day=14), item("School stress", day=21)]


def origins() -> dict[str, str]:
    return dict(Post.objects.order_by("id").values_list("title", "origin"))


def remade(items: list[dict[str, Any]], **how: Callable[[dict[str, Any]], Any]) -> bytes:
    """The same items with some parts made anew."""
    return rss(*({**each, **{name: make(each) for name, make in how.items()}} for each in items))


def test_the_first_look_announces_nothing(looks: Looks) -> None:
    looked = looks(rss(*FEED))
    assert set(origins().values()) == {BASELINE}
    assert looked.sentence == "The feed is fine: 4 posts in it."
    assert looked.posts == list(Post.objects.order_by("id").values_list("id", flat=True))


def test_the_first_look_announces_the_backlog(looks: Looks, site: Any) -> None:
    make_blog(feed=site.url, backlog=1)
    looks(rss(*FEED))
    assert origins() == {"School stress": BASELINE, "Reflection": BASELINE, "Coping skills": BASELINE, "Alliance": NEW}


def test_a_new_post_is_found_once(looks: Looks) -> None:
    looks(rss(*FEED))
    found = looks(rss(item("Winter", day=-1), *FEED))
    assert found.sentence == "The feed is fine: 5 posts in it, 1 new."
    assert Post.objects.get(pk__in=found.posts).title == "Winter"
    assert looks().posts == []
    assert origins()["Winter"] == NEW


def test_a_first_look_at_an_empty_feed_is_a_first_look(looks: Looks) -> None:
    looks(rss())
    looks(rss(item("First words")))
    assert origins() == {"First words": NEW}


def test_a_row_says_what_the_feed_says(looks: Looks) -> None:
    looks(rss(*FEED[:1]))
    post = Post.objects.get()
    assert (post.guid, post.url, post.title) == ("https://blog.example/?p=alliance", "https://blog.example/alliance/", "Alliance")
    assert post.published_at.isoformat() == "2026-11-20T14:00:00+00:00"
    assert post.planned_at is None


SAME_POSTS = {
    "reordered": remade(FEED[::-1]),
    "new guids": remade(FEED, guid=lambda each: f"urn:uuid:{each['title']}"),
    "no guids": remade(FEED, guid=lambda _: None),
    "http": remade(FEED, link=lambda each: each["link"].replace("https:", "http:"), guid=lambda each: each["guid"].replace("https:", "http:")),
    "another host": remade(FEED, link=lambda each: each["link"].replace("blog.", "www."), guid=lambda each: each["guid"].replace("blog.", "www.")),
    "another permalink structure": remade(FEED, link=lambda each: each["link"].replace(".example/", ".example/2026/11/")),
    "permalinks and guids": remade(FEED, link=lambda each: each["link"] + "view", guid=lambda each: each["link"] + "view"),
    "tracked links": remade(FEED, link=lambda each: each["link"] + "?utm_source=rss&utm_medium=rss"),
    "new titles": remade(FEED, title=lambda each: each["title"] + " (updated)"),
    "new dates": remade(FEED, date=lambda _: "Sun, 22 Nov 2026 10:00:00 +0000"),
    "no dates": remade(FEED, date=lambda _: None),
    "stated twice": rss(*FEED, *FEED),
}  # fmt: skip


@pytest.mark.parametrize("later", SAME_POSTS.values(), ids=SAME_POSTS.keys())
def test_known_posts_in_another_dress_are_known(looks: Looks, later: bytes) -> None:
    looks(rss(*FEED))
    for feed in (later, rss(*FEED), later):
        looks(feed)
        assert Post.objects.count() == 4
        assert set(origins().values()) == {BASELINE}


@pytest.mark.parametrize("later", SAME_POSTS.values(), ids=SAME_POSTS.keys())
def test_a_new_post_among_them_goes_out(looks: Looks, later: bytes) -> None:
    looks(rss(*FEED))
    looks(later.replace(b"<item>", rss(item("Winter", day=-1)).split(b"</link>", 1)[1].split(b"</channel>")[0] + b"<item>", 1))
    assert origins()["Winter"] == NEW
    assert Post.objects.count() == 5


def test_a_chain_of_changes_is_followed(looks: Looks) -> None:
    """Each step keeps only one name of the step before."""
    looks(rss(*FEED))
    host = [{**each, "link": each["link"].replace("blog.", "new."), "guid": each["link"]} for each in FEED]
    titled = [{**each, "title": f"{each['title']} again"} for each in host]
    dated = [{**each, "date": "Sun, 22 Nov 2026 10:00:00 +0000"} for each in titled]
    moved = [{**each, "link": each["link"] + "x", "text": "Other words."} for each in dated]
    for step in (host, titled, dated, moved):
        looks(rss(*step))
    assert Post.objects.count() == 4
    assert set(Post.objects.values_list("url", flat=True)) == {each["link"] for each in moved}


def test_a_post_that_leaves_and_returns_is_known(looks: Looks) -> None:
    looks(rss(*FEED))
    looks(rss(item("Winter", day=-1), *FEED[:2], FEED[3]))
    looks(rss(item("Winter", day=-1), *FEED))
    looks(rss(*FEED))
    looks(rss(item("Winter", day=-1), *FEED))
    assert origins() == {**dict.fromkeys(("School stress", "Reflection", "Coping skills", "Alliance"), BASELINE), "Winter": NEW}


def test_an_empty_feed_in_between_loses_nothing(looks: Looks, blog: Blog) -> None:
    looks(rss(*FEED))
    looks(rss())
    assert looks(rss(*FEED)).posts == []
    blog.refresh_from_db()
    assert len(blog.listed) == 4


def test_a_restored_backup_floods_nobody(looks: Looks) -> None:
    looks(rss(*FEED[2:]))
    looks(rss(*FEED[1:]))
    looks(rss(*FEED))
    looks(rss(*FEED[2:]))
    assert looks(rss(*FEED)).posts == []
    assert origins() == {"School stress": BASELINE, "Reflection": BASELINE, "Coping skills": NEW, "Alliance": NEW}


def test_a_burst_is_held(looks: Looks) -> None:
    looks(rss(*FEED))
    looks(rss(*(item(f"Import {n}", day=-n) for n in range(1, 5)), *FEED))
    assert [origin for title, origin in origins().items() if title.startswith("Import")] == [BURST] * 4


def test_three_at_once_are_no_burst(looks: Looks) -> None:
    looks(rss(*FEED))
    looks(rss(*(item(f"Series {n}", day=-n) for n in range(1, 4)), *FEED))
    assert [origin for title, origin in origins().items() if title.startswith("Series")] == [NEW] * 3


def test_a_feed_of_which_half_was_replaced_is_held(looks: Looks) -> None:
    looks(rss(*FEED))
    looks(rss(item("Casino", day=-1), item("Pills", day=-2), *FEED[:2]))
    assert (origins()["Casino"], origins()["Pills"]) == (BURST, BURST)


def test_a_feed_that_was_hijacked_and_comes_back_is_as_before(looks: Looks) -> None:
    looks(rss(*FEED))
    looks(rss(item("Casino", day=-1)))
    looks(rss(*FEED))
    looks(rss(item("Winter", day=-2), *FEED))
    assert origins()["Casino"] == BURST
    assert origins()["Winter"] == NEW


def test_an_older_post_that_slides_into_sight_is_not_news(looks: Looks) -> None:
    """A post is taken out, and the feed shows the next older one to keep its ten."""
    looks(rss(*FEED))
    looks(rss(*FEED[1:], item("Long ago", day=300)))
    assert origins()["Long ago"] == BASELINE
    assert Event.objects.filter(post__title="Long ago").get().what == "Came into the feed, older than everything else in it."


def test_the_same_text_under_the_same_title_is_held_with_both_shown(looks: Looks) -> None:
    looks(rss(*FEED))
    again = item("Reflection", day=-1, guid="https://blog.example/?p=900", link="https://blog.example/reflection-2/")
    looks(rss(again, *FEED))
    post = Post.objects.get(origin=UNSURE)
    assert post.resembles is not None
    assert (post.title, post.resembles.title, post.resembles.origin) == ("Reflection", "Reflection", BASELINE)
    looks(rss(again, item("Winter", day=-2), *FEED))
    assert Post.objects.filter(origin=UNSURE).count() == 1


def test_two_new_posts_with_one_text_are_held_and_shown_to_each_other(looks: Looks) -> None:
    looks(rss(*FEED))
    twin = item("Winter", day=-2, guid="https://blog.example/?p=twin", link="https://blog.example/winter-2/")
    looks(rss(twin, item("Winter", day=-1), *FEED))
    one, other = Post.objects.filter(origin=UNSURE)
    assert (one.resembles, other.resembles) == (other, one)


def test_two_posts_with_one_guid_are_two(looks: Looks) -> None:
    one_guid = [{**each, "guid": "blog"} for each in FEED]
    looks(rss(*one_guid))
    assert sorted(Post.objects.values_list("guid", flat=True)) == ["blog", "blog#2", "blog#3", "blog#4"]
    looks(rss(item("Winter", guid="blog", day=-1), *one_guid))
    assert Post.objects.count() == 5
    assert origins()["Winter"] == NEW
    assert looks(remade(one_guid)).posts == []


def test_a_guid_used_again_for_another_post_is_a_new_post(looks: Looks) -> None:
    looks(rss(*FEED))
    looks(rss(item("Winter", guid=FEED[3]["guid"], day=-1), *FEED[:3]))
    assert origins()["Winter"] == NEW
    assert Post.objects.get(title="Winter").guid == f"{FEED[3]['guid']}#2"


def test_a_feed_at_another_address_is_the_same_blog(looks: Looks, site: Any, blog: Blog) -> None:
    looks(rss(*FEED))
    make_blog(feed=site.url + "?format=rss")
    looks(rss(*FEED))
    assert "if-none-match" not in site.asked[-1]
    assert Post.objects.count() == 4


# Edits ------------------------------------------------------------------------------------------------------------------


def planned() -> None:
    Post.objects.update(planned_at=clocks.now())


def test_an_edit_is_written_down_and_planned_anew(looks: Looks) -> None:
    looks(rss(*FEED))
    planned()
    looked = looks(rss({**FEED[0], "text": "<p>Corrected words.</p>"}, *FEED[1:]))
    post = Post.objects.get(title="Alliance")
    assert looked.posts == [post.pk]
    assert looked.sentence == "The feed is fine: 4 posts in it, 1 edited."
    assert (post.summary, post.planned_at) == ("<p>Corrected words.</p>", None)
    assert post.edited_at is not None
    assert Event.objects.filter(post=post).order_by("-id")[0].what == "The post was edited on the blog."


def test_a_new_title_is_an_edit(looks: Looks) -> None:
    looks(rss(*FEED))
    looks(rss({**FEED[0], "title": "Strong alliance"}, *FEED[1:]))
    event = Event.objects.order_by("-id")[0]
    assert event.post is not None
    assert (event.post.title, event.data["before"]["title"]) == ("Strong alliance", "Alliance")


@pytest.mark.parametrize(
    "change",
    [
        {"text": FEED[0]["text"].replace("<p>", '<p class="fresh">').replace("</p>", " </p>")},
        {"link": FEED[0]["link"].replace("https:", "http:")},
        {"date": "Sat, 21 Nov 2026 10:00:00 +0000"},
    ],
    ids=["mark-up", "scheme", "date"],
)
def test_what_no_reader_sees_is_no_edit(looks: Looks, change: dict[str, str]) -> None:
    looks(rss(*FEED))
    planned()
    assert looks(rss({**FEED[0], **change}, *FEED[1:])).posts == []
    assert Post.objects.filter(planned_at=None).count() == 0
    assert Post.objects.exclude(edited_at=None).count() == 0


def test_a_post_that_moves_is_planned_anew_with_its_new_address(looks: Looks) -> None:
    looks(rss(*FEED))
    planned()
    looked = looks(rss({**FEED[0], "link": "https://blog.example/2026/alliance/"}, *FEED[1:]))
    post = Post.objects.get(pk__in=looked.posts)
    assert (post.url, post.planned_at) == ("https://blog.example/2026/alliance/", None)
    assert Event.objects.order_by("-id")[0].what == "The post has moved to https://blog.example/2026/alliance/."


def test_a_feed_that_gives_only_excerpts_from_now_on_takes_no_text_away(looks: Looks) -> None:
    full = rss(*FEED).replace(b"<description>", b'<content xmlns="http://purl.org/rss/1.0/modules/content/">')
    full = full.replace(b"<rss ", b'<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" ')
    full = full.replace(b'<content xmlns="http://purl.org/rss/1.0/modules/content/">', b"<content:encoded>").replace(
        b"</description>", b"</content:encoded>"
    )
    looks(full)
    content = Post.objects.get(title="Alliance").content
    assert content
    looks(remade(FEED, text=lambda _: ""))
    assert Post.objects.get(title="Alliance").content == content


def test_every_name_a_post_has_had_is_kept(looks: Looks) -> None:
    looks(rss(FEED[0]))
    looks(rss({**FEED[0], "guid": "urn:1"}))
    looks(rss({**FEED[0], "title": "Alliances"}))
    assert set(Alias.objects.values_list("kind", "value")) == {
        ("guid", "blog.example?p=alliance"),
        ("guid", "urn:1"),
        ("link", "blog.example/alliance"),
        ("title", "2026-11-20T14:00:00+00:00 alliance"),
        ("title", "2026-11-20T14:00:00+00:00 alliances"),
    }
