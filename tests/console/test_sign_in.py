import logging
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client

from tests import clocks
from tests.factories import make_staff
from worker.console.sign_in import one_time_link
from worker.models import Staff

pytestmark = pytest.mark.django_db
PASSWORD = "a quiet path through a park"


def path_of(link: str) -> str:
    return urlsplit(link).path


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_opening_a_link_changes_nothing_and_its_button_signs_in(client) -> None:
    link = path_of(one_time_link(make_staff().email))
    for _ in range(3):
        page = client.get(link)
        assert page.status_code == 200
        assert not signed_in(client)
    answer = client.post(link)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert signed_in(client)


def test_a_link_works_once(client) -> None:
    link = path_of(one_time_link(make_staff().email))
    client.post(link)
    other = Client()
    for answer in (other.get(link), other.post(link)):
        assert answer.status_code == 410
        assert "no longer works" in answer.content.decode()
    assert not signed_in(other)


def test_a_newer_link_ends_the_older_one(client) -> None:
    staff = make_staff()
    older, newer = path_of(one_time_link(staff.email)), path_of(one_time_link(staff.email))
    assert client.post(older).status_code == 410
    assert client.post(newer).status_code == 302


def test_a_link_ends_after_a_day(client) -> None:
    link = path_of(one_time_link(make_staff().email))
    with time_machine.travel(clocks.now() + timedelta(hours=24, minutes=1)):
        assert client.post(link).status_code == 410
    assert not signed_in(client)


@pytest.mark.parametrize("token", ["x", "a:b:c", "WzEsIiJd:1:1", "%00", "WzEsIngiXQ:1xVHeM:Y2fdjXqcLOhfKzHxoqHBfkDcE2hWW4XnnUnJ8gP6tfQ"])
def test_a_made_up_link_signs_nobody_in(client, token) -> None:
    make_staff()
    assert client.post(f"/sign-in/{token}").status_code == 410
    assert not signed_in(client)


def test_a_person_who_left_cannot_use_their_link_or_their_session(client) -> None:
    staff = make_staff()
    client.post(path_of(one_time_link(staff.email)))
    link = path_of(one_time_link(staff.email))
    Staff.objects.update(is_active=False)
    assert client.get("/").status_code == 302
    assert Client().post(link).status_code == 410
    with pytest.raises(Staff.DoesNotExist):
        one_time_link(staff.email)


def test_the_session_is_a_new_one_after_signing_in(client) -> None:
    staff = make_staff(password=PASSWORD)
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    client.cookies["sessionid"] = session.session_key
    client.post("/sign-in", {"email": staff.email, "password": PASSWORD})
    assert signed_in(client)
    assert client.session.session_key != session.session_key
    assert not Session.objects.filter(pk=session.session_key).exists()


def test_who_was_signed_out_meanwhile_hears_that_nothing_was_changed(client) -> None:
    door = client.post("/log/hold", {"reason": "too many", "newest": 1}, follow=True)
    assert "You were signed out meanwhile, so nothing was changed." in door.content.decode()
    assert "signed out meanwhile" not in client.get("/sign-in").content.decode(), "said once"


def test_the_log_never_holds_a_link(client, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    link = path_of(one_time_link(make_staff().email))
    token = link.rpartition("/")[2]
    handler, lines = logging.getLogger().handlers[0], []
    formatter = next((h.formatter for h in logging.getLogger().handlers if "KeyValue" in type(h.formatter).__name__), None)
    assert formatter, handler
    client.get(link)
    Client(enforce_csrf_checks=True).post(link)
    client.put(link)
    client.post(link)
    client.post(link)
    client.get(link + "x")
    lines = [formatter.format(record) for record in caplog.records]
    assert lines
    assert not [line for line in lines if token in line]


def test_a_password_signs_in_whatever_the_capitals_of_the_address(client) -> None:
    make_staff(email="desk@practice.example", password=PASSWORD)
    answer = client.post("/sign-in", {"email": " Desk@Practice.example ", "password": PASSWORD, "next": "/log?state=held"})
    assert (answer.status_code, answer["Location"]) == (302, "/log?state=held")
    assert signed_in(client)


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_wrong_password_is_told_in_a_sentence(client, password) -> None:
    make_staff(email="desk@practice.example", password=PASSWORD)
    make_staff(email="no-password@practice.example", role="owner")
    for email in ("desk@practice.example", "no-password@practice.example", "nobody@practice.example", ""):
        answer = client.post("/sign-in", {"email": email, "password": password})
        assert "do not belong together" in answer.content.decode()
        assert not signed_in(client)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "///evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "\t//evil.example",
        " /log",
        "evil",
        "",
    ],
)
def test_signing_in_leads_to_no_other_host(client, elsewhere) -> None:
    make_staff(email="desk@practice.example", password=PASSWORD)
    answer = client.post("/sign-in", {"email": "desk@practice.example", "password": PASSWORD, "next": elsewhere})
    assert answer["Location"] == "/"
    assert client.get("/sign-in", {"next": elsewhere})["Location"] == "/"


def test_guessing_is_stopped_with_a_sentence_and_ends_by_itself(client) -> None:
    make_staff(email="desk@practice.example", password=PASSWORD)
    guesses = [client.post("/sign-in", {"email": f"{'D' if n % 2 else 'd'}esk@practice.example", "password": "guess"}) for n in range(6)]
    assert guesses[-1].status_code == 429
    assert "quarter of an hour" in guesses[-1].content.decode()
    right = {"email": "desk@practice.example", "password": PASSWORD}
    assert client.post("/sign-in", right).status_code == 429
    with time_machine.travel(clocks.now() + timedelta(minutes=16)):
        assert client.post("/sign-in", right).status_code == 302


def test_guessing_from_elsewhere_does_not_lock_the_office_out(client) -> None:
    make_staff(email="desk@practice.example", password=PASSWORD)
    make_staff(email="owner@practice.example", role="owner", password=PASSWORD)
    for _ in range(8):
        client.post("/sign-in", {"email": "desk@practice.example", "password": "guess"}, REMOTE_ADDR="203.0.113.7")
    assert client.post("/sign-in", {"email": "desk@practice.example", "password": PASSWORD}, REMOTE_ADDR="203.0.113.7").status_code == 429
    assert client.post("/sign-in", {"email": "desk@practice.example", "password": PASSWORD}).status_code == 302
    assert (
        Client().post("/sign-in", {"email": "owner@practice.example", "password": PASSWORD}, REMOTE_ADDR="203.0.113.7").status_code == 302
    )


def test_a_link_still_works_while_guesses_are_stopped(client) -> None:
    staff = make_staff(password=PASSWORD)
    for _ in range(6):
        client.post("/sign-in", {"email": staff.email, "password": "guess"})
    assert client.post(path_of(one_time_link(staff.email))).status_code == 302


def test_signing_out_takes_a_post(client) -> None:
    client.force_login(make_staff(), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/sign-out").status_code == 405
    assert signed_in(client)
    assert client.post("/sign-out")["Location"] == "/sign-in"
    assert not signed_in(client)


def test_a_password_is_set_after_signing_in_by_link(client) -> None:
    staff = make_staff()
    client.post(path_of(one_time_link(staff.email)))
    for password, again, why in (
        ("short", "short", "too short"),
        (PASSWORD, "another", "not the same"),
        (staff.email, staff.email, "too similar"),
    ):
        refused = client.post("/password", {"password": password, "again": again})
        assert refused.status_code == 422
        assert why in refused.content.decode()
    assert client.post("/password", {"password": PASSWORD, "again": PASSWORD}).status_code == 302
    assert client.get("/").status_code == 200
    assert Client().post("/sign-in", {"email": staff.email, "password": PASSWORD}).status_code == 302


def test_forms_that_are_not_ours_change_nothing() -> None:
    staff = make_staff(password=PASSWORD)
    strict = Client(enforce_csrf_checks=True)
    link = path_of(one_time_link(staff.email))
    for path in ("/sign-in", link, "/sign-out"):
        answer = strict.post(path, {"email": staff.email, "password": PASSWORD})
        assert answer.status_code == 403
        assert "Nothing was changed" in answer.content.decode()
    assert not signed_in(strict)
    assert Client().post(link).status_code == 302


def test_cookies_are_kept_from_scripts_and_other_sites(client) -> None:
    make_staff(email="desk@practice.example", password=PASSWORD)
    client.get("/sign-in")
    client.post("/sign-in", {"email": "desk@practice.example", "password": PASSWORD})
    for name in ("sessionid", "csrftoken"):
        assert client.cookies[name]["httponly"], name
        assert client.cookies[name]["samesite"] == "Lax"


def test_a_nul_is_only_a_wrong_address(client) -> None:
    assert "do not belong together" in client.post("/sign-in", {"email": "desk\0@practice.example", "password": "\0"}).content.decode()
