import pytest


@pytest.fixture(autouse=True)
def _own_settings(settings):
    """From here on the factories' changes go away with the test."""
    settings.RELAYS = {}
