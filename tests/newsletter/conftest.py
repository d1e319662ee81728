from importlib import import_module

import pytest

from tests.factories import SHORT
from tests.fakes.relay import Relay
from tests.processes import Installation

BLOG = f"""
name = "Example Psychotherapy"
feed = "http://127.0.0.1:1/feed/"
disclaimer = {{ full = "{SHORT}" }}
channels.email = {{ mode = "live", editions = ["instant", "weekly mon 09:00"] }}
sender = {{ name = "Example Psychotherapy", email = "news@blog.example", mailing_address = "1 Example Street", contact = "416 555 0100" }}
"""


@pytest.fixture
def installation(tmp_path, fresh_database_url):
    """One blog, whose newsletter is live; what a test begins there ends with it."""
    here = Installation(tmp_path, DATABASE_URL=fresh_database_url)
    (here.blogs / "example.toml").write_text(BLOG)
    yield here
    here.kill()


@pytest.fixture
def relay():
    with Relay() as server:
        yield server


@pytest.fixture(autouse=True)
def _own_settings(settings):
    """From here on the factories' changes go away with the test."""
    settings.RELAYS = {}


@pytest.fixture(autouse=True)
def _looks_before_each_body(monkeypatch):
    """What may stop a body is looked at each time, not once a second: tests are quick."""
    monkeypatch.setattr(import_module("worker.newsletter.hand_over"), "LOOK_EVERY", 0.0)


@pytest.fixture
def looks(monkeypatch):
    """Called at every crash point of a hand-over: `looks.append(check)`."""
    checks = []
    hand_over = import_module("worker.newsletter.hand_over")  # the package shows the function of that name
    monkeypatch.setattr(hand_over, "point", lambda name: [check(name) for check in checks])
    return checks
