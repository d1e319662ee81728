"""What needs a person is told once, by mail or wherever Apprise reaches, and its end where it came by itself."""

import json
import sys
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests import clocks
from tests.factories import NOON, make_blog, make_delivery, make_post
from tests.fakes.relay import Relay
from worker import alerts
from worker.channels.email import parse_relay
from worker.deliver import staff
from worker.models import Alert, Blog, Connection, Delivery, Event, Issue

pytestmark = pytest.mark.django_db
DESK = "desk@practice.example"


@pytest.fixture
def relay(settings) -> Iterator[Relay]:
    with Relay() as relay:
        settings.RELAYS = {"default": parse_relay(f"{relay.url}?tls=none")}
        yield relay


@pytest.fixture
def clock() -> Iterator[Any]:
    with clocks.stopped(NOON) as clock:
        yield clock


def blog_that_tells(*to: str, language: str = "en-CA") -> Blog:
    live = {name: {"mode": "live"} for name in ("email", "facebook", "linkedin")}
    return make_blog(alerts={"to": list(to)}, channels=live, language=language)


def held(blog: Blog, channel: str = "facebook", reason: str = "It was held.") -> Delivery:
    return make_delivery(make_post(blog), channel, state="held", waits_for="person", reason=reason, due_at=None)


def tick(clock: Any, minutes: float = 2) -> None:
    """The clock's round, and what it rings for."""
    clock.shift(timedelta(minutes=minutes))
    alerts.notice(clocks.now())
    for blog in alerts.due():
        alerts.tell(blog)


def words(relay: Relay, to: str = DESK) -> list[str]:
    mails = [message_from_bytes(raw, policy=default) for raw in relay.messages[to]]
    return [f"{mail['Subject']}\n{mail.get_body(('plain',)).get_content()}" for mail in mails]


def test_things_that_come_together_are_told_together_and_once(relay, clock):
    blog = blog_that_tells(DESK)
    first = held(blog, reason="It should have gone out at 09:00.")
    tick(clock, 0)
    second = held(blog, "linkedin", reason="LinkedIn wants a person.")
    for _ in range(4):
        tick(clock)
    (mail,) = words(relay)
    assert mail.startswith("2 things need you, Example Psychotherapy\n")
    for delivery in (first, second):
        assert delivery.reason in mail
        assert f"/deliveries/{delivery.pk}" in mail
    assert Event.objects.filter(what="Staff were told of 2 things.").count() == 1


def test_somebody_on_this_machine_can_be_told(relay, clock):
    held(blog_that_tells("office@localhost"))
    tick(clock, 0)
    tick(clock)
    assert len(words(relay, "office@localhost")) == 1


def test_the_staff_of_a_french_blog_are_told_in_french(relay, clock):
    held(
        blog_that_tells(DESK, language="fr-CA"),
        reason="It waits for desk@practice.example, who must approve these words before they go out.",
    )
    for _ in range(2):
        tick(clock)
    (mail,) = (text.replace("\u00a0", " ") for text in words(relay))
    assert mail.startswith("Vous attend : « Coping with school stress")
    assert "», Facebook, Example Psychotherapy\n" in mail
    assert "En attente de desk@practice.example, qui doit approuver ces mots avant leur départ." in mail
    assert "Laisser partir :" in mail
    assert "needs" not in mail


def test_a_held_one_can_be_let_go_from_the_mail_by_whom_it_went_to(relay, clock, client):
    delivery = held(blog_that_tells(DESK))
    tick(clock, 0)
    tick(clock)
    (mail,) = words(relay)
    address = next(line for line in mail.splitlines() if line.startswith("Let it go: ")).removeprefix("Let it go: ")
    path = "/" + address.split("/", 3)[3]
    assert client.get(path).status_code == 200
    delivery.refresh_from_db()
    assert delivery.state == "held"
    assert client.post(path).status_code in (200, 302)
    delivery.refresh_from_db()
    assert (delivery.state, DESK in delivery.reason) == ("pending", True)


@pytest.mark.parametrize(("held_for", "page"), [("approval", "/posts/{post}/approve"), ("unsure", "/posts/{post}")])
def test_what_is_answered_on_a_page_of_its_own_is_not_let_go_from_the_mail(relay, clock, held_for, page):
    delivery = held(blog_that_tells(DESK))
    Delivery.objects.filter(pk=delivery.pk).update(held_for=held_for)
    tick(clock, 0)
    tick(clock)
    (mail,) = words(relay)
    look = next(line for line in mail.splitlines() if line.startswith("Look: "))
    assert look.endswith(page.format(post=delivery.post_id))
    assert "Let it go" not in mail


def test_a_newsletter_is_named_in_the_language_of_the_mail(relay, clock):
    blog = blog_that_tells(DESK, language="fr-CA")
    issue = Issue.objects.create(blog=blog, edition="weekly", day=date(2026, 12, 1), since=NOON, due_at=NOON)
    Delivery.objects.create(blog=blog, issue=issue, channel="email", state="held", waits_for="person", reason="Held.", created_at=NOON)
    tick(clock, 0)
    tick(clock)
    (mail,) = words(relay)
    assert "Infolettre de la semaine, 1er décembre 2026 :" in mail.replace("\u00a0", " ")


def test_who_holds_something_back_is_not_told_of_it_and_the_others_are(relay, clock):
    blog = blog_that_tells(DESK, "owner@practice.example")
    by_hand, late = make_delivery(make_post(blog), "facebook"), held(blog, "linkedin", "It has waited too long.")
    staff.hold(by_hand, DESK.upper(), "a typo")
    tick(clock)
    tick(clock)
    [mine], [theirs] = words(relay), words(relay, "owner@practice.example")
    assert ("a typo" in mine, "waited too long" in mine) == (False, True)
    assert ("a typo" in theirs, "waited too long" in theirs) == (True, True)
    staff.release(late, DESK)
    tick(clock)
    staff.hold(late, "owner@practice.example", "another typo")
    tick(clock)
    tick(clock)
    assert "another typo" in words(relay)[1]


def test_one_who_is_alone_and_holds_something_back_hears_nothing(relay, clock):
    by_hand = make_delivery(make_post(blog_that_tells(DESK)), "facebook")
    staff.hold(by_hand, DESK, "a typo")
    tick(clock)
    tick(clock)
    assert not relay.messages
    assert not Event.objects.filter(what__contains="told of").exists()
    assert alerts.due() == []


def test_what_is_settled_within_the_minute_is_not_told(relay, clock):
    delivery = held(blog_that_tells(DESK))
    tick(clock, 0)
    Delivery.objects.filter(pk=delivery.pk).update(state="cancelled", waits_for="nothing")
    for _ in range(3):
        tick(clock)
    assert words(relay) == []


def test_the_same_thing_that_comes_again_is_told_again(relay, clock):
    blog = blog_that_tells(DESK)
    for sentence in ("There was no good look for 6 hours.", "", "There was no good look for 7 hours."):
        Blog.objects.filter(pk=blog.pk).update(told=sentence)
        tick(clock, 0)
        tick(clock)
    bad, fine, bad_again = words(relay)
    assert bad.startswith("The blog needs you")
    assert fine.startswith("Fine again: The blog")
    assert "no good look for 7 hours" in bad_again


def test_what_ends_while_it_is_told_is_told_to_have_ended(relay, clock, monkeypatch):
    blog = blog_that_tells(DESK)
    Blog.objects.filter(pk=blog.pk).update(told="There was no good look for 6 hours.")
    tick(clock, 0)
    message = sys.modules["worker.alerts.message"]
    by_mail = message._by_mail

    def and_it_ends(*told: Any) -> None:
        by_mail(*told)
        Blog.objects.filter(pk=blog.pk).update(told="")
        alerts.notice(clocks.now())

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(message, "_by_mail", and_it_ends)
        tick(clock)
    for _ in range(3):
        tick(clock)
    bad, fine = words(relay)
    assert bad.startswith("The blog needs you")
    assert fine.startswith("Fine again: The blog")


def test_a_broken_connection_is_told_once_however_many_posts_wait_for_it(relay, clock):
    blog = blog_that_tells(DESK)
    Connection.objects.create(blog=blog, channel="facebook", broken="Facebook’s permission ended.")
    for _ in range(3):
        make_delivery(make_post(blog), "facebook", state="pending", waits_for="person", reason="Facebook’s permission ended.")
    tick(clock, 0)
    tick(clock)
    (mail,) = words(relay)
    assert mail.startswith("Facebook needs you")
    assert mail.count("permission ended") == 1


@pytest.mark.parametrize("days", [14, 7, 3, 1])
def test_each_warning_of_a_connections_end_is_told(relay, clock, days):
    blog = blog_that_tells(DESK)
    Connection.objects.create(blog=blog, channel="linkedin", expires_at=NOON + timedelta(days=days), days_warned=days)
    tick(clock, 0)
    tick(clock)
    (mail,) = words(relay)
    assert "The connection to LinkedIn ends" in mail


def test_a_relay_that_is_away_is_tried_again(settings, clock):
    blog = blog_that_tells(DESK)
    with Relay() as gone:
        settings.RELAYS = {"default": parse_relay(f"{gone.url}?tls=none")}
    held(blog)
    tick(clock, 0)
    tick(clock)
    assert "could not be told" in Alert.objects.get().trouble
    with Relay() as relay:
        settings.RELAYS = {"default": parse_relay(f"{relay.url}?tls=none")}
        tick(clock, 60)
        assert len(words(relay)) == 1
    assert Alert.objects.get().told_at


def test_who_dies_between_the_message_and_its_note_leaves_it_to_be_told_again(relay, clock, monkeypatch):
    held(blog_that_tells(DESK))
    tick(clock, 0)
    with monkeypatch.context() as dying:
        dying.setattr("worker.alerts.message._note_told", lambda *_: sys.exit("killed"))
        with pytest.raises(SystemExit):
            tick(clock)
    tick(clock, 1)
    assert len(words(relay)) == 1
    tick(clock, 5)
    assert len(words(relay)) == 2
    tick(clock, 5)
    assert len(words(relay)) == 2


class Service:
    """Takes Apprise's JSON, as a chat service would."""

    def __init__(self, status: int = 200) -> None:
        self.said: list[dict] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                service.said.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"json://user:planted-secret@127.0.0.1:{self.server.server_port}/"

    def __enter__(self) -> "Service":
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def test_it_tells_wherever_apprise_reaches(clock):
    with Service() as chat:
        delivery = held(blog_that_tells(chat.address), reason="It was held, for it may be known.")
        tick(clock, 0)
        tick(clock)
        (said,) = chat.said
    assert said["title"].endswith("needs you, Example Psychotherapy")
    assert "It was held, for it may be known." in said["message"]
    assert f"/deliveries/{delivery.pk}" in said["message"]
    assert "Let it go" not in said["message"]


def test_one_place_that_does_not_answer_keeps_nobody_else_from_being_told_and_shows_no_secret(relay, clock, caplog):
    with Service(status=500) as chat:
        held(blog_that_tells(chat.address, DESK))
        tick(clock, 0)
        tick(clock)
    assert len(words(relay)) == 1
    alert = Alert.objects.get()
    assert alert.told_at
    assert alert.trouble == "json:// did not take the message."
    kept = json.dumps([list(Event.objects.values("what", "data")), list(Alert.objects.values("trouble", "sentence"))])
    assert "planted-secret" not in kept + caplog.text + words(relay)[0]


def test_a_blog_that_names_nobody_tells_nobody(clock):
    held(make_blog())
    tick(clock, 0)
    tick(clock)
    assert not Alert.objects.exists()


def test_however_many_wait_each_is_told_once(relay, clock, monkeypatch):
    monkeypatch.setattr(sys.modules["worker.alerts.notice"], "MOST", 2)
    blog = blog_that_tells(DESK)
    waiting = [held(blog, reason=f"Reason {number}.") for number in range(5)]
    for _ in range(5):
        tick(clock)
    Delivery.objects.filter(pk=waiting[4].pk).update(state="cancelled", waits_for="nothing")
    for _ in range(3):
        tick(clock)
    told = "".join(words(relay))
    assert [told.count(delivery.reason) for delivery in waiting] == [1] * 5


def test_of_very_many_some_are_told_one_by_one_and_the_others_counted(relay, clock):
    blog = blog_that_tells(DESK)
    waiting = [held(blog, reason=f"Reason {number:02}.") for number in range(12)]
    for _ in range(4):
        tick(clock)
    (mail,) = words(relay)
    assert mail.startswith("12 things need you, Example Psychotherapy\n")
    assert [each.reason in mail for each in waiting] == [True] * 10 + [False] * 2
    assert "And 2 more: all of them stand in Postlark." in mail


def test_a_round_asks_no_more_of_the_database_for_what_is_known(clock, django_assert_max_num_queries):
    blog = blog_that_tells(DESK)
    for number, channel in enumerate(("facebook", "linkedin")):
        Connection.objects.create(blog=blog, channel=channel, expires_at=NOON + timedelta(days=7), days_warned=7)
        held(blog, reason=f"Reason {number}.")
    alerts.notice(clocks.now())
    with django_assert_max_num_queries(8) as asked:
        alerts.notice(clocks.now())
    assert not any("published_at" in query["sql"] for query in asked.captured_queries), (
        "the rhythm of a blog is read for a new warning only"
    )
