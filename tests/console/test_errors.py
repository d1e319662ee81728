"""What is read where a page cannot be had."""

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from tests.factories import make_blog

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/sign-out", "/language", "/health/example/look", "/subscribers/export", "/hooks/email/mailgun"])
def test_the_address_of_a_button_opened_as_a_page_says_so(office: Client, address: str) -> None:
    make_blog()
    answer = office.get(address)
    assert answer.status_code == 405
    assert "POST" in answer["Allow"]
    assert "<h1>Nothing was changed.</h1>" in answer.content.decode()


def test_who_is_not_signed_in_reads_it_too(client: Client) -> None:
    assert "Nothing was changed." in client.get("/sign-out").content.decode()


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (OperationalError("server closed the connection"), 503, "Postlark cannot get at its records."),
        (InterfaceError("connection already closed"), 503, "Postlark cannot get at its records."),
        (ValueError("a mistake of ours"), 500, "Something broke on our side."),
    ],
)
def test_a_database_that_is_away_is_told_from_a_mistake_of_ours(
    office: Client, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, sentence: str
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("worker.console.needs.what_needs_a_person", refuse)
    office.raise_request_exception = False
    answer = office.get("/")
    assert answer.status_code == status
    assert sentence in answer.content.decode()
    assert str(error) not in answer.content.decode()
