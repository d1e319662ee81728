"""When an edition goes out, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.lib.editions import Digest, next_due, parse_edition

TORONTO = ZoneInfo("America/Toronto")
HOURS = st.times().map(lambda at: at.replace(second=0, microsecond=0))
DIGESTS = st.one_of(
    st.builds(Digest, st.just("weekly"), st.integers(0, 6), HOURS), st.builds(Digest, st.just("monthly"), st.integers(1, 31), HOURS)
)
MOMENTS = st.integers(1_577_836_800, 2_051_222_400).map(lambda second: datetime.fromtimestamp(second, UTC))
ZONES = st.sampled_from(["America/Toronto", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]).map(ZoneInfo)


@pytest.mark.parametrize(
    ("rule", "digest"),
    [
        ("instant", None),
        ("weekly mon 09:00", Digest("weekly", 0, time(9))),
        ("weekly sun 23:59", Digest("weekly", 6, time(23, 59))),
        ("monthly 1 09:00", Digest("monthly", 1, time(9))),
        ("monthly 31 00:00", Digest("monthly", 31, time(0))),
    ],
)
def test_a_rule_is_read(rule: str, digest: Digest | None) -> None:
    assert parse_edition(rule) == digest


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "daily",
        "weekly",
        "weekly monday 09:00",
        "weekly mon 9:00",
        "weekly mon 24:00",
        "monthly 0 09:00",
        "monthly 32 09:00",
        "monthly mon 09:00",
    ],
)
def test_a_rule_that_is_none_is_answered_with_what_is_allowed(rule: str) -> None:
    with pytest.raises(ValueError, match=r"allowed are 'instant', 'weekly mon 09:00' and 'monthly 1 09:00'"):
        parse_edition(rule)


@pytest.mark.parametrize(
    ("rule", "after", "due"),
    [
        ("weekly mon 09:00", "2026-11-27T17:00+00:00", "2026-11-30T14:00+00:00"),
        ("weekly mon 09:00", "2026-11-30T13:59+00:00", "2026-11-30T14:00+00:00"),
        ("weekly mon 09:00", "2026-11-30T14:00+00:00", "2026-12-07T14:00+00:00"),
        ("monthly 1 09:00", "2026-11-27T17:00+00:00", "2026-12-01T14:00+00:00"),
        ("monthly 31 09:00", "2027-02-01T00:00+00:00", "2027-02-28T14:00+00:00"),
        # Summer time begins on 14 March 2027 and ends on 7 November 2027: nine o'clock stays nine o'clock.
        ("weekly sun 09:00", "2027-03-08T00:00+00:00", "2027-03-14T13:00+00:00"),
        ("weekly sun 09:00", "2027-11-01T00:00+00:00", "2027-11-07T14:00+00:00"),
        # 02:30 is left out on the one day and comes at 03:30; 01:30 comes twice on the other, and the first one counts.
        ("weekly sun 02:30", "2027-03-08T00:00+00:00", "2027-03-14T07:30+00:00"),
        ("weekly sun 01:30", "2027-11-01T00:00+00:00", "2027-11-07T05:30+00:00"),
        ("weekly sun 01:30", "2027-11-07T05:30+00:00", "2027-11-14T06:30+00:00"),
    ],
)
def test_it_is_due_by_the_blogs_own_clock(rule: str, after: str, due: str) -> None:
    digest = parse_edition(rule)
    assert digest is not None
    assert next_due(digest, TORONTO, datetime.fromisoformat(after)).moment == datetime.fromisoformat(due)


@given(DIGESTS, ZONES, MOMENTS)
def test_the_next_time_is_later_and_no_time_is_left_out(digest: Digest, zone: ZoneInfo, after: datetime) -> None:
    first = next_due(digest, zone, after)
    assert after < first.moment <= after + timedelta(days=32)
    second = next_due(digest, zone, first.moment)
    assert second.day > first.day
    between = first.moment + (second.moment - first.moment) / 2
    assert next_due(digest, zone, between) == second
    assert next_due(digest, zone, after + (first.moment - after) / 2) == first


@given(ZONES, MOMENTS)
def test_a_month_that_is_too_short_has_it_on_its_last_day(zone: ZoneInfo, after: datetime) -> None:
    day = next_due(Digest("monthly", 31, time(9)), zone, after).day
    assert (day + timedelta(days=1)).day == 1
    assert isinstance(day, date)
