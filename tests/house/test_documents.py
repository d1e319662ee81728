"""The documents name everything there is, and nothing that is not."""

import re
from pathlib import Path
from pkgutil import iter_modules

import pytest

from tests.house.tracked import tracked
from worker.channels import all_channels
from worker.lib.blogs import Alerts, BlogFile, Brand, Disclaimer, Sender
from worker.management import commands

OPERATING = Path("docs/operating.md")
SETTINGS = sorted(Path("config").glob("*.py"))


def variables() -> set[str]:
    """Every name that the settings read from the environment."""
    text = "".join(file.read_text() for file in SETTINGS)
    return set(re.findall(r"env\.\w+\(\s*r?\"([A-Z][A-Z0-9_]+)", text))


def test_the_settings_read_what_we_think_they_read():
    assert {"POSTLARK_DATA", "DATABASE_URL", "EMAIL_URL", "SECRET_KEY", "LISTEN"} <= variables()


@pytest.mark.parametrize("name", sorted(variables()))
def test_every_variable_is_explained(name):
    assert f"`{name}" in OPERATING.read_text()


@pytest.mark.parametrize("name", sorted(module.name for module in iter_modules(commands.__path__)))
def test_every_command_is_explained(name):
    assert re.search(rf"`postlark (\w+`, `postlark )*{name}\b", OPERATING.read_text())


def test_no_command_is_explained_that_is_not_there():
    there = {module.name for module in iter_modules(commands.__path__)}
    documents = "".join(file.read_text() for file in tracked() if file.suffix == ".md" and file.name != "CHANGELOG.md")
    assert set(re.findall(r"(?:`|^\s*|bin/)postlark ([a-z]+)", documents, re.MULTILINE)) - there == set()


@pytest.mark.parametrize(
    ("section", "shape"), [("", BlogFile), ("disclaimer.", Disclaimer), ("brand.", Brand), ("sender.", Sender), ("alerts.", Alerts)]
)
def test_every_key_of_a_blogs_file_is_explained(section, shape):
    text = OPERATING.read_text()
    keys = set(shape.model_fields) - {"slug", "disclaimer", "brand", "sender", "alerts", "channels"}
    assert [key for key in sorted(keys) if f"`{section}{key}`" not in text] == []


@pytest.mark.parametrize("slug", list(all_channels()))
def test_every_key_of_a_channel_is_explained(slug):
    text = OPERATING.read_text()
    assert [key for key in all_channels()[slug].Options.model_fields if f"`{key}`" not in text] == []


def test_every_link_between_documents_leads_somewhere():
    broken = []
    for file in [file for file in tracked() if file.suffix == ".md"]:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", file.read_text()):
            if not (file.parent / target).exists():
                broken.append((str(file), target))
    assert broken == []


@pytest.mark.parametrize("file", sorted(Path("docs/adr").glob("*.md")), ids=lambda file: file.name)
def test_a_decision_is_one_page_with_its_gist_on_top(file):
    title, blank, gist, *_ = file.read_text().splitlines()
    assert re.fullmatch(r"# \d{4}\. .+", title)
    assert blank == ""
    assert gist.startswith("> ")
    assert len(file.read_text().splitlines()) <= 60
