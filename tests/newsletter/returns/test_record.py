"""A report becomes a line of the record and, where it says so, the end of writing to an address."""

from datetime import timedelta

import pytest

from tests import clocks
from tests.newsletter.people import live_blog, make_subscriber, people, planned, send_to_the_end, the_sum
from worker.lib.signing import copy_ids
from worker.models import Blog, Event, Recipient, Return, Subscriber, Suppression
from worker.newsletter.leave import forget
from worker.newsletter.returns import Kind, Report, of_address, of_copy, record
from worker.newsletter.suppress import reopen, suppress, suppression_of

pytestmark = pytest.mark.django_db
ANN = "ann@reader.example"


@pytest.fixture
def blog(settings, relay):
    return live_blog(relay)


@pytest.fixture
def ann(blog):
    return make_subscriber(blog, ANN)


@pytest.fixture
def copy(ann) -> Recipient:
    delivery = planned(ann.blog)
    send_to_the_end(delivery)
    return people(delivery)["ann"]


def report(kind: str, **values) -> Report:
    return Report(kind, **{"source": "Postmark", "at": clocks.now(), "words": f"no such user {ANN}", "status": "5.1.1"} | values)


@pytest.mark.parametrize(
    ("kind", "cause"),
    [(Kind.HARD, "bounced"), (Kind.COMPLAINED, "complained"), (Kind.SOFT, None), (Kind.BLOCKED, None), (Kind.DELIVERED, None)],
)
def test_it_is_kept_once_and_ends_writing_only_where_it_must(blog, copy, kind, cause):
    before = Blog.objects.get().suppressions
    assert record(copy, report(kind))
    assert [each.cause for each in Suppression.objects.all()] == ([cause] if cause else [])
    assert Blog.objects.get().suppressions == before + bool(cause)
    lines = Event.objects.count()
    assert not record(copy, report(kind, source="The returns mailbox"))
    assert (Event.objects.count(), Return.objects.count()) == (lines, 1)
    copy.refresh_from_db()
    assert copy.state == "sent", "it was taken; what came of it later is an event"


def test_the_record_holds_no_address(copy):
    record(copy, report(Kind.HARD))
    line = Event.objects.get(who="Postmark")
    assert (line.delivery, line.subscriber) == (copy.delivery, copy.subscriber)
    assert "reader.example" not in f"{line.what}{line.data}{Suppression.objects.get().reason}"


def test_who_left_at_the_provider_has_left(ann, copy):
    record(copy, report(Kind.UNSUBSCRIBED))
    ann.refresh_from_db()
    assert (ann.state, Suppression.objects.get().cause) == ("unsubscribed", "unsubscribed")


def test_a_complaint_counts_for_more_than_leaving(ann, copy):
    record(copy, report(Kind.UNSUBSCRIBED))
    record(copy, report(Kind.COMPLAINED))
    assert Suppression.objects.get().cause == "complained"


def test_a_copy_is_found_by_its_own_id_wherever_it_stands_or_by_its_address(blog, ann, copy):
    own = copy_ids(copy.delivery_id)(ann.pk)
    assert of_copy(own) == of_copy(f"Original-Message-ID: <{own}@blog.example>") == copy
    assert of_copy(f"1-{ann.pk}.{'x' * 43}") is None
    assert of_address(copy.delivery_id, "ANN@Reader.example") == copy
    assert of_address(copy.delivery_id, "bob@reader.example") is None
    assert of_address(copy.delivery_id, "no address") is None


def test_what_comes_back_from_an_address_they_have_left_says_nothing_of_the_new_one(ann, copy):
    suppress(ann.blog, ANN, Suppression.Cause.MOVED, who="The reader")
    Subscriber.objects.filter(pk=ann.pk).update(email="new@reader.example", address_key="new@reader.example")
    record(of_copy(copy_ids(copy.delivery_id)(ann.pk)), report(Kind.HARD, address=ANN))
    assert suppression_of(ann.blog_id, "new@reader.example") is None


def test_who_goes_on_in_another_place_is_meant_by_what_came_of_the_old_one(blog, ann, copy):
    bob = make_subscriber(blog, "bob@reader.example")
    Subscriber.objects.filter(pk=ann.pk).update(address_key=f"moved {ann.pk}", state="unsubscribed", goes_on_as=bob)
    record(of_copy(copy_ids(copy.delivery_id)(ann.pk)), report(Kind.COMPLAINED))
    assert suppression_of(blog.pk, "bob@reader.example").cause == "complained"


def test_nothing_is_kept_of_who_was_forgotten(ann, copy):
    record(copy, report(Kind.SOFT))
    forget(ann, "desk")
    record(of_copy(copy_ids(copy.delivery_id)(ann.pk)), report(Kind.HARD, words=""))
    assert [each.cause for each in Suppression.objects.all()] == ["forgotten"]
    assert ANN not in str(list(Return.objects.values()))


def test_five_soft_returns_in_a_row_over_two_weeks_end_it_and_staff_may_begin_anew(blog, ann):
    for weeks in (5, 4, 3, 2):
        delivery = planned(blog)
        send_to_the_end(delivery)
        Recipient.objects.filter(delivery=delivery).update(at=clocks.now() - timedelta(weeks=weeks))
        record(people(delivery)["ann"], report(Kind.SOFT))
    assert suppression_of(blog.pk, ANN) is None
    delivery = planned(blog)
    send_to_the_end(delivery)
    record(people(delivery)["ann"], report(Kind.SOFT))
    assert suppression_of(blog.pk, ANN).cause == "bounced"
    assert reopen(blog, ANN, who="desk", reason="They made room.")
    delivery = planned(blog)
    send_to_the_end(delivery)
    record(people(delivery)["ann"], report(Kind.SOFT))
    assert suppression_of(blog.pk, ANN) is None


def test_what_the_relay_refuses_at_once_counts_in_the_same_way(blog):
    for name in ("gone", "full", "spam", "fine"):
        make_subscriber(blog, f"{name}@reader.example")
    delivery = planned(blog)
    send_to_the_end(delivery)
    assert (the_sum(delivery).refused, the_sum(delivery).sent) == (3, 1)
    assert {each.recipient.subscriber.email: each.kind for each in Return.objects.all()} == {
        "gone@reader.example": "hard",
        "full@reader.example": "soft",
        "spam@reader.example": "blocked",
    }
    assert suppression_of(blog.pk, "gone@reader.example").cause == "bounced"
    assert Suppression.objects.count() == 1
