import pytest
from django.test import Client

from tests.factories import make_staff
from worker.models import Blog


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def client_of(role: str, *blogs: Blog) -> Client:
    """A browser in which somebody with this role has signed in."""
    client = Client()
    client.force_login(
        make_staff(role, email=f"{role}{len(blogs)}@practice.example", blogs=blogs), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


@pytest.fixture
def office(db) -> Client:
    return client_of("office")
