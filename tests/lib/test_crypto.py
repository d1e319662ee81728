import pytest

from worker.lib import crypto


@pytest.fixture
def keys(settings):
    """Keys as the environment gives them."""

    def put(*keys: str) -> None:
        settings.KEPT_POSTLARK_KEYS, settings.POSTLARK_KEYS = None, keys

    return put


def test_what_was_closed_opens_and_does_not_show_through():
    closed = crypto.encrypt("a token, écrit")
    assert crypto.decrypt(closed) == "a token, écrit"
    assert "token" not in closed


def test_an_old_key_behind_a_newer_one_still_opens(keys):
    old, new = crypto.new_key(), crypto.new_key()
    keys(old)
    closed = crypto.encrypt("a token")
    keys(new, old)
    assert crypto.decrypt(closed) == "a token"
    again = crypto.under_the_newest_key(closed)
    keys(new)
    assert crypto.decrypt(again) == "a token"


def test_a_wrong_key_is_one_sentence_and_never_what_was_closed(keys):
    keys(crypto.new_key())
    closed = crypto.encrypt("a token")
    keys(crypto.new_key())
    for use in (crypto.decrypt, crypto.under_the_newest_key):
        with pytest.raises(crypto.WrongKey, match="not among POSTLARK_KEYS") as raised:
            use(closed)
        assert closed not in str(raised.value)


def test_a_kept_key_that_is_put_in_front_is_used_by_a_process_that_runs_already(settings, tmp_path):
    settings.KEPT_POSTLARK_KEYS = tmp_path / "postlark_keys"
    old, new = crypto.new_key(), crypto.new_key()
    settings.KEPT_POSTLARK_KEYS.write_text(old)
    before = crypto.encrypt("a token")
    settings.KEPT_POSTLARK_KEYS.write_text(f"{new}\n{old}\n")
    assert crypto.decrypt(before) == "a token"
    assert crypto.decrypt(crypto.encrypt("another")) == "another"
