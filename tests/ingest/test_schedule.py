from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from worker.ingest.fetch import retry_after
from worker.ingest.schedule import next_look

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TEN = timedelta(minutes=10)


class Middle(Random):
    """No jitter."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


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


def test_a_feed_that_is_gone_is_looked_at_once_a_day() -> None:
    assert pause(gone=True) == timedelta(days=1)


def test_many_blogs_spread_out() -> None:
    pauses = {next_look(NOW, TEN, 0, Random(seed)) - NOW for seed in range(200)}
    assert len(pauses) > 150
    assert timedelta(minutes=9) <= min(pauses) < max(pauses) <= timedelta(minutes=11)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", timedelta(minutes=2)),
        ("0", timedelta(0)),
        ("Sun, 22 Nov 2026 13:00:00 GMT", timedelta(hours=1)),
        ("Sun, 22 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("Sunday, 22-Nov-26 13:00:00 GMT", timedelta(hours=1)),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("99999999999999", None),
        ("²", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, expected: timedelta | None) -> None:
    assert retry_after(value, NOW) == expected
