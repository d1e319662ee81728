import re
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.house.tracked import tracked

# Written in pieces, so that this file is not found by its own search.
REGISTRIES = ["py" + "pi.", "python" + "hosted", "npm" + "js.", "proxy.golang" + ".org", "crates" + ".io"]
MACHINES = re.compile("/" + "(?:work|root|home|Users)" + r"/[\w.-]+")
TEXT = {".py", ".toml", ".txt", ".html", ".md", ".css", ".js", ".yml", ".json", ".xml", ""}


def texts():
    return [(file, file.read_text(encoding="utf-8", errors="ignore")) for file in tracked() if file.suffix in TEXT]


def test_no_file_names_a_package_registry():
    assert [(str(file), host) for file, text in texts() for host in REGISTRIES if host in text] == []


def test_no_file_names_a_path_of_somebodys_machine():
    found = [(str(file), match[0]) for file, text in texts() for match in MACHINES.finditer(text)]
    # The account inside the container image is ours.
    assert [pair for pair in found if pair[0] not in ("Dockerfile", "docker-compose.yml")] == []


@pytest.mark.parametrize("lock", ["requirements/runtime.txt", "requirements/dev.txt"])
def test_a_lock_holds_hashes_and_no_address(lock):
    text = Path(lock).read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text


@pytest.mark.django_db
def test_the_migrations_make_what_the_models_say():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_a_script_can_be_run(script):
    assert Path(script).stat().st_mode & 0o100
