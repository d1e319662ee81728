"""Where the keys come from."""

import pytest

from tests.processes import Installation
from worker.lib.crypto import new_key


def test_the_encryption_key_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    here = Installation(tmp_path)
    here.environment.pop("POSTLARK_KEYS", None)
    here.run("check")
    file = here.data / "postlark_keys"
    key = file.read_text()
    here.run("check")
    assert file.read_text() == key
    assert file.stat().st_mode & 0o777 == 0o600


def test_it_is_wanted_where_the_database_is_shared(tmp_path):
    here = Installation(tmp_path, DATABASE_URL="postgres://db/x")
    del here.environment["POSTLARK_KEYS"]
    assert "POSTLARK_KEYS is missing" in here.run("check").stderr


def test_a_key_that_is_none_is_told_without_being_repeated(tmp_path):
    answer = Installation(tmp_path, POSTLARK_KEYS=f"{new_key()}, my-own-words").run("check")
    assert answer.returncode == 1
    assert answer.stderr.startswith("POSTLARK_KEYS: number 2 of the 2 keys is not a key; allowed are 32 bytes in base64.")
    assert "my-own-words" not in answer.stderr


def test_half_an_app_is_told(tmp_path):
    (tmp_path / "secret").write_text("planted-app-secret")
    answer = Installation(tmp_path, PINTEREST_APP_SECRET_FILE=str(tmp_path / "secret")).run("check")
    assert answer.stderr == "PINTEREST_APP_ID is missing, though PINTEREST_APP_SECRET is set; set both, or neither.\n"


@pytest.fixture
def used(tmp_path) -> Installation:
    """With a database whose rows were made with its keys."""
    here = Installation(tmp_path)
    here.run("migrate")
    return here


@pytest.mark.parametrize("name", ["secret_key", "address_key", "postlark_keys"])
def test_a_key_that_is_lost_or_spoilt_stops_the_start_and_none_is_made_in_its_place(used, name):
    """Under another address key nobody who left would be recognised."""
    file = used.data / name
    kept = file.read_bytes()
    for spoil in (file.unlink, lambda: file.write_bytes(b""), lambda: file.write_bytes(b"\xff\xfe\x00")):
        spoil()
        answer = used.run("check")
        assert answer.returncode == 1
        assert answer.stderr.startswith(f"{file} cannot be read: ")
        assert answer.stderr.endswith("put your copy of it back.\n")
    file.write_bytes(kept)
    assert "cannot be read" not in used.run("check").stderr


def test_a_kept_key_that_is_none_is_told_without_being_repeated(used):
    (used.data / "postlark_keys").write_text("my-own-words")
    answer = used.run("check")
    assert answer.stderr.startswith(f"{used.data}/postlark_keys: is not a key; allowed are 32 bytes in base64.")
    assert "my-own-words" not in answer.stderr
