"""A blog's web site rings."""

import xmlrpc.client
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests import clocks
from tests.factories import make_blog
from worker import tasks
from worker.ingest import bell
from worker.models import Blog

pytestmark = pytest.mark.django_db


@pytest.fixture
def rung(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Blogs for which a worker was called. Their next look is far off."""
    settings.BLOGS = {}
    make_blog("example")
    Blog.objects.update(next_look_at=clocks.now() + timedelta(hours=1))
    calls: list[str] = []
    monkeypatch.setattr(tasks, "ring", lambda task, ids: calls.extend(ids))
    return calls


def post(address: str, body: bytes | str = b"", kind: str = "text/plain", **extra: Any) -> Any:
    return Client(enforce_csrf_checks=True).post(urlsplit(address).path, body, content_type=kind, **extra)


def wait() -> timedelta:
    return Blog.objects.get().next_look_at - clocks.now()


def test_a_plain_post_calls_a_worker(rung: list[str]) -> None:
    answer = post(bell.address("example"))
    assert (answer.status_code, answer.content.decode()) == (200, "Thank you. Postlark looks at Example Psychotherapy now.\n")
    assert rung == ["example"]
    assert wait() <= timedelta(0)
    assert not answer.cookies


def test_wordpress_gets_the_answer_it_knows(rung: list[str]) -> None:
    for method, words in {
        "weblogUpdates.ping": ("Blog", "https://evil.example/"),
        "weblogUpdates.extendedPing": ("Blog", "https://evil.example/", "https://evil.example/p", "https://evil.example/feed/"),
    }.items():
        answer = post(bell.address("example"), xmlrpc.client.dumps(words, method), "text/xml")
        said, _ = xmlrpc.client.loads(answer.content)
        assert said[0]["flerror"] is False
        assert answer["Content-Type"].startswith("text/xml")
    assert rung == ["example"]


def test_another_method_is_a_fault(rung: list[str]) -> None:
    answer = post(bell.address("example"), xmlrpc.client.dumps((1,), "system.multicall"), "text/xml")
    with pytest.raises(xmlrpc.client.Fault, match="no method"):
        xmlrpc.client.loads(answer.content)
    assert rung == []


@pytest.mark.parametrize("body", [b"<methodCall><methodName>", b"\xff\x00" * 50, b"a" * 200_000, b'{"feed": "https://evil.example"}'])
def test_whatever_it_says_it_is_a_ring(rung: list[str], body: bytes) -> None:
    assert post(bell.address("example"), body).status_code == 200
    assert rung == ["example"]


def test_many_rings_call_one_worker_and_none_is_forgotten(rung: list[str]) -> None:
    for _ in range(20):
        post(bell.address("example"))
    assert rung == ["example"]
    Blog.objects.update(next_look_at=clocks.now() + timedelta(hours=1))  # the look that was called has begun
    answer = post(bell.address("example"))
    assert "in a moment" in answer.content.decode()
    assert timedelta(0) < wait() <= bell.PAUSE
    assert rung == ["example"]


def test_a_later_ring_calls_again(rung: list[str]) -> None:
    post(bell.address("example"))
    Blog.objects.update(rung_at=clocks.now() - bell.PAUSE - timedelta(seconds=1))
    post(bell.address("example"))
    assert rung == ["example", "example"]


def test_a_ring_does_not_put_off_a_look(rung: list[str]) -> None:
    post(bell.address("example"))
    Blog.objects.update(next_look_at=None)
    post(bell.address("example"))
    assert Blog.objects.get().next_look_at is None


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t.replace("example", "other"), lambda t: "example", lambda t: t + "x"])
def test_a_token_that_is_not_ours_rings_nothing(rung: list[str], change: Any) -> None:
    make_blog("other")
    head, _, token = bell.address("example").rpartition("/")
    answer = post(f"{head}/{change(token)}")
    assert answer.status_code == 404
    assert rung == []


def test_a_blog_that_is_no_longer_there_rings_nothing(rung: list[str], settings: Any) -> None:
    address = bell.address("example")
    settings.BLOGS = {}
    assert post(address).status_code == 404


def test_looking_at_the_address_rings_nothing(rung: list[str]) -> None:
    answer = Client().get(urlsplit(bell.address("example")).path)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert rung == []


def test_the_address_is_public_stable_and_each_blogs_own(rung: list[str], settings: Any) -> None:
    settings.PUBLIC_URL = "https://postlark.example"
    assert bell.address("example").startswith("https://postlark.example/hooks/publish/example.")
    assert bell.address("example") == bell.address("example")
    assert bell.address("example").rpartition(".")[2] != bell.address("other").rpartition(".")[2]
