from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from worker.console import times

TORONTO = ZoneInfo("America/Toronto")
NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)  # a Friday, 12:00 in Toronto


@pytest.mark.parametrize(
    ("distance", "said"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=-59), "just now"),
        (timedelta(minutes=-2), "2 min ago"),
        (timedelta(minutes=-59, seconds=-59), "59 min ago"),
        (timedelta(hours=-1), "today 11:00"),
        (timedelta(hours=-13), "yesterday 23:00"),
        (timedelta(hours=-40), "18 November"),
        (timedelta(days=-400), "16 October 2025"),
        (timedelta(seconds=30), "in a moment"),
        (timedelta(minutes=8, seconds=20), "in 8 min"),
        (timedelta(hours=2), "today 14:00"),
        (timedelta(hours=20), "tomorrow 08:00"),
        (timedelta(days=3), "23 November 12:00"),
        (timedelta(days=60), "19 January 2027 12:00"),
    ],
)
def test_it_is_relative_until_it_matters_then_exact(distance: timedelta, said: str) -> None:
    assert times.relative(NOW + distance, NOW, TORONTO) == said


@pytest.mark.parametrize(
    ("distance", "said"),
    [
        (timedelta(minutes=5), "12:05"),
        (timedelta(hours=20), "tomorrow 08:00"),
        (timedelta(days=4), "24 November 12:00"),
        (timedelta(minutes=-1), "11:59"),
    ],
)
def test_until_is_always_a_time_of_day(distance: timedelta, said: str) -> None:
    assert times.until(NOW + distance, NOW, TORONTO) == said


def test_days_are_those_of_the_blog_and_not_of_the_server() -> None:
    just_after_midnight_utc = datetime(2026, 11, 21, 0, 30, tzinfo=UTC)
    assert times.relative(just_after_midnight_utc - timedelta(hours=8), just_after_midnight_utc, TORONTO) == "today 11:30"
    assert times.exact(just_after_midnight_utc, TORONTO) == "20 November 2026, 19:30:00"


def test_in_french_the_first_of_a_month_is_no_figure() -> None:
    first = datetime(2026, 11, 1, 15, 30, tzinfo=UTC)
    with translation.override("fr"):
        assert times.date(first, NOW, TORONTO) == "1er novembre"
        assert times.exact(first, TORONTO).startswith("1er novembre 2026, 10")
        assert times.date(first + timedelta(days=10), NOW, TORONTO) == "11 novembre"


def test_an_hour_that_happens_twice_keeps_its_wall_clock() -> None:
    before, after = datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    assert times.clock(before, TORONTO) == times.clock(after, TORONTO) == "01:30"
