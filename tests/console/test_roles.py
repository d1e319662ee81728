"""Every page and every action, tried as nobody, a reader, the office, and somebody of another blog."""

import re

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from tests import clocks
from tests.console.conftest import client_of
from tests.factories import make_blog
from worker.models import Delivery, Event, Subscriber

pytestmark = pytest.mark.django_db
NOT_STAFF_PAGES = {
    "sign-in",
    "sign-in-by-link",
    "sign-out",
    "by-link",
    "sign-in-code",
    "second-step-picture",
}  # test_sign_in.py, test_by_link.py, test_second_step.py
OF_ONES_OWN = {"language"}  # test_language.py
PUBLIC = {  # tests/hooks
    *("publish", "websub", "email-reports", "healthz", "metrics"),
    *("subscribe", "confirm", "unsubscribe", "read", "archive"),
}
ACTS = {"release", "hold", "skip", "cancel", "there", "not-there"}


def newsletter(of: Delivery) -> str:
    return f"/deliveries/{Delivery.objects.get(post=of.post_id, channel='email').pk}"


def pages(delivery: Delivery) -> dict[str, str]:
    """Name of the address -> a page that is read there."""
    one, post = f"/deliveries/{delivery.pk}", f"/posts/{delivery.post_id}"
    return {
        "home": "/",
        "log": "/log",
        "record": "/record",
        "log-sheet": "/log.csv",
        "bulk": "/log/release",
        "first-steps": "/first-steps",
        "health": "/health",
        "connections": "/connections",
        "password": "/password",
        "second-step": "/second-step",
        "post": post,
        "send": f"{post}/send/facebook",
        "approve": f"{post}/approve",
        "withdraw": f"{post}/withdraw",
        "correct": f"{post}/correct/facebook",
        "delivery": one,
        "mail": f"{one}/mail",
        "letter": f"{one}/mail.eml",
        "picture": f"{one}/picture",
        "reword": f"{one}/words",
        "people": f"{newsletter(delivery)}/people",
        "test-copy": f"{newsletter(delivery)}/test",
        "act": f"{one}/release",
    }


def actions(delivery: Delivery) -> dict[str, str]:
    one = f"/deliveries/{delivery.pk}"
    return {
        "reword": f"{one}/words",
        **{key: f"{one}/{key}" for key in ACTS},
        "send": f"/posts/{delivery.post_id}/send/facebook",
        "withdraw": f"/posts/{delivery.post_id}/withdraw",
        "correct": f"/posts/{delivery.post_id}/correct/facebook",
        "is": f"/posts/{delivery.post_id}/is/new",
        "look": "/health/example/look",
        "pause-blog": "/health/example/pause",
        "resume-blog": "/health/example/resume",
        "pause": "/health/example/pause/facebook",
        "resume": "/health/example/resume/facebook",
    }


def body(answer) -> str:
    return b"".join(answer).decode()


def of_one_blog(name: str) -> bool:
    return name not in {"home", "log", "record", "log-sheet", "bulk", "first-steps", "health", "connections", "password", "second-step"}


def test_the_tables_here_know_every_address(held) -> None:
    """A new one is missing here until it is said who may do what there."""
    ours = {pattern.name for pattern in get_resolver().url_patterns if isinstance(pattern, URLPattern) and pattern.name}
    tables = (pages(held), actions(held).keys() - ACTS, lists(held), NOT_STAFF_PAGES, OF_ONES_OWN, PUBLIC)
    assert ours == {name for table in tables for name in table}


def lists(delivery: Delivery) -> dict[str, str]:
    """What is about a blog's readers and connections. What the office and the owner do there: test_subscribers.py, test_connections.py."""
    reader = Subscriber.objects.get_or_create(
        blog=delivery.blog, address_key="ann@example.org", defaults={"email": "ann@example.org", "created_at": clocks.now()}
    )[0]
    connection = "/connections/example/facebook"
    return {
        "subscribers": "/subscribers",
        "subscribers-import": "/subscribers/import",
        "subscribers-take": "/subscribers/import/1",
        "subscribers-export": "/subscribers/export",
        "subscribers-bar": "/subscribers/bar",
        "subscribers-ask": "/subscribers/ask",
        "subscriber": f"/subscribers/{reader.pk}",
        "subscriber-act": f"/subscribers/{reader.pk}/off",
        "connect": f"{connection}/connect",
        "connect-callback": "/connections/callback/facebook",
        "connection-place": f"{connection}/place",
        "connection-check": f"{connection}/check",
        "disconnect": f"{connection}/disconnect",
    }


IN_A_FORM = {"blog": "example", "email": "ann@example.org", "reason": "Because."}


def test_nobody_comes_near_readers_and_connections(held) -> None:
    for name, address in lists(held).items():
        for answer in (Client().get(address), Client().post(address, IN_A_FORM)):
            assert answer.status_code == 405 or answer["Location"].startswith("/sign-in"), name


def test_a_reader_changes_no_list_and_no_connection(held) -> None:
    reader = client_of("reader")
    for name, address in lists(held).items():
        assert reader.post(address, IN_A_FORM).status_code == 403, name
    assert not Event.objects.exists()


@pytest.mark.parametrize("role", ["office", "owner"])
def test_another_blogs_people_learn_of_no_reader_and_no_connection(held, role) -> None:
    stranger = client_of(role, make_blog("other"))
    for name, address in lists(held).items():
        for answer in (stranger.get(address), stranger.post(address, IN_A_FORM)):
            assert "ann@example.org" not in body(answer), name
        changes_nothing = {404, 403, 405} | ({200, 302} if name == "connect-callback" else set())
        assert answer.status_code in changes_nothing or name == "subscribers-import", name
    assert not Event.objects.exists()


def test_nobody_is_led_to_sign_in(held) -> None:
    before = Event.objects.count()
    for address in pages(held).values():
        answer = Client().get(address)
        assert answer.status_code == 302, address
        assert answer["Location"].startswith("/sign-in?next=/"), address
    for address in actions(held).values():
        assert Client().post(address, {"reason": "Because."}).status_code == 302, address
    assert Event.objects.count() == before


def test_a_page_that_asks_again_after_the_session_ended_is_led_to_sign_in(held) -> None:
    answer = Client().get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (200, "/sign-in")


def test_a_reader_sees_everything_and_changes_nothing(held) -> None:
    reader = client_of("reader")
    for name, address in pages(held).items():
        assert reader.get(address).status_code == 200, name
    for name, address in {**pages(held), **actions(held)}.items():
        answer = reader.post(address, {"reason": "Because.", "password": "x"})
        assert answer.status_code == 403, name
        assert "for the office and the owner" in answer.content.decode()
    held.refresh_from_db()
    assert held.state == "held"
    assert not Event.objects.exists()


def test_a_reader_is_offered_no_button_that_would_be_refused(held) -> None:
    reader = client_of("reader")
    for name, address in {**pages(held), "subscribers-import": "/subscribers/import"}.items():
        if name in ("log-sheet", "letter", "picture", "mail", "password", "second-step"):
            continue
        page = reader.get(address).content.decode()
        for form in page.split("<form")[1:]:
            form = form.partition("</form>")[0]
            greyed = form.count('type="submit"') == len(re.findall(r'type="submit"[^>]* disabled', form))
            assert greyed or 'method="get"' in form or 'action="/sign-out"' in form or "language" in form, (name, form)
        assert f'href="/deliveries/{held.pk}/release"' not in page, name


@pytest.mark.parametrize("role", ["office", "owner"])
def test_the_office_and_the_owner_see_and_do_everything(held, role) -> None:
    client = client_of(role, held.blog)
    for name, address in pages(held).items():
        assert client.get(address).status_code == 200, name
    for name, address in actions(held).items():
        assert client.post(address, {"reason": "Because."}).status_code == 302, name


@pytest.mark.parametrize("role", ["reader", "office", "owner"])
def test_another_blogs_people_do_not_learn_that_it_exists(held, role) -> None:
    stranger = client_of(role, make_blog("other"))
    for name, address in pages(held).items():
        answer = stranger.get(address)
        assert answer.status_code == (404 if of_one_blog(name) else 200), name
        assert held.post.title not in body(answer), name
        assert "health/example" not in body(answer), name
    for name, address in actions(held).items():
        assert stranger.post(address, {"reason": "Because."}).status_code == (403 if role == "reader" else 404), name
    held.refresh_from_db()
    assert held.state == "held"


def test_an_action_without_the_forms_own_sign_is_refused(held) -> None:
    strict = client_of("office")
    strict.handler.enforce_csrf_checks = True
    for name, address in actions(held).items():
        assert strict.post(address, {"reason": "Because."}).status_code == 403, name
    held.refresh_from_db()
    assert held.state == "held"


@pytest.mark.parametrize(
    "address",
    [
        "/nothing",
        "/deliveries/999999",
        "/deliveries/99999999999999999999999999",
        "/posts/0",
        "/deliveries/x",
        "/log/",
        "/health/nobody/look",
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(office, address) -> None:
    answer = office.get(address)
    assert answer.status_code in (404, 405)
    assert answer.status_code == 405 or "There is no such page." in answer.content.decode()


def test_every_page_forbids_scripts_frames_and_other_hosts(held, office) -> None:
    for name, address in {**pages(held), "sign-in": "/sign-in"}.items():
        answer = office.get(address)
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy, name
        assert answer["X-Content-Type-Options"] == "nosniff", name
        assert answer["Referrer-Policy"] == "same-origin", name
        if name != "mail":
            assert "unsafe-inline" not in policy, name
            assert "frame-ancestors 'none'" in policy, name
            assert answer["X-Frame-Options"] == "DENY", name
        if name not in ("picture",):
            assert "no-store" in answer["Cache-Control"], name
