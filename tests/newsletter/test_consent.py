from datetime import date

import pytest

from worker.models import Consent
from worker.newsletter.consent import ends_on, in_force, why_not

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
        ([given("purchase", date(2024, 11, 19))], "Their consent ended on 2026-11-19: it came from a purchase on 2024-11-19."),
        ([given("inquiry", date(2026, 5, 20))], ""),
        ([given("inquiry", date(2026, 5, 19))], "Their consent ended on 2026-11-19: it came from an inquiry on 2026-05-19."),
        ([given("inquiry", date(2020, 1, 1)), given("purchase", date(2026, 1, 1))], ""),
        (
            [given("inquiry", date(2020, 1, 1)), given("purchase", date(2021, 1, 1))],
            "Their consent ended on 2023-01-01: it came from a purchase on 2021-01-01.",
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
