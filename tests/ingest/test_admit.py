from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.ingest.admit import Fresh, by_age, first_look, later_look
from worker.models import Post

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NEW, BASELINE, BURST, UNSURE, OLDER = (
    Post.Origin.NEW,
    Post.Origin.BASELINE,
    Post.Origin.BURST,
    Post.Origin.UNSURE,
    Post.Origin.OLDER,
)


def fresh(*days: int | None, unsure: tuple[int, ...] = ()) -> list[Fresh]:
    """One a day that it is old; None has no date."""
    return [Fresh(place, None if day is None else NOW - timedelta(days=day), place in unsure) for place, day in enumerate(days)]


@pytest.mark.parametrize(
    ("days", "backlog", "announced"),
    [
        ((1, 2, 3), 0, []),
        ((1, 2, 3), 2, [0, 1]),
        ((3, 2, 1), 1, [2]),
        ((1, 2, 3), 50, [0, 1, 2]),
        ((None, None, None), 1, [0]),
        ((5, 5, 5), 2, [0, 1]),
    ],
)
def test_the_first_look_announces_the_newest_of_the_backlog(days: tuple[int | None, ...], backlog: int, announced: list[int]) -> None:
    origins = first_look(fresh(*days), backlog, NOW)
    assert [place for place, origin in origins.items() if origin == NEW] == announced
    assert set(origins.values()) <= {NEW, BASELINE}


@pytest.mark.parametrize(
    ("days", "options", "expected"),
    [
        ((0, 0, 0), {}, [NEW, NEW, NEW]),
        ((0, 0, 0, 0), {}, [BURST] * 4),
        ((0,), {"replaced": True}, [BURST]),
        ((0, 0), {"unsure": (1,)}, [NEW, UNSURE]),
        ((0, 0, 0, 0), {"unsure": (3,)}, [NEW, NEW, NEW, UNSURE]),
        ((0, 90), {"left": 1}, [NEW, BASELINE]),
        ((0, 90), {}, [NEW, OLDER]),
        ((90, 91, 92), {"left": 2}, [OLDER] * 3),
        ((90, 90, 90, 90, 0), {}, [BASELINE] * 4 + [NEW]),
        ((None,), {}, [NEW]),
        ((30,), {}, [NEW]),  # as old as the oldest is not older
    ],
)
def test_later_looks_announce_what_is_new_and_hold_what_is_strange(
    days: tuple[int | None, ...], options: dict[str, Any], expected: list[str]
) -> None:
    unsure = options.get("unsure", ())
    replaced, left = bool(options.get("replaced")), options.get("left", 0)
    origins = later_look(fresh(*days, unsure=unsure), 3, NOW - timedelta(days=30), left=left, replaced=replaced)
    assert [origins[place] for place in range(len(days))] == expected


def test_without_an_older_post_nothing_is_too_old() -> None:
    assert later_look(fresh(900), 3, None, left=0, replaced=False) == {0: NEW}


def test_the_topmost_is_the_newest_where_dates_say_nothing() -> None:
    assert [each.place for each in by_age(fresh(None, 1, None), NOW)] == [1, 2, 0]


DOCUMENTS = st.lists(st.tuples(st.none() | st.integers(0, 400), st.booleans()), max_size=12)


@given(DOCUMENTS, st.integers(0, 6), st.none() | st.integers(0, 400), st.integers(0, 12), st.booleans())
def test_no_look_announces_more_than_the_burst(
    document: list[tuple[int | None, bool]], burst: int, oldest: int | None, left: int, replaced: bool
) -> None:
    found = fresh(*(day for day, _ in document), unsure=tuple(place for place, (_, unsure) in enumerate(document) if unsure))
    origins = later_look(found, burst, None if oldest is None else NOW - timedelta(days=oldest), left=left, replaced=replaced)
    assert origins.keys() == {each.place for each in found}, "each has its origin"
    announced = [origin for origin in origins.values() if origin == NEW]
    assert len(announced) <= (0 if replaced else burst)
    assert not announced or BURST not in origins.values(), "a burst is held as a whole"


@given(DOCUMENTS, st.integers(0, 15))
def test_the_first_look_announces_as_many_as_the_backlog_says(document: list[tuple[int | None, bool]], backlog: int) -> None:
    origins = first_look(fresh(*(day for day, _ in document)), backlog, NOW)
    assert len(origins) == len(document)
    assert [*origins.values()].count(NEW) == min(backlog, len(document))
