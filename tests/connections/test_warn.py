"""Warnings 14, 7, 3 and 1 days before the end, once each, set against when the next post is likely."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import make_blog
from worker.connections import warn
from worker.connections.warn import DAYS, Likely, ending, likely, next_post_likely, warning_due
from worker.models import Connection, Event

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def days(number: float) -> timedelta:
    return timedelta(days=number)


@pytest.mark.parametrize(
    ("left", "warned", "due"),
    [
        (15, None, None),
        (14, None, 14),
        (13, 14, None),
        (7, 14, 7),
        (6, None, 7),
        (3, 7, 3),
        (2.5, 3, None),
        (1, 3, 1),
        (0.1, 1, None),
        (0.1, None, 1),
        (-1, 1, None),
    ],
)
def test_each_warning_is_due_once(left, warned, due):
    assert warning_due(NOW + days(left), NOW, warned) == due


def test_what_never_ends_is_never_warned_of():
    assert warning_due(None, NOW, None) is None


@given(st.lists(st.floats(0, 20), min_size=1, max_size=60))
def test_however_the_days_pass_no_warning_is_given_twice(passed):
    end, warned, given = NOW + days(20), None, []
    for at in sorted(passed):
        due = warning_due(end, NOW + days(at), warned)
        if due is not None:
            given.append(due)
            warned = due
    assert given == sorted(set(given), reverse=True)
    assert set(given) <= set(DAYS)


def weekly(count: int, ago: float = 2) -> list[datetime]:
    return [NOW - days(ago) - days(7 * number) for number in range(count)]


def test_the_rhythm_of_a_blog_tells_its_next_post():
    assert next_post_likely(weekly(8), NOW) == NOW + days(5)


def test_posts_of_one_moment_are_no_gap_between_posts():
    assert next_post_likely([*weekly(8), *weekly(8)], NOW) == NOW + days(5)


def test_a_post_that_is_overdue_is_likely_now():
    assert next_post_likely(weekly(8, ago=9), NOW) == NOW


@pytest.mark.parametrize("published", [[], weekly(2), weekly(8, ago=40)])
def test_two_posts_or_a_long_silence_tell_nothing(published):
    assert next_post_likely(published, NOW) is None


def every(*gaps: float) -> list[datetime]:
    """Posts with these days between them; the last one on Tuesday, 24 November 2026, at 9:00 in Toronto."""
    last = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
    return [last - days(sum(gaps[number:])) for number in range(len(gaps) + 1)]


@pytest.mark.parametrize(
    ("published", "says"),
    [
        pytest.param(every(7, 7, 7), "usually every Tuesday", id="each week on the same day"),
        pytest.param(every(7, 7, 8, 6, 7, 7), "usually every Tuesday", id="one of seven a day late"),
        pytest.param(every(7, 7, 14, 7, 7), "usually every Tuesday", id="a week left out"),
        pytest.param(every(7, 7), "likely around 1 December", id="three posts show no weekday"),
        pytest.param(every(14, 14, 14, 14), "likely around 8 December", id="every second Tuesday is not every Tuesday"),
        pytest.param(every(6, 8, 6, 8, 6), "likely around 30 November", id="weekly, on two days in turn"),
        pytest.param(every(1, 1, 1, 1, 1), "likely around 25 November", id="every day"),
        pytest.param([moment + timedelta(hours=12) for moment in every(7, 7, 7)], "usually every Tuesday", id="late on Tuesday is Wednesday in London"),
    ],
)  # fmt: skip
def test_the_next_post_is_told_in_a_receptionists_words(published, says):
    found = likely(published, NOW, ZoneInfo("America/Toronto"))
    assert found is not None
    assert found.says == says


def test_of_a_blog_without_a_rhythm_nothing_is_told():
    assert likely(every(7), NOW, UTC) is None


@pytest.mark.parametrize(
    ("likely", "said"),
    [
        (None, "The connection to LinkedIn ends in 7 days, on 2 Dec 2026. Connect it again before that."),
        (
            Likely(NOW + days(3), "usually every Saturday"),
            "The connection to LinkedIn ends in 7 days, on 2 Dec 2026. Connect it again before that; the next post (usually every Saturday) can still go out.",
        ),
        (
            Likely(NOW + days(9), "likely around 4 December"),
            "The connection to LinkedIn ends in 7 days, on 2 Dec 2026. Connect it again before that: the next post (likely around 4 December) could not go out there.",
        ),
    ],
)
def test_the_sentence_says_whether_the_next_post_is_in_time(likely, said):
    assert ending("LinkedIn", NOW + days(7), NOW, likely) == said


@pytest.mark.django_db
def test_a_warning_is_one_line_of_the_record_and_begins_anew_with_a_new_connection():
    row = Connection.objects.create(blog=make_blog(), channel="linkedin", expires_at=NOW + days(6))
    for _ in range(2):
        row.refresh_from_db()
        warn.warn(row, NOW)
    assert [event.data["days"] for event in Event.objects.all()] == [7]
    Connection.objects.filter(pk=row.pk).update(expires_at=NOW + days(60))
    row.refresh_from_db()
    warn.warn(row, NOW)
    row.refresh_from_db()
    assert row.days_warned is None
