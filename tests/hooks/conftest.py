import pytest
from django.test import Client

from tests.fakes.relay import Relay


@pytest.fixture(autouse=True)
def _own_settings(settings):
    """From here on the factories' changes go away with the test."""
    settings.RELAYS = {}


@pytest.fixture
def client():
    """As a reader or a mail provider asks: without any cookie, and a missing CSRF token would be noticed."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def relay():
    with Relay() as server:
        yield server
