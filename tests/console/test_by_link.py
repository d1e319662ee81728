"""Holding and releasing from a mail: one act, for a while, for one person, and only by the button."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from tests import clocks
from tests.factories import make_blog, make_delivery, make_post, make_staff
from worker.deliver import staff
from worker.models import Delivery, Staff
from worker.record.by_link import link

pytestmark = pytest.mark.django_db
TO = "office@practice.example"


@pytest.fixture(autouse=True)
def somebody(db) -> Staff:
    return make_staff("office", TO)


@pytest.fixture
def waiting() -> Delivery:
    return make_delivery(make_post(make_blog()), "facebook", due_at=clocks.now() + timedelta(hours=3))


def path(delivery: Delivery, act: str, to: str = TO) -> str:
    return "/" + link(delivery, act, to).split("/", 3)[3]


def strict() -> Client:
    """A phone that has never been here: no session, no cookie, and the checks that a real server makes."""
    return Client(enforce_csrf_checks=True)


def test_it_speaks_as_the_person_has_chosen_whatever_their_browser_does(waiting, somebody) -> None:
    Staff.objects.filter(pk=somebody.pk).update(language="fr")
    page = strict().get(path(waiting, "hold"), headers={"accept-language": "en-CA"}).content.decode()
    assert "Retenir ceci" in page
    assert '<html lang="fr-CA">' in page


def test_opening_it_changes_nothing_and_its_button_acts(waiting) -> None:
    address = path(waiting, "hold")
    page = strict().get(address).content.decode()
    assert "Hold this back?" in page
    waiting.refresh_from_db()
    assert waiting.state == "pending"
    done = strict().post(address, {"reason": "the picture is wrong"})
    assert "It is held" in done.content.decode()
    waiting.refresh_from_db()
    assert waiting.state == "held"
    assert waiting.reason.startswith(f"Held by {TO} (by a link in an e-mail): the picture is wrong.")


def test_a_held_one_is_released(waiting) -> None:
    staff.hold(waiting, "Ann", "a typo")
    strict().post(path(waiting, "release"))
    waiting.refresh_from_db()
    assert waiting.state == "pending"
    assert waiting.due_at <= clocks.now()


def test_it_works_once_and_not_after_somebody_has_decided(waiting) -> None:
    hold, other = path(waiting, "hold"), path(waiting, "hold")
    strict().post(hold)
    staff.release(waiting, "Ann")
    for address in (hold, other):
        again = strict().post(address)
        assert again.status_code == 410
        assert "This link has done its work." in again.content.decode()
    waiting.refresh_from_db()
    assert waiting.state == "pending"


def test_a_link_for_one_act_is_not_good_for_another(waiting) -> None:
    staff.hold(waiting, "Ann", "a typo")
    assert strict().post(path(waiting, "hold")).status_code == 409
    waiting.refresh_from_db()
    assert waiting.state == "held"


def test_it_ends_after_three_days_and_when_it_is_changed(waiting) -> None:
    address = path(waiting, "hold")
    with time_machine.travel(clocks.now() + timedelta(days=3, minutes=1)):
        assert strict().post(address).status_code == 410
    assert strict().post(address[:-2]).status_code == 410
    assert strict().post("/by-link/made-up").status_code == 410
    waiting.refresh_from_db()
    assert waiting.state == "pending"


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "reader"}])
def test_who_lost_their_rights_lost_their_links(waiting, somebody, change) -> None:
    address = path(waiting, "hold")
    Staff.objects.update(**change)
    assert strict().post(address).status_code == 410
    waiting.refresh_from_db()
    assert waiting.state == "pending"


def test_an_address_of_the_blogs_alerts_needs_no_account() -> None:
    delivery = make_delivery(make_post(make_blog("other", alerts={"to": ["desk@other.example"]})), "facebook")
    assert strict().post(path(delivery, "hold", "stranger@other.example")).status_code == 410
    assert strict().post(path(delivery, "hold", "desk@other.example")).status_code == 200


def test_an_approval_is_not_given_by_a_link() -> None:
    delivery = make_delivery(make_post(make_blog("other", approval=TO)), "facebook", state="held", waits_for="person", held_for="approval")
    assert "signed in" in strict().post(path(delivery, "release")).content.decode()
    delivery.refresh_from_db()
    assert delivery.state == "held"


def test_the_token_travels_to_nobody_else(waiting) -> None:
    answer = strict().get(path(waiting, "hold"))
    assert (answer["Referrer-Policy"], answer["Cache-Control"]) == ("no-referrer", "no-store")
