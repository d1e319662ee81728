from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.ingest.schedule import LONGEST_BACK_OFF, LONGEST_PACE, LONGEST_WISH, Pace, next_look, rhythm_of

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TEN = timedelta(minutes=10)


class Middle(Random):
    """No jitter."""

    def uniform(self, a: float, b: float) -> float:
        return b


def pause(poll: timedelta = TEN, failures: int = 0, **options: object) -> timedelta:
    return next_look(NOW, poll, failures, Middle(), **options) - NOW


@pytest.mark.parametrize(("failures", "minutes"), [(0, 10), (1, 10), (2, 20), (3, 40), (4, 60), (50, 60), (100_000, 60)])
def test_it_backs_off_when_looks_bring_nothing(failures: int, minutes: int) -> None:
    assert pause(failures=failures) == timedelta(minutes=minutes)


def test_backing_off_never_makes_it_faster() -> None:
    for poll in (timedelta(hours=6), timedelta(days=999_999)):
        assert pause(poll=poll, failures=50) == poll


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (timedelta(minutes=2), TEN),
        (timedelta(hours=3), timedelta(hours=3)),
        (timedelta(days=400), timedelta(days=1)),
        (None, TEN),
    ],
)
def test_it_comes_back_no_earlier_than_the_site_wishes(wish: timedelta | None, expected: timedelta) -> None:
    assert pause(retry_after=wish) == expected


@pytest.mark.parametrize(("failures", "seconds"), [(1, 5), (2, 10), (4, 40), (7, 320), (8, 600), (50, 600)])
def test_a_feed_that_was_never_read_is_tried_again_soon(failures: int, seconds: int) -> None:
    assert pause(failures=failures, never_read=True) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("failures", "hours"), [(1, 1), (2, 1), (3, 24), (900, 24)])
def test_a_feed_that_says_so_again_and_again_is_gone_and_looked_at_once_a_day(failures: int, hours: int) -> None:
    assert pause(gone=True, failures=failures) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("hours", "minutes"),
    [(None, 10), (24 * 7, 10), (24, 10), (2, 6), (1, 3), (0.1, 2.5), (0, 2.5)],
)
def test_a_blog_that_publishes_often_is_looked_at_more_often(hours: float | None, minutes: float) -> None:
    assert pause(rhythm=None if hours is None else timedelta(hours=hours)) == timedelta(minutes=minutes)


def test_nobody_is_looked_at_more_than_once_a_minute_for_publishing_often() -> None:
    assert pause(poll=timedelta(minutes=2), rhythm=timedelta(0)) == timedelta(minutes=1)
    assert pause(poll=timedelta(seconds=5), rhythm=timedelta(0)) == timedelta(seconds=5)


@pytest.mark.parametrize(
    ("pace", "minutes"),
    [
        (Pace(), 10),
        (Pace(every=timedelta(minutes=5)), 10),
        (Pace(every=timedelta(minutes=20)), 20),
        (Pace(every=timedelta(days=365)), 30),
        (Pace(skip_hours=frozenset({12})), 30),
        (Pace(skip_hours=frozenset({13})), 10),
        (Pace(skip_hours=frozenset(range(24))), 10),
        (Pace(skip_days=frozenset({6})), 30),
        (Pace(skip_days=frozenset({5})), 10),
        (Pace(skip_days=frozenset(range(7))), 10),
    ],
)
def test_what_the_feed_wishes_is_heard_within_bounds(pace: Pace, minutes: int) -> None:
    """NOW is a Sunday, at noon."""
    assert pause(pace=pace) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("gaps", "hours"),
    [([], None), ([24] * 3, None), ([24] * 4, 24), ([1, 1, 1, 100, 100], 1), ([0] * 10, 0), ([2] * 30, 2)],
)
def test_the_rhythm_is_the_middle_of_the_last_gaps(gaps: list[int], hours: float | None) -> None:
    moments = [NOW - timedelta(hours=sum(gaps[:n])) for n in range(len(gaps) + 1)]
    assert rhythm_of(moments[::-1] if gaps else []) == (None if hours is None else timedelta(hours=hours))


durations = st.timedeltas(timedelta(0), timedelta(days=400))


@given(
    poll=st.timedeltas(timedelta(seconds=1), timedelta(days=30)),
    rhythm=st.none() | durations,
    every=durations,
    hours=st.frozensets(st.integers(0, 23)),
    days=st.frozensets(st.integers(0, 6)),
    seed=st.integers(),
)
def test_a_good_feed_is_never_looked_at_later_than_three_times_its_pace(poll, rhythm, every, hours, days, seed) -> None:
    pace = Pace(every, hours, days)
    again = next_look(NOW, poll, 0, Random(seed), rhythm=rhythm, pace=pace) - NOW
    assert timedelta(0) < again <= max(poll, min(3 * poll, LONGEST_PACE))
    if pace == Pace():
        assert again <= poll


@given(
    poll=st.timedeltas(timedelta(seconds=1), timedelta(days=30)),
    failures=st.integers(1, 10_000),
    wish=st.none() | durations,
    never_read=st.booleans(),
    gone=st.booleans(),
    seed=st.integers(),
)
def test_a_feed_in_trouble_is_always_looked_at_again(poll, failures, wish, never_read, gone, seed) -> None:
    again = next_look(NOW, poll, failures, Random(seed), retry_after=wish, never_read=never_read, gone=gone) - NOW
    assert timedelta(0) < again <= max(poll, LONGEST_BACK_OFF, LONGEST_WISH)


def test_many_blogs_spread_out() -> None:
    pauses = {next_look(NOW, TEN, 0, Random(seed)) - NOW for seed in range(200)}
    assert len(pauses) > 150
    assert timedelta(minutes=8) <= min(pauses) < max(pauses) <= timedelta(minutes=10)
