"""A token is read back by whoever made it, for what it was made, and by nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.lib.signing import (
    address_hash,
    confirmation_token,
    copy_ids,
    read_confirmation_token,
    read_copy_id,
    read_reading_token,
    read_unsubscribe_token,
    reading_token,
    unsubscribe_token,
)

ROW = st.integers(0, 2**63)


@given(first=ROW, second=ROW)
def test_a_token_names_what_was_signed(first, second):
    assert read_unsubscribe_token(unsubscribe_token(first, second)) == (first, second)
    assert read_copy_id(copy_ids(first)(second)) == (first, second)
    assert read_confirmation_token(confirmation_token(first)) == first
    assert read_reading_token(reading_token(first)) == first


@given(token=st.text() | st.from_regex(r"[0-9]+-[0-9]+\.[0-9a-f]{32}", fullmatch=True))
def test_nobody_can_make_one_up(token):
    assert read_unsubscribe_token(token) is None
    assert read_reading_token(token) is None


@given(data=st.data(), row=ROW)
def test_a_changed_token_names_nobody(data, row):
    token = unsubscribe_token(row, row)
    place = data.draw(st.integers(0, len(token) - 1))
    sign = data.draw(st.characters(exclude_characters=token[place]))
    assert read_unsubscribe_token(token[:place] + sign + token[place + 1 :]) is None
    assert read_unsubscribe_token(token[:place]) is None


def test_a_token_for_one_purpose_is_of_no_use_for_another():
    assert read_copy_id(unsubscribe_token(1, 2)) is None
    assert read_confirmation_token(reading_token(1)) is None


def test_a_replaced_key_still_reads_its_links(settings):
    token = unsubscribe_token(1, 2)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    assert read_unsubscribe_token(token) == (1, 2)
    settings.SECRET_KEY_FALLBACKS = []
    assert read_unsubscribe_token(token) is None


@pytest.mark.parametrize("other", ["ann@reader.exampl", "ANN@reader.example", ""])
def test_two_addresses_have_two_hashes(other):
    assert address_hash("ann@reader.example") != address_hash(other)


def test_a_hash_hangs_on_its_own_key_alone(settings):
    hashed = address_hash("ann@reader.example")
    settings.SECRET_KEY = "another"
    assert address_hash("ann@reader.example") == hashed
    settings.ADDRESS_KEY = "another"
    assert address_hash("ann@reader.example") != hashed
