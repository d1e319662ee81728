"""A second step at sign-in: set up by oneself, asked for after a password and after a link, and each code good once."""

import re
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client

from tests.console.test_sign_in import PASSWORD, signed_in
from tests.factories import make_staff
from worker.console import second_step
from worker.console.sign_in import one_time_link
from worker.lib import totp
from worker.lib.crypto import encrypt
from worker.models import Event, Staff

pytestmark = pytest.mark.django_db
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # the RFC's "12345678901234567890"
NOW = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)


def code(at: datetime = NOW, secret: str = SECRET) -> str:
    return totp.code_of(secret, int(at.timestamp() // 30))


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def staff() -> Staff:
    person = make_staff("office", password=PASSWORD)
    Staff.objects.filter(pk=person.pk).update(totp_secret=encrypt(SECRET))
    return person


def enter(client: Client, staff: Staff) -> None:
    answer = client.post("/sign-in", {"email": staff.email, "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/code")
    assert not signed_in(client)


@pytest.mark.parametrize(("seconds", "digits"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")])
def test_the_codes_are_those_of_the_standard(seconds: int, digits: str) -> None:
    assert totp.code_of(SECRET, seconds // 30) == digits


def test_after_the_password_the_code_is_asked_for(client, staff, clock) -> None:
    enter(client, staff)
    assert client.get("/").status_code == 302
    assert client.post("/sign-in/code", {"code": f"{code()[:3]} {code()[3:]}"})["Location"] == "/"
    assert signed_in(client)


def test_after_a_link_too(client, staff, clock) -> None:
    answer = client.post(urlsplit(one_time_link(staff.email)).path)
    assert answer["Location"] == "/sign-in/code"
    client.post("/sign-in/code", {"code": code()})
    assert signed_in(client)


def test_they_get_to_where_they_were_going_and_to_no_other_host(client, staff, clock) -> None:
    client.post("/sign-in", {"email": staff.email, "password": PASSWORD, "next": "/log"})
    assert client.post("/sign-in/code", {"code": code()})["Location"] == "/log"
    other = Client()
    other.post("/sign-in", {"email": staff.email, "password": PASSWORD, "next": "https://evil.example/"})
    clock.shift(timedelta(minutes=1))
    assert other.post("/sign-in/code", {"code": code(NOW + timedelta(minutes=1))})["Location"] == "/"


def test_a_code_works_once(client, staff, clock) -> None:
    enter(client, staff)
    client.post("/sign-in/code", {"code": code()})
    other = Client()
    enter(other, staff)
    answer = other.post("/sign-in/code", {"code": code()})
    assert (answer.status_code, signed_in(other)) == (422, False)
    assert "not the code of this moment" in answer.content.decode()


@pytest.mark.parametrize(("off", "taken"), [(-30, True), (30, True), (-90, False), (90, False)])
def test_a_phone_may_be_half_a_minute_off(client, staff, clock, off: int, taken: bool) -> None:
    enter(client, staff)
    client.post("/sign-in/code", {"code": code(NOW + timedelta(seconds=off))})
    assert signed_in(client) is taken


@pytest.mark.parametrize("wrong", ["", "abc", "000000", "１２３４５６", "1" * 500, "\0"])
def test_who_guesses_starts_again_from_the_password(client, staff, clock, wrong: str) -> None:
    enter(client, staff)
    for _ in range(second_step.MOST_TRIES - 1):
        assert client.post("/sign-in/code", {"code": wrong}).status_code == 422
    assert client.post("/sign-in/code", {"code": wrong}).status_code == 429
    assert client.post("/sign-in/code", {"code": code()})["Location"] == "/sign-in"
    assert not signed_in(client)


def test_who_knows_the_password_cannot_guess_on_by_giving_it_again(client, staff, clock) -> None:
    for _ in range(4):
        enter(client, staff)
        client.post("/sign-in/code", {"code": "000000"})
    enter(client, staff)
    answer = client.post("/sign-in/code", {"code": "000000"})
    assert (answer.status_code, "Too many wrong" in answer.content.decode()) == (429, True)
    assert client.post("/sign-in", {"email": staff.email, "password": PASSWORD}).status_code == 429
    clock.shift(timedelta(minutes=16))
    enter(client, staff)


def test_who_waits_too_long_starts_again(client, staff, clock) -> None:
    enter(client, staff)
    clock.shift(timedelta(minutes=11))
    assert client.post("/sign-in/code", {"code": code(NOW + timedelta(minutes=11))})["Location"] == "/sign-in"
    assert not signed_in(client)


def test_nobody_gets_to_the_second_step_without_the_first(client, staff, clock) -> None:
    assert client.post("/sign-in/code", {"code": code()})["Location"] == "/sign-in"


def test_it_is_set_up_with_a_first_code_as_proof(client, clock) -> None:
    person = make_staff("office", password=PASSWORD)
    client.force_login(person, backend=second_step.BY_PASSWORD_OR_LINK)
    shown = re.search(r"<code>([A-Z2-7 ]+)</code>", client.get("/second-step").content.decode())
    assert shown
    secret = shown[1].replace(" ", "")
    picture = client.get("/second-step/picture")
    assert picture["Content-Type"] == "image/svg+xml"
    assert client.post("/second-step", {"code": "000000"}).status_code == 422
    assert Staff.objects.get().totp_secret == ""
    assert client.post("/second-step", {"code": code(secret=secret)})["Location"] == "/"
    person.refresh_from_db()
    assert person.totp_secret
    assert secret not in person.totp_secret
    assert Event.objects.filter(who=person.email, what__contains="second step").exists()
    assert client.get("/second-step/picture").status_code == 404


def test_it_is_taken_away_by_a_code_only(client, staff, clock) -> None:
    client.force_login(staff, backend=second_step.BY_PASSWORD_OR_LINK)
    assert client.post("/second-step", {"code": "123456"}).status_code == 422
    assert client.post("/second-step", {"code": code()})["Location"] == "/"
    assert Staff.objects.get().totp_secret == ""


def test_the_secret_cannot_be_read_where_its_key_is_gone(client, staff, clock) -> None:
    Staff.objects.update(totp_secret="gAAAAAB-no-key-opens-this")
    enter(client, staff)
    answer = client.post("/sign-in/code", {"code": code()})
    assert (answer.status_code, "postlark staff reset" in answer.content.decode()) == (409, True)


def test_what_the_browser_had_before_is_forgotten(client, staff, clock) -> None:
    client.get("/sign-in")
    session = client.session
    session["left"] = time.time()
    session.save()
    before = client.session.session_key
    enter(client, staff)
    assert client.session.session_key != before
    assert "left" not in client.session
