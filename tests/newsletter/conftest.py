import pytest

from tests.fakes.relay import Relay


@pytest.fixture
def relay():
    with Relay() as server:
        yield server


@pytest.fixture
def looks(monkeypatch):
    """Called at every crash point of a hand-over: `looks.append(check)`."""
    import importlib

    checks = []
    module = importlib.import_module("worker.newsletter.hand_over")
    monkeypatch.setattr(module, "point", lambda name: [check(name) for check in checks])
    return checks
