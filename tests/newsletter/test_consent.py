from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as always
from hypothesis import strategies as st

from tests.factories import blog_file
from worker.models import Blog, Consent
from worker.newsletter.consent import ends_on, in_force, today, why_not

TODAY = date(2026, 11, 20)


def given(basis: str, obtained: date) -> Consent:
    return Consent(basis=basis, obtained_on=obtained, ends_on=ends_on(basis, obtained))


@pytest.mark.parametrize(
    ("basis", "obtained", "last_day"),
    [
        ("express", date(2001, 1, 1), None),
        ("purchase", date(2024, 11, 20), date(2026, 11, 20)),
        ("purchase", date(2024, 2, 29), date(2026, 2, 28)),
        ("inquiry", date(2026, 5, 20), date(2026, 11, 20)),
        ("inquiry", date(2026, 8, 31), date(2027, 2, 28)),
        ("inquiry", date(2023, 8, 31), date(2024, 2, 29)),
        ("inquiry", date(2026, 12, 31), date(2027, 6, 30)),
    ],
)
def test_implied_consent_ends_after_its_months(basis, obtained, last_day):
    assert ends_on(basis, obtained) == last_day


@pytest.mark.parametrize(
    ("consents", "reason"),
    [
        ([given("express", date(2020, 1, 1))], ""),
        ([given("express", TODAY)], ""),
        ([given("purchase", date(2024, 11, 20))], ""),
        ([given("purchase", date(2024, 11, 19))], "Their consent ended on 19 November 2026: it came from a purchase on 19 November 2024."),
        ([given("inquiry", date(2026, 5, 20))], ""),
        ([given("inquiry", date(2026, 5, 19))], "Their consent ended on 19 November 2026: it came from an inquiry on 19 May 2026."),
        ([given("inquiry", date(2020, 1, 1)), given("purchase", date(2026, 1, 1))], ""),
        (
            [given("inquiry", date(2020, 1, 1)), given("purchase", date(2021, 1, 1))],
            "Their consent ended on 1 January 2023: it came from a purchase on 1 January 2021.",
        ),
        ([given("express", date(2026, 11, 21))], "No consent to write to them is on record."),
        ([], "No consent to write to them is on record."),
    ],
)
def test_we_may_write_only_while_a_consent_is_in_force(consents, reason):
    assert why_not(consents, TODAY) == reason
    assert (in_force(consents, TODAY) is None) == bool(reason)


def test_the_consent_that_holds_longest_is_the_reason_we_give():
    asked = given("express", date(2020, 1, 1))
    assert in_force([given("purchase", date(2026, 1, 1)), asked, given("inquiry", date(2026, 10, 1))], TODAY) is asked


DAYS = st.dates(date(2015, 1, 1), date(2090, 12, 31))
ZONES = ("America/Toronto", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/London", "UTC")


@always(basis=st.sampled_from(["purchase", "inquiry"]), obtained=DAYS)
def test_the_last_day_is_so_many_months_later_or_the_last_of_a_shorter_month(basis, obtained):
    last, months = ends_on(basis, obtained), {"purchase": 24, "inquiry": 6}[basis]
    assert (last.year - obtained.year) * 12 + last.month - obtained.month == months
    assert last.day == min(obtained.day, monthrange(last.year, last.month)[1])


@always(basis=st.sampled_from(["purchase", "inquiry"]), obtained=DAYS)
def test_we_may_write_on_the_first_and_the_last_day_and_not_one_day_outside(basis, obtained):
    last, day = ends_on(basis, obtained), timedelta(days=1)
    written = [not why_not([given(basis, obtained)], each) for each in (obtained - day, obtained, last, last + day)]
    assert written == [False, True, True, False]


@always(zone=st.sampled_from(ZONES), obtained=DAYS, second=st.integers(-2, 1))
def test_the_clock_is_the_blogs_own_also_when_the_clocks_change(zone, obtained, second):
    """Two seconds before its midnight the last day still runs; at midnight it is over, whatever the day is in UTC."""
    file = blog_file(timezone=zone)
    last = ends_on("inquiry", obtained)
    midnight = datetime.combine(last + timedelta(days=1), datetime.min.time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)
    day = file.local(midnight + timedelta(seconds=second)).date()
    assert bool(why_not([given("inquiry", obtained)], day)) == (second >= 0)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-28T04:59:59+00:00", date(2026, 11, 27)),
        ("2026-11-28T05:00:00+00:00", date(2026, 11, 28)),
        ("2026-07-01T03:59:59+00:00", date(2026, 6, 30)),
        ("2026-07-01T04:00:00+00:00", date(2026, 7, 1)),
    ],
)
def test_today_is_the_day_where_the_blog_is_in_winter_and_in_summer(moment, day, settings):
    settings.BLOGS = {"example": blog_file()}
    assert today(Blog(slug="example"), datetime.fromisoformat(moment)) == day
