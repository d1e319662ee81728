"""What is wrong with a feed that can be read: a cache that hands out what was true once."""

from datetime import UTC, datetime, timedelta

import pytest

from worker.ingest.health import BELIEVED, CLEARLY_OLDER, OLD, newest_date, stale

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MOMENT = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("age", "dated", "newest", "says"),
    [
        (OLD, None, None, "a copy of its feed that is 1 day old"),
        (2 * OLD, None, None, "a copy of its feed that is 2 days old"),
        (OLD - MOMENT, None, None, ""),
        (timedelta(0), NOW - CLEARLY_OLDER, NOW, "an older copy of its feed"),
        (timedelta(0), NOW - CLEARLY_OLDER + MOMENT, NOW, ""),
        (timedelta(0), NOW, NOW - CLEARLY_OLDER, ""),
        (timedelta(0), None, NOW, ""),
        (timedelta(0), NOW, None, ""),
    ],
)
def test_a_copy_is_stale_from_a_day_on_or_when_it_is_clearly_older_than_the_last(
    age: timedelta, dated: datetime | None, newest: datetime | None, says: str
) -> None:
    sentence = stale(age, dated, newest)
    assert says in sentence
    assert bool(says) is bool(sentence)


@pytest.mark.parametrize(
    ("dated", "before", "kept"),
    [
        (NOW, None, NOW),
        (None, NOW - OLD, NOW - OLD),
        (NOW, NOW - OLD, NOW),
        (NOW - OLD, NOW, NOW),
        (NOW + CLEARLY_OLDER, NOW, NOW + CLEARLY_OLDER),
        (NOW + CLEARLY_OLDER + MOMENT, NOW, NOW),
        (NOW - BELIEVED - OLD, NOW - BELIEVED, NOW - BELIEVED),
        (NOW - BELIEVED - OLD, NOW - BELIEVED - MOMENT, NOW - BELIEVED - OLD),  # what was believed must have been wrong
    ],
)
def test_the_newest_date_that_can_be_true_is_kept_but_a_wrong_one_not_for_ever(
    dated: datetime | None, before: datetime | None, kept: datetime
) -> None:
    assert newest_date(dated, before, NOW) == kept
