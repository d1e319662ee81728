"""postlark keys rotate."""

import json
from datetime import date

import pytest

from tests.processes import Installation
from worker.lib import keys

LOOK = """
import django; django.setup()
from worker.lib.signing import address_hash, read_unsubscribe_token, unsubscribe_token
import json, sys
token = sys.argv[1] if len(sys.argv) > 1 else unsubscribe_token(1, 2)
print(json.dumps([token, address_hash("ann@reader.example"), read_unsubscribe_token(token)]))
"""


def look(here: Installation, *words: str) -> list:
    import subprocess
    import sys

    environment = here.environment | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run([sys.executable, "-c", LOOK, *words], env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_old_links_and_suppressions_hold_after_a_rotation(tmp_path):
    here = Installation(tmp_path)
    here.environment.pop("POSTLARK_KEYS", None)
    here.run("migrate")
    token, hashed, _ = look(here)
    before = [(here.data / name).read_text() for name in ("secret_key", "postlark_keys")]
    for _ in range(2):
        done = here.run("keys", "rotate", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["rotated"] == ["POSTLARK_KEYS", "SECRET_KEY"]
    assert [text.strip() for text in before] != [(here.data / name).read_text().strip() for name in ("secret_key", "postlark_keys")]
    assert look(here, token) == [token, hashed, [1, 2]]
    assert look(here)[0] != token
    for name in ("secret_key", "postlark_keys"):
        assert (here.data / name).stat().st_mode & 0o777 == 0o600
        for line in (here.data / name).read_text().split():
            assert line not in done.stdout


def test_where_the_environment_gives_the_keys_it_says_what_to_put_where(tmp_path):
    here = Installation(tmp_path, SECRET_KEY="planted secret key", POSTLARK_KEYS="dGhlIHRlc3RzJyBvd24ga2V5LCBmcm9tIG5vYm9keSE=")
    here.run("migrate")
    done = here.run("keys", "rotate")
    assert done.returncode == 0
    assert "No key was changed." in done.stdout
    assert "SECRET_KEY_FALLBACKS" in done.stdout
    assert "planted secret key" not in done.stdout


def test_an_older_signing_key_without_a_key_for_addresses_stops_the_start(tmp_path):
    """Or nobody who left would be recognised any more."""
    answer = Installation(tmp_path, SECRET_KEY="new", SECRET_KEY_FALLBACKS="old").run("check")
    assert answer.returncode == 1
    assert "ADDRESS_KEY is missing" in answer.stderr


@pytest.mark.parametrize(
    ("today", "read"),
    [(date(2026, 11, 25), ["b", "a"]), (date(2027, 1, 19), ["b", "a"]), (date(2027, 1, 20), ["b"]), (date(2027, 3, 1), [])],
)
def test_an_older_key_reads_links_for_sixty_days(today, read):
    assert keys.older("c\nb 2026-12-01\na 2026-11-20\n", today) == read


def test_a_key_with_spaces_and_without_a_date_is_taken_whole():
    assert keys.still_read("my own words", date(2026, 11, 25)) == "my own words"
