"""The table of verdicts, and what must hold for every feed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.ingest.entry import Entry
from worker.ingest.identify import MOST_ALIKE, Kind, Known, Verdict, identify, replaced, runs, texts_alike
from worker.ingest.names import names

DAY = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
WORDS = "A therapeutic alliance is a collaborative and supportive relationship between a therapist and their client."
OTHER = "School can be super exciting for some, and the main source of stress and worry for others."
POST = Entry(guid="https://blog.example/?p=1", url="https://blog.example/one/", title="One", content=WORDS, published=DAY)


def remembered(entries: Sequence[Entry], first_id: int = 1) -> list[Known]:
    """What we know after having read these entries for the first time."""
    known: dict[object, Known] = {}
    for entry, its in zip(entries, names(entries), strict=True):
        if its not in known:
            links = {its.link} if its.link else set()
            known[its] = Known(first_id + len(known), {its.guid}, links, {its.title_and_date}, partial(getattr, entry, "text"))
    return list(known.values())


def verdict(entry: Entry, *posts: Entry) -> tuple[Kind, int | None]:
    found = identify([entry], remembered(posts or [POST]))[0]
    return found.kind, found.post


GUID, HOST, PATH, TITLE, DATE = (
    {"guid": "https://blog.example/?p=99"},
    {"url": "https://www.blog.example/one/"},
    {"url": "https://blog.example/other/"},
    {"title": "Other"},
    {"published": DAY + timedelta(days=3)},
)
TEXT = {"content": OTHER}


@pytest.mark.parametrize(
    ("differs", "expected"),
    [
        ([], Kind.SAME),
        # guid equal, and path, title or date equal
        ([HOST, TITLE, DATE], Kind.SAME),
        ([PATH, DATE], Kind.SAME),
        ([PATH, TITLE], Kind.SAME),
        ([TEXT, PATH], Kind.SAME),
        # guid equal, all three differ
        ([PATH, TITLE, DATE], Kind.NEW),
        # guid differs; host and path equal
        ([GUID, TITLE, DATE, TEXT], Kind.SAME),
        # guid differs; host differs; path equal, and title or date equal
        ([GUID, HOST, DATE, TEXT], Kind.SAME),
        ([GUID, HOST, TITLE, TEXT], Kind.SAME),
        ([GUID, HOST, TITLE, DATE], Kind.NEW),
        # guid and path differ; title and date equal
        ([GUID, PATH, TEXT], Kind.SAME),
        # title equal and texts alike
        ([GUID, PATH, DATE], Kind.UNSURE),
        ([GUID, PATH, DATE, TEXT], Kind.NEW),
        # nothing equal
        ([GUID, PATH, TITLE, DATE, TEXT], Kind.NEW),
        ([GUID, PATH, TITLE], Kind.NEW),
    ],
    ids=str,
)
def test_the_table(differs: list[dict[str, object]], expected: Kind) -> None:
    changes = {name: value for each in differs for name, value in each.items()}
    assert verdict(replace(POST, **changes)) == (expected, None if expected == Kind.NEW else 1)


@pytest.mark.parametrize(
    "change",
    [
        {"guid": "http://blog.example/?p=1", "url": "http://blog.example/one/"},
        {"guid": "https://BLOG.example/?p=1"},
        {"url": "https://blog.example/one?utm_source=rss"},
        {"title": "  ONE "},
    ],
    ids=str,
)
def test_what_changes_by_itself_does_not_count(change: dict[str, str]) -> None:
    assert verdict(replace(POST, **{**GUID, **change}, **DATE) if "url" in change else replace(POST, **change)) == (Kind.SAME, 1)


def test_an_entry_without_date_is_not_like_another_without_date() -> None:
    undated = replace(POST, published=None)
    assert verdict(replace(undated, **GUID, **PATH, **TITLE, **TEXT), undated)[0] == Kind.NEW
    assert verdict(replace(undated, **GUID, **PATH, **TEXT), undated)[0] == Kind.NEW


def test_two_candidates_make_it_unsure() -> None:
    other = Entry(
        guid="https://blog.example/?p=2", url="https://blog.example/two/", title="Two", content=OTHER, published=DAY + timedelta(days=1)
    )
    torn = replace(POST, url=other.url, published=other.published)  # the guid and the title of one, the address and date of the other
    assert verdict(torn, POST, other) == (Kind.UNSURE, 2)  # which it agrees with in more
    assert verdict(replace(torn, published=None), POST, other) == (Kind.UNSURE, 1)  # in as much: the older one


def test_of_several_candidates_the_one_that_agrees_in_more_is_it() -> None:
    shared_guid = replace(POST, url="https://blog.example/two/", title="Two", content=OTHER)
    assert verdict(POST, POST, shared_guid) == (Kind.SAME, 1)
    assert verdict(shared_guid, POST, shared_guid) == (Kind.SAME, 2)


def test_one_post_takes_one_entry() -> None:
    copy = replace(POST, guid="https://mirror.example/?p=1", url="https://mirror.example/one/")
    verdicts = identify([copy, POST], remembered([POST]))
    assert [each.kind for each in verdicts] == [Kind.UNSURE, Kind.SAME]


def test_one_post_that_stands_there_under_two_of_its_names_counts_once() -> None:
    again = replace(POST, **GUID, **PATH, **DATE)
    (one,), (two,) = remembered([POST]), remembered([again])
    merged = [Known(1, one.guids | two.guids, one.links | two.links, one.titles_and_dates | two.titles_and_dates, one.text)]
    for feed in ([POST, again], [again, POST]):
        assert {(entry, each.kind) for entry, each in zip(feed, identify(feed, merged), strict=True)} == {
            (POST, Kind.SAME),
            (again, Kind.REPEAT),
        }


def test_one_post_that_was_recorded_twice_is_its_older_record() -> None:
    assert verdict(POST, POST, replace(POST, content=OTHER)) == (Kind.SAME, 1)
    records = [*remembered([POST], 7), *remembered([POST], 3)]
    assert identify([POST], records)[0].post == identify([POST], records[::-1])[0].post == 3


def test_of_posts_with_its_title_and_text_the_latest_is_the_one_it_is_like_and_only_the_latest_twenty_are_read() -> None:
    again = replace(POST, **GUID, **PATH, **DATE)
    column = [replace(POST, guid=f"column {n}", url="", published=DAY - timedelta(days=n), content=f"{n} " * 9) for n in range(MOST_ALIKE)]
    assert verdict(again, POST, replace(POST, guid="its copy", url="", published=None), *column[2:]) == (Kind.UNSURE, 2)
    assert verdict(again, POST, *column[1:]) == (Kind.UNSURE, 1)
    assert verdict(again, POST, *column) == (Kind.NEW, None)


def test_two_new_entries_with_one_text_are_both_held() -> None:
    twin = replace(POST, **GUID, **PATH, **DATE)
    assert [(each.kind, each.post) for each in identify([POST, twin], [])] == [(Kind.UNSURE, None)] * 2


def test_an_entry_stated_twice_counts_once() -> None:
    assert [each.kind for each in identify([POST, POST], [])] == [Kind.NEW, Kind.REPEAT]


def test_a_new_post_in_a_feed_that_uses_one_guid_and_one_link_for_all_is_not_lost() -> None:
    feed = [
        replace(
            POST, guid="blog", url="https://blog.example/", title=f"Post {n}", published=DAY + timedelta(days=n), content=f"{OTHER} {n}" * n
        )
        for n in range(5)
    ]
    verdicts = identify(feed[1:], remembered(feed[:4]))
    assert [each.kind for each in verdicts] == [Kind.SAME, Kind.SAME, Kind.SAME, Kind.NEW]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (WORDS, WORDS, True),
        (WORDS, WORDS + " " + OTHER, True),
        (WORDS, WORDS.upper().replace(",", ""), True),
        (WORDS, OTHER, False),
        ("", "", True),
        ("", WORDS, False),
        ("Rest.", "rest", True),
        ("Rest.", "Play.", False),
    ],
)
def test_texts_are_alike_when_most_of_one_stands_in_the_other(one: str, other: str, expected: bool) -> None:
    assert texts_alike(runs(one), runs(other)) is texts_alike(runs(other), runs(one)) is expected


@pytest.mark.parametrize(
    ("listed", "found", "new", "expected"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4], 5, False),
        ([1, 2, 3, 4], [2, 3, 4], 1, False),
        ([1, 2, 3, 4], [3, 4], 1, True),
        ([1, 2, 3, 4], [], 4, True),
        ([1, 2, 3, 4], [], 0, False),
        ([1, 2, 3], [2, 3], 1, False),
        ([], [], 3, False),
    ],
)
def test_half_or_more_replaced(listed: list[int], found: list[int], new: int, expected: bool) -> None:
    assert replaced(listed, found, new) is expected


# What must hold for every feed ------------------------------------------------------------------------------------------

few = st.integers(0, 3)
entries = st.builds(
    lambda guid, host, path, title, day, text: Entry(
        guid=f"https://blog.example/?p={guid}",
        url=f"https://{host}.example/{path or ''}",
        title=f"Title {title}",
        published=DAY + timedelta(days=day) if day else None,
        content=f"<p>{text}</p>",
    ),
    few,
    st.sampled_from(["blog", "www"]),
    few,
    few,
    few,
    st.sampled_from([WORDS, OTHER, ""]),
)
feeds = st.lists(entries, max_size=6)


def kinds(verdicts: list[Verdict]) -> list[Kind]:
    return [each.kind for each in verdicts]


@given(feeds)
@settings(max_examples=200)
def test_a_feed_read_again_holds_nothing_new(feed: list[Entry]) -> None:
    verdicts = identify(feed, remembered(feed))
    assert set(kinds(verdicts)) <= {Kind.SAME, Kind.REPEAT}


@given(feeds, feeds)
@settings(max_examples=200)
def test_entries_and_posts_are_matched_one_to_one(feed: list[Entry], earlier: list[Entry]) -> None:
    same = [each.post for each in identify(feed, remembered(earlier)) if each.kind == Kind.SAME]
    assert len(same) == len(set(same))


@given(feeds, feeds, st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_the_order_does_not_matter(feed: list[Entry], earlier: list[Entry], rng: "st.DataObject") -> None:
    known = remembered(earlier)
    shuffled, mixed = feed[:], known[:]
    rng.shuffle(shuffled)
    rng.shuffle(mixed)

    def by_names(of: list[Entry], posts: list[Known]) -> set[Verdict]:
        return {each for each in identify(of, posts) if each.kind != Kind.REPEAT}

    # Which of two entries with the same names counts depends on the order, and so may a text that only one of them has.
    if len(set(names(feed))) == len(feed):
        assert by_names(feed, known) == by_names(shuffled, mixed)


@given(feeds, feeds)
@settings(max_examples=200)
def test_an_entry_with_nothing_known_about_it_is_new_or_held_never_lost(feed: list[Entry], earlier: list[Entry]) -> None:
    strangers = [replace(each, guid=f"new-{n}", url=f"https://new.example/new-{n}", title=f"New {n}") for n, each in enumerate(feed)]
    assert kinds(identify(strangers, remembered(earlier))) == [Kind.NEW] * len(feed)


@given(feeds, feeds)
@settings(max_examples=200)
def test_once_a_held_entry_is_kept_it_is_known(feed: list[Entry], earlier: list[Entry]) -> None:
    """Otherwise one doubtful entry would make a new row with every look."""
    known = remembered(earlier)
    for verdict_, entry in zip(identify(feed, known), feed, strict=True):
        its = verdict_.names
        if verdict_.kind == Kind.SAME:
            post = next(each for each in known if each.id == verdict_.post)
            known[known.index(post)] = Known(
                post.id, post.guids | {its.guid}, post.links | ({its.link} - {""}), post.titles_and_dates | {its.title_and_date}, post.text
            )
        elif verdict_.kind != Kind.REPEAT:
            known.append(Known(1000 + len(known), {its.guid}, {its.link} - {""}, {its.title_and_date}, partial(getattr, entry, "text")))
    assert set(kinds(identify(feed, known))) <= {Kind.SAME, Kind.REPEAT}


# Histories --------------------------------------------------------------------------------------------------------------

WEARS = {
    "nothing new": lambda entry: entry,
    "guid": lambda entry: replace(entry, guid=f"urn:{entry.title}"),
    "host": lambda entry: replace(entry, url=entry.url.replace("blog.", "www.")),
    "path": lambda entry: replace(entry, url=entry.url.replace("example/", "example/2026/")),
    "title": lambda entry: replace(entry, title=f"{entry.title}, again"),
    "date": lambda entry: replace(entry, published=DAY + timedelta(days=99)),
    "text": lambda entry: replace(entry, content=f"<p>{entry.title} and words that nobody had before.</p>"),
}
ALL = [
    Entry(
        f"https://blog.example/?p={n}", f"https://blog.example/{n}/", f"Title {n}", content=f"{n} " * 9, published=DAY + timedelta(days=n)
    )
    for n in range(6)
]
looks = st.lists(st.tuples(st.sets(st.integers(0, 5), min_size=1), st.sampled_from(sorted(WEARS))), min_size=1, max_size=6)


def after(history: Sequence[tuple[set[int], str]]) -> tuple[set[int], list[Kind]]:
    """(which of ALL have become posts, the verdicts that were neither the same nor new)."""
    known: dict[int, Known] = {}
    strange = []
    for places, wears in history:
        feed = [WEARS[wears](ALL[place]) for place in sorted(places)]
        for place, entry, found in zip(sorted(places), feed, identify(feed, known.values()), strict=True):
            its = found.names
            if found.kind == Kind.NEW:
                known[place] = Known(place, text=partial(getattr, entry, "text"))
            elif found.kind != Kind.SAME or found.post != place:
                strange.append(found.kind)
                continue
            known[place].guids.add(its.guid)
            known[place].links.update({its.link} - {""})
            known[place].titles_and_dates.add(its.title_and_date)
    return set(known), strange


@given(looks, st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_any_order_of_looks_leads_to_the_same_posts(history: list[tuple[set[int], str]], rng: "st.DataObject") -> None:
    shuffled = history[:]
    rng.shuffle(shuffled)
    assert after(history) == after(shuffled) == (set().union(*(places for places, _ in history)), [])
