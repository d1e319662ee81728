from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOON
from worker.deliver.retry import MOST_TRIES, Again, GiveUp, next_try
from worker.lib.backoff import LONGEST, delay


def test_the_first_retry_comes_within_a_minute() -> None:
    again = next_try(1, None, NOON, Random(1))
    assert isinstance(again, Again)
    assert NOON + timedelta(seconds=24) <= again.at <= NOON + timedelta(seconds=36)


@pytest.mark.parametrize(
    ("asked", "at_least"),
    [(timedelta(minutes=20), timedelta(minutes=20)), (timedelta(days=3), timedelta(days=1)), (timedelta(0), timedelta(seconds=24))],
)
def test_the_networks_own_delay_counts_where_it_is_longer_up_to_a_day(asked: timedelta, at_least: timedelta) -> None:
    again = next_try(1, asked, NOON, Random(1))
    assert isinstance(again, Again)
    assert NOON + at_least <= again.at <= NOON + max(at_least, timedelta(seconds=36))


def test_it_gives_up_after_the_last_try() -> None:
    assert isinstance(next_try(MOST_TRIES - 1, None, NOON, Random(1)), Again)
    assert next_try(MOST_TRIES, None, NOON, Random(1)) == GiveUp()


@given(st.integers(1, 200), st.integers())
def test_a_wait_is_never_longer_than_an_hour_and_a_fifth(tries: int, seed: int) -> None:
    assert timedelta(seconds=24) <= delay(tries, Random(seed)) <= LONGEST * 1.2


def test_those_that_failed_together_do_not_come_back_together() -> None:
    assert len({delay(3, Random(seed)) for seed in range(20)}) == 20
