"""Whoever is in doubt after a lost answer is looked up in the provider's log; nobody is written to twice."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from tests import clocks
from tests.fakes.mailgun import Mailgun
from tests.fakes.ses import AmazonSes
from tests.newsletter.people import live_blog, make_subscriber, people, planned, send_to_the_end, send_what_is_due, the_sum
from worker import newsletter
from worker.channels.email import parse_relay
from worker.models import Batch, Recipient, Subscriber
from worker.newsletter import batches
from worker.newsletter.look_up import LONGEST_SEARCH, Next, next_look

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
SETTLE, WAIT = timedelta(minutes=10), timedelta(minutes=4)


@pytest.fixture
def mailgun():
    with Mailgun(token="key") as esp:
        yield esp


@pytest.fixture
def blog(mailgun, settings):
    blog = live_blog()
    settings.RELAYS = {"default": parse_relay(f"anymail+mailgun://key@blog.example?base_url={mailgun.url}")}
    for name in ("ann", "bob", "cat", "dan"):
        make_subscriber(blog, f"{name}@reader.example")
    return blog


def in_doubt(blog, mailgun, fault="lose-after"):
    """Ann has her copy; the answer about the other three is lost."""
    delivery = planned(blog)
    mailgun.misbehave("none")
    mailgun.misbehave(fault)
    send_what_is_due(delivery)
    assert (the_sum(delivery).sent, the_sum(delivery).unknown) == (1, 3)
    return delivery


def test_a_provider_that_answers_nothing_clear_is_asked_less_often_and_then_left_to_a_person(blog, mailgun):
    """Each time leaves one reader in doubt."""
    for number in range(10):
        make_subscriber(blog, f"more.{number}@reader.example")
    delivery = planned(blog)
    mailgun.misbehave("500-before", times=100)
    for number in range(2):
        send_what_is_due(delivery)
        assert (delivery.state, delivery.waits_for) == ("pending", "clock")
        wait = (delivery.due_at - clocks.now()).total_seconds()
        assert 30 * 2**number * 0.79 <= wait <= 30 * 2**number * 1.21
        let_go(delivery)
    send_what_is_due(delivery)
    assert (delivery.state, delivery.waits_for, the_sum(delivery).unknown) == ("held", "person", 3)
    let_go(delivery)
    send_what_is_due(delivery)
    assert (delivery.state, the_sum(delivery).unknown) == ("held", 4)


def let_go(delivery):
    type(delivery).objects.filter(pk=delivery.pk).update(state="sending", waits_for="network")
    delivery.refresh_from_db()


def look(delivery):
    for batch in newsletter.doubts_due():
        newsletter.look_up(batch)
    delivery.refresh_from_db()


def later(**length):
    """As if so long had gone by since they came in doubt and since the last look."""
    Recipient.objects.filter(state="unknown").update(at=clocks.now() - timedelta(**length))
    Batch.objects.filter(look_at__isnull=False).update(look_at=clocks.now() - timedelta(seconds=1))


def test_who_is_in_the_log_has_it(blog, mailgun):
    delivery = in_doubt(blog, mailgun)
    look(delivery)
    assert the_sum(delivery).sent == 4
    assert people(delivery)["bob"].reason == "The answer was lost, but the log of Mailgun has it."
    send_to_the_end(delivery)
    assert (delivery.state, delivery.reason) == ("sent", "4 of 4 sent.")
    assert set(mailgun.taken.values()) == {1}
    assert "3 of the copies" in " ".join(delivery.events.values_list("what", flat=True))


def test_who_is_not_in_the_log_is_looked_for_twice_and_then_left_to_a_person(blog, mailgun):
    delivery = in_doubt(blog, mailgun, "lose-before")
    look(delivery)
    assert newsletter.doubts_due() == []
    for _ in range(2):
        later(minutes=11)
        look(delivery)
    assert newsletter.doubts_due() == []
    send_to_the_end(delivery)
    assert the_sum(delivery).unknown == 3
    assert people(delivery)["bob"].reason.endswith("the log of Mailgun was read twice and does not have it.")
    assert mailgun.taken.total() == 1
    newsletter.settle(delivery, "Ann", sent=False)
    send_to_the_end(delivery)
    assert the_sum(delivery).sent == 4
    assert set(mailgun.taken.values()) == {1}


def test_a_copy_that_shows_late_is_found_at_the_next_look(blog, mailgun):
    mailgun.lag = 3600
    delivery = in_doubt(blog, mailgun)
    look(delivery)
    assert the_sum(delivery).unknown == 3
    mailgun.lag = 0
    later(minutes=11)
    look(delivery)
    assert the_sum(delivery).sent == 4


def test_a_log_that_cannot_be_read_says_nothing_and_is_read_again(blog, mailgun):
    delivery = in_doubt(blog, mailgun)
    mailgun.misbehave("500-before", on="list", times=1)
    look(delivery)
    assert the_sum(delivery).unknown == 3
    assert Batch.objects.get(delivery=delivery).looks == 0
    later(minutes=1)
    look(delivery)
    assert the_sum(delivery).sent == 4


def test_a_log_that_may_not_be_read_leaves_it_to_a_person_who_is_told_why(blog, mailgun):
    delivery = in_doubt(blog, mailgun)
    mailgun.misbehave("403", on="list")
    look(delivery)
    assert newsletter.doubts_due() == []
    assert "the log of Mailgun cannot be read" in people(delivery)["bob"].reason


def test_two_never_look_at_once(blog, mailgun):
    in_doubt(blog, mailgun)
    (batch,) = newsletter.doubts_due()
    Batch.objects.filter(pk=batch).update(look_at=clocks.now() + timedelta(minutes=2))
    before = len(mailgun.requests)
    newsletter.look_up(batch)
    assert (newsletter.doubts_due(), len(mailgun.requests)) == ([], before)


def test_who_was_erased_meanwhile_is_not_looked_up(blog, mailgun):
    delivery = in_doubt(blog, mailgun)
    bob = Subscriber.objects.get(email="bob@reader.example")
    Subscriber.objects.filter(pk=bob.pk).update(state="forgotten", email="")
    look(delivery)
    assert (the_sum(delivery).sent, the_sum(delivery).unknown) == (3, 1)


def test_a_provider_without_a_log_is_never_asked(settings):
    with AmazonSes(token="key") as ses:
        blog = live_blog()
        settings.RELAYS = {"default": parse_relay(f"anymail+ses://key:secret@ca-central-1?base_url={ses.url}")}
        make_subscriber(blog)
        delivery = planned(blog)
        ses.misbehave("lose-after")
        send_what_is_due(delivery)
        assert the_sum(delivery).unknown == 1
        assert newsletter.doubts_due() == []


def test_too_many_requests_makes_the_whole_newsletter_wait_as_long_as_the_provider_says(blog, mailgun):
    delivery = planned(blog)
    mailgun.misbehave("429", seconds=3000)
    send_what_is_due(delivery)
    assert (delivery.state, delivery.waits_for) == ("pending", "clock")
    assert delivery.due_at > clocks.now() + timedelta(minutes=45)
    assert {one.tries for one in people(delivery).values()} == {0}
    assert the_sum(delivery).waiting == 4


def test_a_provider_that_is_away_is_tried_less_and_less_often_and_nobody_has_a_try_less(blog, mailgun, settings):
    settings.RELAYS = {"default": parse_relay("anymail+mailgun://key@blog.example?base_url=http://127.0.0.1:1")}
    delivery = planned(blog)
    waits = []
    for _ in range(3):
        send_what_is_due(delivery)
        waits.append(delivery.due_at - clocks.now())
        type(delivery).objects.filter(pk=delivery.pk).update(state="sending", waits_for="network")
        delivery.refresh_from_db()
    assert waits[0] < waits[1] < waits[2]
    assert {one.tries for one in people(delivery).values()} == {0}


def test_a_sender_leaves_the_other_requests_that_a_provider_takes_at_once_to_others(blog):
    delivery = planned(blog)
    first = batches.claim(delivery.batches.get().pk, "default", settings.RELAYS["default"], "me")
    assert (first.lines, settings.RELAYS["default"].connections) == (1, 4)


@pytest.mark.parametrize(
    ("complete", "looks", "ago", "then"),
    [
        (True, 0, timedelta(minutes=1), Next(0, NOW + timedelta(minutes=9))),
        (True, 0, timedelta(minutes=10), Next(1, NOW + SETTLE)),
        (True, 1, timedelta(minutes=20), Next(2, None)),
        (False, 0, timedelta(minutes=1), Next(0, NOW + WAIT)),
        (False, 1, timedelta(hours=23), Next(1, NOW + WAIT)),
        (False, 0, LONGEST_SEARCH + timedelta(seconds=1), Next(2, None)),
        (True, 0, LONGEST_SEARCH + timedelta(seconds=1), Next(2, None)),
    ],
)
def test_only_a_complete_reading_after_the_settling_time_counts(complete, looks, ago, then):
    assert next_look(complete=complete, looks=looks, since=NOW - ago, settle=SETTLE, wait=WAIT, now=NOW) == then
