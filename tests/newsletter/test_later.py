"""A relay that puts everybody off has a bad day, and no reader pays for it."""

from datetime import timedelta

import pytest

from tests import clocks
from tests.fakes.relay import Conversation, Relay
from tests.newsletter.people import live_blog, make_subscriber, people, planned, send_to_the_end, send_what_is_due, the_sum
from worker.channels.base import Rejected, Transient
from worker.models import Batch, Delivery, Recipient
from worker.newsletter.batches import in_vain
from worker.newsletter.later import IN_A_ROW, Laters
from worker.newsletter.outcome import TRIES
from worker.record.sums import Sum

LATER, NO = Transient("Later.", status="450", detail="RCPT: 450 4.7.1 Too much mail"), Rejected("No.")
MANY, FEW = Sum(audience=100, sent=75, waiting=25), Sum(audience=100, sent=76, waiting=24)


@pytest.mark.parametrize(
    ("total", "answers", "is_the_relays", "waits"),
    [
        (MANY, [LATER] * (IN_A_ROW - 1), False, False),
        (MANY, [LATER] * IN_A_ROW, True, True),
        (MANY, [LATER, LATER, None, LATER, LATER, LATER], False, False),
        (MANY, [*[LATER] * IN_A_ROW, NO, LATER], True, True),
        (FEW, [LATER] * 50, False, False),
        (FEW, [None, *[LATER] * IN_A_ROW], True, False),
    ],
)
def test_whose_trouble_it_is(total, answers, is_the_relays, waits):
    laters = Laters(total)
    assert [laters.hear(answer) for answer in answers][-1] is is_the_relays
    assert (laters.trouble("relay.example") is not None) is waits


def test_the_newsletter_says_what_the_relay_said():
    laters = Laters(MANY)
    for _ in range(7):
        laters.hear(LATER)
    trouble = laters.trouble("relay.example")
    assert (trouble.sentence, trouble.detail) == ("The mail relay relay.example put off the last 7 copies.", LATER.detail)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tries", "taken", "found"),
    [
        ([], None, []),
        (["transient", "unknown"], None, ["unknown", "transient"]),
        (["unknown", "ok", "transient"], None, ["transient"]),
        (["unknown", "ok", "rejected"], None, []),
        (["unknown", "unauthorized"], None, []),
        (["unknown", "unknown", "unknown"], 1.5, ["unknown", "unknown"]),
        (["unknown", "unknown", "unknown"], 2, ["unknown"]),  # the copy of the very moment in which a try begins is that try's
        (["unknown", "unknown", "unknown"], 3.5, []),
    ],
)
def test_tries_are_in_vain_back_to_the_one_that_brought_somebody_a_copy(relay, tries, taken, found):
    """`tries`: by the minute in which they begin, from the first on. `taken`: the minute of the last copy."""
    blog, now = live_blog(relay), clocks.now()
    make_subscriber(blog)
    delivery = planned(blog)
    for minute, outcome in enumerate(tries, 1):
        delivery.attempts.create(number=minute, started_at=now + minute * timedelta(minutes=1), outcome=outcome, holder="here")
    if taken:
        at = now + taken * timedelta(minutes=1)
        Recipient.objects.update(state="sent", at=at)
        Batch.objects.update(sent=1, waiting=0, written_at=at)
    waits = [Batch(delivery=delivery, number=number, size=1, waiting=1) for number in range(2, 30)]
    Batch.objects.bulk_create(waits)  # they hide none in which somebody has a copy
    assert in_vain(delivery) == found


class HasABadDay(Conversation):
    def recipient(self):
        if self.relay.is_first(self.to, "bad day", self.relay.bad):
            self.say("451 4.3.0 Temporary lookup failure")
        else:
            super().recipient()


@pytest.mark.django_db
def test_a_bad_day_of_the_relay_costs_nobody_their_copy(settings):
    with Relay(conversation=HasABadDay) as relay:
        relay.bad = 3 * TRIES
        blog = live_blog(relay)
        for _ in range(20):
            make_subscriber(blog)
        delivery = planned(blog)
        send_what_is_due(delivery)
        assert (delivery.state, delivery.waits_for) == ("pending", "clock")
        assert "127.0.0.1 put off the last 20 copies. Nobody gets it twice; the rest goes on at " in delivery.reason
        send_to_the_end(delivery)
    assert the_sum(delivery).sent == 20
    assert set(relay.taken.values()) == {1}


class TakesTenAtATime(Conversation):
    """As a relay does whose pace nobody told us."""

    def recipient(self):
        if self.relay.share <= 0:
            self.say("450 4.7.1 Too much mail from you")
            return
        self.relay.share -= 1
        super().recipient()


@pytest.mark.django_db
def test_a_pace_that_nobody_named_costs_nobody_their_copy(settings):
    with Relay(conversation=TakesTenAtATime) as relay:
        blog = live_blog(relay)
        for _ in range(150):
            make_subscriber(blog)
        delivery = planned(blog)
        while delivery.state in ("sending", "pending"):
            relay.share = 10
            delivery.batches.update(due_at=None)
            Delivery.objects.filter(pk=delivery.pk, state="pending").update(state="sending", waits_for="network")
            send_what_is_due(delivery)
    assert the_sum(delivery).sent == 150


@pytest.mark.django_db
def test_the_few_whom_nobody_ever_takes_are_given_up_at_last(relay, settings):
    blog = live_blog(relay)
    for number in range(100):
        make_subscriber(blog, f"{'busy' if number < 20 else 'fine'}.{number}@reader.example")
    delivery = planned(blog)
    send_to_the_end(delivery)
    assert {one.state for name, one in people(delivery).items() if name.startswith("busy")} == {"refused"}
    assert the_sum(delivery).sent == 80
