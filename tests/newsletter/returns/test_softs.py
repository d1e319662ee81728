"""When a mailbox that takes nothing for now counts as dead."""

from datetime import UTC, datetime, timedelta

import pytest

from worker.newsletter.returns.softs import Copy, has_given_out, softs_in_a_row

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def copies(*told: str, days: int = 7) -> list[Copy]:
    """The newest first, one every so many days; the newest left a day ago."""
    kinds = {"soft": {"soft"}, "blocked": {"blocked"}, "delivered": {"delivered"}, "stayed": set(), "refused": {"soft"}, "ended": {"soft"}}
    return [Copy(NOW - timedelta(days=1 + days * at), one != "refused", kinds[one], ended=one == "ended") for at, one in enumerate(told)]


@pytest.mark.parametrize(
    ("told", "in_a_row"),
    [
        ([], 0),
        (["soft", "soft", "refused"], 3),
        (["soft", "stayed", "soft"], 1),
        (["soft", "delivered", "soft"], 1),
        (["soft", "blocked", "soft"], 2),
        (["stayed", "soft", "soft"], 2),  # it left yesterday and may yet come back
        (["soft", "soft", "ended", "soft"], 2),  # staff let them in again after that
    ],
)
def test_a_row_ends_at_the_last_copy_that_stayed(told, in_a_row):
    assert len(softs_in_a_row(copies(*told), NOW)) == in_a_row


@pytest.mark.parametrize(("later", "in_a_row"), [(timedelta(), 1), (timedelta(seconds=1), 0)])
def test_a_copy_has_stayed_once_more_than_five_days_are_over(later, in_a_row):
    told = [Copy(NOW - timedelta(days=5) - later, True, set()), Copy(NOW - timedelta(days=9), True, {"soft"})]
    assert len(softs_in_a_row(told, NOW)) == in_a_row


@pytest.mark.parametrize(("number", "days", "given_out"), [(5, 7, True), (4, 30, False), (5, 3, False), (15, 1, True), (14, 1, False)])
def test_it_takes_five_over_two_weeks_not_a_full_mailbox_over_one_holiday(number, days, given_out):
    row = softs_in_a_row(copies(*["soft"] * number, days=days), NOW)
    assert has_given_out(row) == given_out
