"""Scripted histories of feeds, each look after look: what goes out by itself, what is held, and that nothing comes twice."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.feeds import FeedSite, item, rss
from worker.ingest import Looked
from worker.models import Post

Looks = Callable[..., Looked]
Items = list[dict[str, Any]]
A, B, C, D = FEED = [item("Alliance", day=0), item("Coping skills", day=7), item("Reflection", day=14), item("School stress", day=21)]
WINTER, SPRING = item("Winter", day=-1), item("Spring", day=-2)
OTHER_BLOG = [item(f"Casino {n}", day=n, link=f"https://casino.example/{n}/", guid=f"casino-{n}") for n in range(4)]
OLDER = [item(f"Archive {n}", day=40 + n) for n in range(4)]


def weekly(number: int, **values: Any) -> dict[str, Any]:
    defaults = {
        "link": f"https://blog.example/weekly-{number}/",
        "guid": f"w{number}",
        "text": f"<p>Week {number} was about thing {number}, {number * 7} people and a walk of {number * 3} hours.</p>",
    }
    return item("Weekly reflection", day=-number, **{**defaults, **values})


def changed(each: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {**each, **values}


def every(items: Items, **make: Callable[[dict[str, Any]], Any]) -> Items:
    return [{**each, **{name: how(each) for name, how in make.items()}} for each in items]


def comments(of: dict[str, Any]) -> Items:
    return [item("By: A reader", link=f"{of['link']}#comment-{n}", guid=f"{of['link']}#comment-{n}", text="Thank you!") for n in (1, 2)]


HISTORIES: dict[str, tuple[list[Items], dict[str, list[str]]]] = {
    "a new one, and nothing more": ([[WINTER, *FEED], [WINTER, *FEED]], {"Winter": ["new"]}),
    "one after the other": ([[WINTER, *FEED], [SPRING, WINTER, *FEED]], {"Winter": ["new"], "Spring": ["new"]}),
    "the window moves on": ([[WINTER, A, B, C], [SPRING, WINTER, A, B]], {"Winter": ["new"], "Spring": ["new"]}),
    "all have new guids": ([every(FEED, guid=lambda each: f"new-{each['title']}")], {}),
    "new guids and a new post": ([[WINTER, *every(FEED, guid=lambda each: f"new-{each['title']}")]], {"Winter": ["new"]}),
    "guids become the links": ([every(FEED, guid=lambda each: each["link"])], {}),
    "from http to https and back": ([every(FEED, link=lambda each: each["link"].replace("https", "http")), FEED], {}),
    "another host": ([every(FEED, link=lambda each: each["link"].replace("blog.", "www."), guid=lambda each: each["link"])], {}),
    "another host, then another path": (
        [
            every(FEED, link=lambda each: each["link"].replace("blog.", "new.")),
            every(FEED, link=lambda each: each["link"].replace("blog.example", "new.example/posts")),
        ],
        {},
    ),
    "permalinks with dates": ([every(FEED, link=lambda each: each["link"].replace("example/", "example/2026/11/"))], {}),
    "permalinks with numbers": ([every(FEED, link=lambda each: each["guid"])], {}),
    "another permalink and another guid": ([every(FEED, link=lambda each: each["link"] + "amp/", guid=lambda each: each["link"])], {}),
    "a slug is edited": ([[changed(A, link="https://blog.example/a-better-alliance/"), B, C, D]], {}),
    "a title is edited": ([[changed(A, title="A better alliance"), B, C, D]], {}),
    "title and slug are edited": ([[changed(A, title="Better", link="https://blog.example/better/"), B, C, D]], {}),
    "an old post is dated anew": ([[changed(D, date=WINTER["date"]), A, B, C]], {}),
    "every date is that of the building": ([every(FEED, date=lambda _: WINTER["date"]), every(FEED, date=lambda _: SPRING["date"])], {}),
    "trashed and restored": ([[A, B, D], FEED, [WINTER, A, B, D], [WINTER, *FEED]], {"Winter": ["new"]}),
    "trashed and restored under another slug": ([[A, B, D], [A, B, changed(C, link=C["link"] + "__trashed/"), D]], {}),
    "a backup from before is restored": ([[WINTER, *FEED], FEED, [WINTER, *FEED]], {"Winter": ["new"]}),
    "turned upside down": ([FEED[::-1], [*FEED[::-1], WINTER]], {"Winter": ["new"]}),
    "pinned to the top": ([[C, WINTER, A, B, D], [C, A, WINTER, B, D]], {"Winter": ["new"]}),
    "two with one title": ([[weekly(1), *FEED], [weekly(2), weekly(1), *FEED]], {"Weekly reflection": ["new", "new"]}),
    "two with one title at once": ([[weekly(2), weekly(1), *FEED]], {"Weekly reflection": ["new", "new"]}),
    "one title and one link for all": (
        [[weekly(n, link="https://blog.example/weekly/") for n in (2, 1)] + FEED],
        {"Weekly reflection": ["new", "new"]},
    ),
    "the same once more": ([[weekly(3, text=weekly(1)["text"]), weekly(1), *FEED]], {"Weekly reflection": ["unsure", "unsure"]}),
    "a known one once more": (
        [[item("Reflection", day=-1, guid="x", link="https://blog.example/reflection-2/"), *FEED]],
        {"Reflection": ["unsure"]},
    ),
    "stated twice": ([[WINTER, WINTER, *FEED, *FEED]], {"Winter": ["new"]}),
    "empty for a while": ([[], FEED, [], [WINTER, *FEED]], {"Winter": ["new"]}),
    "another's feed for a while": ([OTHER_BLOG, FEED], {f"Casino {n}": ["burst"] for n in range(4)}),
    "two feeds mixed": ([[*FEED, *OTHER_BLOG]], {f"Casino {n}": ["burst"] for n in range(4)}),
    "the comments for a while": ([comments(A), [WINTER, *FEED]], {"Winter": ["new"]}),
    "page two for a while": ([OLDER, FEED], {}),
    "a wider window": ([[*FEED, *OLDER], FEED, [*FEED, *OLDER]], {}),
    "an older one slides into sight": ([[A, B, C, OLDER[0]], FEED], {}),
    "planned for tomorrow": ([[changed(WINTER, date="Sun, 29 Nov 2099 10:00:00 +0000"), *FEED], [WINTER, *FEED]], {"Winter": ["new"]}),
    "dated back a little": ([[item("Late", day=10), *FEED]], {"Late": ["new"]}),
    "dated back before everything": ([[*FEED, item("Diary", day=90)]], {"Diary": ["older"]}),
    "three at once": ([[item(f"Part {n}", day=-n) for n in (3, 2, 1)] + FEED], {f"Part {n}": ["new"] for n in (1, 2, 3)}),
    "a flood": ([[item(f"Part {n}", day=-n) for n in range(1, 10)] + FEED], {f"Part {n}": ["burst"] for n in range(1, 10)}),
    "all new at once": ([[item(f"New {n}", day=-n) for n in range(1, 4)] + [A]], {f"New {n}": ["burst"] for n in range(1, 4)}),
    "a guid used again": ([[item("Winter", day=-1, guid=D["guid"]), A, B, C]], {"Winter": ["new"]}),
    "without guids, then with": ([every(FEED, guid=lambda _: None), [WINTER, *FEED]], {"Winter": ["new"]}),
    "without titles for a while": ([every(FEED, title=lambda _: None), FEED], {}),
    "without anything but links for a while": (
        [every(FEED, title=lambda _: None, guid=lambda _: None, date=lambda _: None, text=lambda _: None), FEED],
        {},
    ),
}


def test_there_are_more_than_forty() -> None:
    assert len(HISTORIES) > 40


@pytest.mark.parametrize(("steps", "expected"), HISTORIES.values(), ids=HISTORIES)
def test_a_feed_with_this_history(looks: Looks, site: FeedSite, steps: list[Items], expected: dict[str, list[str]]) -> None:
    looks(rss(*FEED))
    for step in [*steps, steps[-1]]:
        looks(rss(*step))
    found: dict[str, list[str]] = {}
    for title, origin in Post.objects.exclude(origin="baseline").order_by("id").values_list("title", "origin"):
        found.setdefault(title, []).append(origin)
    assert found == expected
    # And it goes on as if nothing had been.
    looks(rss(*FEED))
    posts = Post.objects.count()
    looks(rss(item("Afterwards", day=-9), *FEED))
    assert Post.objects.count() == posts + 1
    assert Post.objects.latest("id").origin == "new"
