import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from tests.factories import make_blog, make_delivery, make_post, make_staff
from worker.models import Batch, Blog, Delivery


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


def text_of(page: HttpResponseBase) -> str:
    """All of it, also where it is sent piece by piece."""
    return b"".join(page).decode()


@pytest.fixture
def office(db) -> Client:
    return client_of("office")


@pytest.fixture
def held() -> Delivery:
    """Held on Facebook; by e-mail it is out. A second blog stands beside."""
    post = make_post(make_blog("example", channels={"facebook": {}, "email": {}}))
    rendition = {"text": "Words", "html": "<p>Words</p>", "image": "http://127.0.0.1:1/a.jpg", "disclaimer": "", "length": 5, "limit": None}
    make_blog("other")
    Batch.objects.create(delivery=make_delivery(post, "email", state="sent", waits_for="nothing"), number=1, size=1, waiting=0, sent=1)
    return make_delivery(post, "facebook", state="held", waits_for="person", reason="Held.", rendition=rendition)
