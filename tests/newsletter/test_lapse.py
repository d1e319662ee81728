"""Consent that ends: staff hear a month ahead, once; readers are asked while the law lets us, and stay by their own yes."""

from datetime import date

import pytest
from django.test import Client

from tests import clocks
from tests.factories import make_staff
from tests.newsletter.people import live_blog, make_subscriber
from worker import alerts
from worker.lib.address import read_address
from worker.lib.blogs import blog_file
from worker.lib.signing import confirmation_token
from worker.models import Alert, Confirmation, Event, Subscriber
from worker.newsletter import confirmation_mail, lapse
from worker.newsletter.confirm import confirm
from worker.newsletter.leave import forget, unsubscribe
from worker.newsletter.sign_up import Wish, ask
from worker.newsletter.suppress import suppress

pytestmark = pytest.mark.django_db


@pytest.fixture
def blog(relay, settings):
    return live_blog(relay)


def told() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("what", flat=True))


def mail_what_is_due() -> None:
    for pk in confirmation_mail.due():
        confirmation_mail.send(pk)


@pytest.mark.parametrize(
    ("obtained", "on", "is_lapsing", "is_lapsed"),
    [
        (date(2026, 5, 20), date(2026, 10, 19), False, False),
        (date(2026, 5, 20), date(2026, 10, 20), True, False),
        (date(2026, 5, 20), date(2026, 11, 20), True, False),
        (date(2026, 5, 20), date(2026, 11, 21), False, True),
    ],
)
def test_an_inquiry_lapses_to_the_day(blog, obtained, on, is_lapsing, is_lapsed):
    make_subscriber(blog, basis="inquiry", obtained_on=obtained)
    rows = Subscriber.objects.all()
    assert (lapse.lapsing(rows, on).exists(), lapse.lapsed(rows, on).exists()) == (is_lapsing, is_lapsed)


def test_whoever_asked_themselves_or_left_never_lapses(blog):
    make_subscriber(blog)
    unsubscribe(make_subscriber(blog, basis="inquiry", obtained_on=date(2020, 1, 1)))
    rows = Subscriber.objects.all()
    assert not lapse.lapsing(rows, date(2026, 11, 20)).exists()
    assert not lapse.lapsed(rows, date(2026, 11, 20)).exists()


def test_staff_are_told_once_of_each(blog, clock):
    clock.move_to("2026-10-01 17:00Z")
    make_subscriber(blog, basis="inquiry", obtained_on=date(2026, 5, 10))
    make_subscriber(blog, basis="inquiry", obtained_on=date(2026, 6, 1))
    for day in range(15, 25):
        clock.move_to(f"2026-10-{day} 17:00Z")
        lapse.tell()
        lapse.tell()
    assert [what.partition(".")[0] for what in told()] == ["The consent of 1 reader ends within a month, on 10 November 2026"]
    clock.move_to("2026-11-02 17:00Z")
    lapse.tell()
    assert len(told()) == 2
    clock.move_to("2026-11-03 17:00Z")
    make_subscriber(blog, basis="inquiry", obtained_on=date(2026, 5, 11))
    lapse.tell()
    assert len(told()) == 3, "who came to the list within their last month is told of too"


def test_staff_are_mailed_once_a_week_at_most_and_see_it_on_top_until_all_were_asked(relay, clock, settings, client):
    clock.move_to("2026-10-01 17:00Z")
    blog = live_blog(relay, alerts={"to": ["office@blog.example"]})
    for day in (10, 11, 12, 20):
        make_subscriber(blog, basis="inquiry", obtained_on=date(2026, 5, day))
    told_about = []
    for day in range(1, 22):
        clock.move_to(f"2026-10-{day} 17:00Z")
        lapse.tell()
        alerts.notice(clocks.now())
        told_about += [each.sentence.partition(".")[0] for each in Alert.objects.filter(noticed_at=clocks.now())]
    assert told_about == [
        "The consent of 1 reader ends within a month, on 10 November 2026",
        "The consent of 4 readers ends within a month, the first on 10 November 2026",
    ]
    client.force_login(make_staff())
    assert "The consent of 4 readers ends within a month" in client.get("/").content.decode()
    assert lapse.ask(blog, blog_file("example"), "desk") == 4
    assert "within a month" not in client.get("/").content.decode()
    clock.move_to("2026-10-22 17:00Z")
    lapse.tell()
    alerts.notice(clocks.now())
    assert not Alert.objects.filter(over_at=None).exists()


def test_a_round_on_which_nothing_is_to_be_told_asks_once_for_all_blogs(blog, relay, django_assert_num_queries):
    for slug in ("second", "third"):
        live_blog(relay, slug)
    lapse.tell()
    with django_assert_num_queries(2):  # what time it is, and the blogs
        lapse.tell()


def test_a_reader_who_says_yes_stays_for_good(blog, relay, clock):
    clock.move_to("2026-11-01 17:00Z")
    reader = make_subscriber(blog, "ann@reader.example", basis="inquiry", obtained_on=date(2026, 5, 20), topics=["grief"])
    assert lapse.ask(blog, blog_file("example"), "desk") == 1
    mail_what_is_due()
    mail = relay.mail_to("ann@reader.example")
    assert mail["Subject"] == "Do you want to keep getting posts from Example Psychotherapy?"
    assert "until 20 November 2026" in mail.get_body(("plain",)).get_content()
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    clock.move_to("2026-11-30 17:00Z")
    link = f"/confirm/{confirmation_token(Confirmation.objects.get().pk)}"
    assert "until you tell us to stop" in Client().get(link).content.decode()
    assert Client().post(link).status_code == 200
    reader.refresh_from_db()
    assert list(reader.consents.values_list("basis", flat=True).order_by("pk")) == ["inquiry", "express"]
    assert reader.topics == ["grief"]


@pytest.mark.parametrize("meanwhile", ["lapsed", "left"])
def test_nobody_is_asked_whom_we_may_not_write_to_any_more(blog, relay, clock, meanwhile):
    clock.move_to("2026-11-01 17:00Z")
    reader = make_subscriber(blog, "ann@reader.example", basis="inquiry", obtained_on=date(2026, 5, 20))
    lapse.ask(blog, blog_file("example"), "desk")
    if meanwhile == "left":
        unsubscribe(reader)
    else:
        clock.move_to("2026-11-21 17:00Z")
    mail_what_is_due()
    assert not relay.taken
    assert "was not sent" in told()[-1]


def test_a_long_list_is_asked_with_few_queries(blog, clock, django_assert_max_num_queries):
    clock.move_to("2026-11-01 17:00Z")
    for _ in range(30):
        make_subscriber(blog, basis="inquiry", obtained_on=date(2026, 5, 20))
    with django_assert_max_num_queries(25):
        assert lapse.ask(blog, blog_file("example"), "desk") == 30


def test_whose_mailbox_is_dead_is_not_counted_among_those_who_are_asked(blog, clock):
    clock.move_to("2026-11-01 17:00Z")
    dead, _ = (make_subscriber(blog, basis="inquiry", obtained_on=date(2026, 5, 20)) for _ in range(2))
    suppress(blog, dead.address_key, "bounced", who="The mail relay")
    assert lapse.ask(blog, blog_file("example"), "desk") == 1
    assert not dead.confirmations.exists()


def test_whoever_moves_before_the_mail_leaves_gets_nothing_at_the_old_address(blog, relay, clock):
    clock.move_to("2026-11-01 17:00Z")
    reader = make_subscriber(blog, basis="inquiry", obtained_on=date(2026, 5, 10))
    lapse.ask(blog, blog_file("example"), "ann@practice.example")
    wish = Wish(read_address("new@reader.example"), "en-CA", [], "instant")
    confirm(ask(blog, wish, "", kind="move", subscriber=reader), "")
    mail_what_is_due()
    assert not relay.taken


def test_whoever_is_erased_gets_no_mail_at_the_address_they_wanted_to_move_to(blog, relay):
    reader = make_subscriber(blog)
    ask(blog, Wish(read_address("new@reader.example"), "en-CA", [], "instant"), "", kind="move", subscriber=reader)
    forget(reader, "The reader")
    mail_what_is_due()
    assert not relay.taken
    assert not Confirmation.objects.exists()


def test_whoever_moved_since_goes_on_at_the_new_address_alone(blog, relay, clock):
    clock.move_to("2026-11-01 17:00Z")
    reader = make_subscriber(blog, basis="inquiry", obtained_on=date(2026, 5, 10))
    lapse.ask(blog, blog_file("example"), "ann@practice.example")
    renewal = Confirmation.objects.get()
    confirm(ask(blog, Wish(read_address("new@reader.example"), "en-CA", [], "instant"), "", kind="move", subscriber=reader), "")
    confirm(renewal, "")
    assert list(Subscriber.objects.values_list("email", "state")) == [("new@reader.example", "confirmed")]
    assert reader.consents.filter(basis="express").exists()
