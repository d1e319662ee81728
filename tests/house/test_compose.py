"""The compose file says what the settings read, and starts commands that exist."""

import re
from pathlib import Path
from pkgutil import iter_modules

import pytest
import yaml

from tests.house.test_documents import variables
from worker.management import commands

COMPOSE = yaml.safe_load(Path("docker-compose.yml").read_text())
OURS = {
    name: service for name, service in COMPOSE["services"].items() if "build" in service or service.get("image", "").startswith("postlark")
}


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_it_sets_is_one_the_settings_read(name):
    known = variables()
    assert {key.removesuffix("_FILE") for key in OURS[name]["environment"]} <= known


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_service_runs_a_command_there_is(name):
    there = {module.name for module in iter_modules(commands.__path__)}
    program, command, *_ = OURS[name]["command"]
    assert program == "postlark"
    assert command in there


def test_every_image_is_pinned_to_a_version():
    images = [service["image"] for service in COMPOSE["services"].values() if "build" not in service and "image" in service]
    images += re.findall(r"^FROM (\S+)", Path("Dockerfile").read_text(), re.MULTILINE)
    assert [image for image in images if not re.search(r":[\w.-]*\d", image) or image.endswith(":latest")] == []


def test_every_secret_it_hands_out_is_declared():
    for service in COMPOSE["services"].values():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])


def test_everything_that_keeps_running_says_whether_it_is_well():
    lasting = {name: service for name, service in COMPOSE["services"].items() if service.get("restart") != "no"}
    assert [name for name, service in lasting.items() if "healthcheck" not in service] == []


def test_what_the_operator_keeps_beside_the_program_stays_out_of_the_image():
    """Passwords, readers' addresses, and the blogs' files, which may name where alerts go by a secret address."""
    assert {"secrets", "postlark.env", "var", "*.csv", "config/blogs/*"} <= set(Path(".dockerignore").read_text().split())


def test_the_image_runs_as_somebody_without_rights():
    lines = Path("Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert users[-1] not in ("root", "0")
