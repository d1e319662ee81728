from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOON, blog_file
from worker.deliver.timing import after_quiet, first_due, its_place, too_late


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NIGHT = {"quiet_hours": "21:00-08:00"}


@pytest.mark.parametrize(
    ("moment", "out"),
    [
        pytest.param("2026-11-20 17:00", "2026-11-20 17:00", id="noon in Toronto is not quiet"),
        pytest.param("2026-11-21 02:00", "2026-11-21 13:00", id="21:00 is quiet until 08:00"),
        pytest.param("2026-11-21 01:59", "2026-11-21 01:59", id="20:59 is not yet quiet"),
        pytest.param("2026-11-21 12:59", "2026-11-21 13:00", id="07:59 still is"),
        pytest.param("2026-11-21 13:00", "2026-11-21 13:00", id="08:00 is not"),
        pytest.param("2026-03-08 03:00", "2026-03-08 12:00", id="the night the clocks go forward has an hour less"),
        pytest.param("2026-11-01 03:00", "2026-11-01 13:00", id="the night they go back has an hour more"),
    ],
)
def test_quiet_hours_are_the_blogs_own(moment: str, out: str) -> None:
    assert after_quiet(utc(moment), blog_file(**NIGHT)) == utc(out)


def test_quiet_hours_may_lie_within_one_day() -> None:
    lunch = blog_file(quiet_hours="12:00-13:00")
    assert after_quiet(utc("2026-11-20 17:30"), lunch) == utc("2026-11-20 18:00")
    assert after_quiet(utc("2026-11-20 18:00"), lunch) == utc("2026-11-20 18:00")


def test_quiet_hours_that_begin_in_the_missing_hour_still_end() -> None:
    assert after_quiet(utc("2026-03-08 07:15"), blog_file(quiet_hours="02:30-04:00")) == utc("2026-03-08 08:00")


def test_without_quiet_hours_nothing_waits() -> None:
    assert after_quiet(utc("2026-11-21 02:00"), blog_file()) == utc("2026-11-21 02:00")


def test_it_goes_out_after_its_hold_and_not_at_night() -> None:
    blog = blog_file(**NIGHT, hold="30m")
    assert first_due(utc("2026-11-20 17:00"), blog, "facebook") == utc("2026-11-20 17:30")
    assert first_due(utc("2026-11-21 01:45"), blog, "facebook") == utc("2026-11-21 13:00")


def test_email_waits_ten_minutes_unless_told_otherwise() -> None:
    now = utc("2026-11-20 17:00")
    assert first_due(now, blog_file(hold=None), "email") == now + timedelta(minutes=10)
    assert first_due(now, blog_file(hold=None), "facebook") == now
    assert first_due(now, blog_file(hold="0m"), "email") == now
    own = blog_file(hold="0m", channels={"email": {"hold": "3m"}})
    assert first_due(now, own, "email") == now + timedelta(minutes=3)


@pytest.mark.parametrize(
    ("due", "now", "late"),
    [
        pytest.param("2026-11-20 17:00", "2026-11-20 19:00", False, id="just late enough to go"),
        pytest.param("2026-11-20 17:00", "2026-11-20 19:01", True, id="a minute too late"),
        pytest.param("2026-11-21 01:00", "2026-11-21 13:30", False, id="the night does not count"),
        pytest.param("2026-11-21 01:00", "2026-11-21 14:01", True, id="but the hours around it do"),
        pytest.param("2026-11-20 17:00", "2026-11-20 16:00", False, id="not yet due"),
    ],
)
def test_lateness_leaves_quiet_hours_out(due: str, now: str, late: bool) -> None:
    assert too_late(utc(now), utc(due), blog_file(**NIGHT, late="2h")) is late


moments = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: utc("2026-01-01 00:00") + timedelta(minutes=minutes))
times = st.times().map(lambda t: f"{t:%H:%M}")


@given(moments, times, times)
def test_what_waits_for_the_end_of_quiet_hours_never_waits_again(moment: datetime, start: str, end: str) -> None:
    if start == end:
        return
    blog = blog_file(quiet_hours=f"{start}-{end}")
    out = after_quiet(moment, blog)
    assert moment <= out <= moment + timedelta(hours=25)
    assert after_quiet(out, blog) == out


@pytest.mark.parametrize(
    ("age", "called", "ahead", "waits"),
    [
        (timedelta(minutes=5), timedelta(seconds=1), 9, timedelta()),
        (timedelta(minutes=5, seconds=1), None, 0, timedelta()),
        (timedelta(hours=1), None, 2, timedelta(minutes=2)),
        (timedelta(hours=1), timedelta(seconds=10), 0, timedelta(seconds=50)),
        (timedelta(hours=1), timedelta(seconds=10), 2, timedelta(minutes=2, seconds=50)),
        (timedelta(hours=1), timedelta(hours=3), 0, timedelta()),
        (timedelta(hours=1), timedelta(hours=3), 1, timedelta(minutes=1)),
    ],
    ids=["new", "alone", "behind two", "just called", "both", "called long ago", "called long ago, behind one"],
)
def test_those_that_have_waited_follow_one_another_and_the_new_never_waits(
    age: timedelta, called: timedelta | None, ahead: int, waits: timedelta
) -> None:
    assert its_place(NOON, NOON - age, NOON - called if called else None, ahead) == NOON + waits
