"""postlark staff: who may sign in."""

import json
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError
from django.test import Client

from tests.factories import make_blog
from tests.management.said import said
from worker.models import Staff

pytestmark = pytest.mark.django_db


def signs_in(link: str) -> bool:
    return Client().post(urlsplit(link).path).status_code == 302


def test_it_adds_a_person_and_prints_a_link_that_signs_them_in() -> None:
    link = said("staff", "add", "Desk@Practice.example", "--role", "office").split()[-1]
    assert Staff.objects.get().email == "desk@practice.example"
    assert signs_in(link)
    assert not signs_in(link)


def test_the_same_address_again_changes_the_role_and_gives_a_new_link() -> None:
    make_blog("example")
    first = json.loads(said("staff", "add", "desk@practice.example", "--role", "reader", "--json"))
    second = json.loads(said("staff", "add", "DESK@practice.example", "--role", "owner", "--blog", "example", "--json"))
    assert second["id"] == first["id"]
    assert (second["role"], second["blogs"]) == ("owner", ["example"])
    assert not signs_in(first["link"])
    assert signs_in(second["link"])


def test_it_lists_everybody_newest_first_without_any_link() -> None:
    assert "postlark staff add" in said("staff", "list")
    said("staff", "add", "a@practice.example", "--role", "owner")
    said("staff", "add", "b@practice.example", "--role", "reader")
    told = said("staff", "list", "--json")
    assert [one["email"] for one in json.loads(told)] == ["b@practice.example", "a@practice.example"]
    assert "sign-in" not in told


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["no-address", "--role", "owner"], "not an e-mail address"),
        (["a@b.example", "--role", "owner", "--blog", "nope"], "no blog 'nope'"),
    ],
)
def test_a_mistake_is_one_sentence_and_adds_nobody(words: list[str], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        said("staff", "add", *words)
    assert not Staff.objects.exists()
