"""A reader moves to an address that has a place on the list already."""

import pytest

from tests.factories import make_post
from tests.newsletter.people import begin, live_blog, make_newsletter, make_subscriber, planned, send_to_the_end, send_what_is_due, the_sum
from worker.lib.address import read_address
from worker.lib.signing import copy_ids, unsubscribe_token
from worker.models import Subscriber
from worker.newsletter.confirm import confirm
from worker.newsletter.leave import forget, unsubscribe
from worker.newsletter.returns import of_copy
from worker.newsletter.sign_up import Wish, ask

pytestmark = pytest.mark.django_db


def test_whoever_moves_to_an_address_that_had_a_place_of_its_own_keeps_what_both_had_and_both_links(relay, client):
    blog = live_blog(relay)
    old, new = make_subscriber(blog, "ann@old.example", edition="weekly"), make_subscriber(blog, "ann@new.example")
    delivery = planned(blog)
    send_to_the_end(delivery)
    confirm(ask(blog, Wish(read_address("ann@new.example"), "en-CA", [], "weekly"), "", kind="move", subscriber=old), "")
    old.refresh_from_db()
    assert (old.email, old.edition, old.state) == ("ann@new.example", "weekly", "confirmed")
    assert [place.delivery for place in old.recipients.all()] == [delivery]
    again = make_newsletter(delivery.post, occasion="resend", audience="missing")
    begin(again)
    assert not again.recipients.exists()
    assert "Unsubscribe from" in client.get(f"/u/{unsubscribe_token(blog.pk, new.pk)}").content.decode()
    client.post(f"/u/{unsubscribe_token(blog.pk, new.pk)}")
    old.refresh_from_db()
    assert old.state == "unsubscribed"
    forget(old, "desk")
    assert not Subscriber.objects.exclude(email="").exists()


def test_a_consent_that_was_taken_back_does_not_come_back_by_moving_to_its_address(relay):
    blog = live_blog(relay)
    old = make_subscriber(blog, "ann@old.example", basis="purchase")
    unsubscribe(make_subscriber(blog, "ann@new.example", basis="express"))
    confirm(ask(blog, Wish(read_address("ann@new.example"), "en-CA", [], "instant"), "", kind="move", subscriber=old), "")
    old.refresh_from_db()
    assert (old.email, old.state) == ("ann@new.example", "confirmed")
    assert [one.basis for one in old.consents.all()] == ["purchase"]


@pytest.mark.parametrize(("name", "stands"), [("spam", "refused"), ("busy", "waiting")])
def test_a_copy_that_came_to_the_new_address_is_the_readers_and_no_second_one_follows(relay, name, stands):
    """The old mailbox refuses, or its turn has not come, when the reader moves to an address that has the newsletter already."""
    blog = live_blog(relay)
    old, new = make_subscriber(blog, f"{name}.ann@old.example"), make_subscriber(blog, "ann@new.example")
    delivery = planned(blog)
    send_what_is_due(delivery)
    assert {one.subscriber_id: one.state for one in delivery.recipients.all()} == {old.pk: stands, new.pk: "sent"}
    moves_to(old, new)
    send_to_the_end(delivery)
    again = make_newsletter(delivery.post, occasion="resend", audience="missing")
    begin(again)
    assert not again.recipients.exists()
    assert len(relay.messages["ann@new.example"]) == 1
    assert the_sum(delivery).sent == 1
    copy = old.recipients.get()
    assert copy.state == "sent"
    assert of_copy(copy_ids(delivery.pk)(new.pk)) == copy, "what comes back of it is about the reader"


def test_two_places_of_which_both_still_wait_bring_one_copy(relay):
    blog = live_blog(relay)
    old, new = make_subscriber(blog, "ann@old.example"), make_subscriber(blog, "ann@new.example")
    delivery = planned(blog)
    moves_to(old, new)
    send_to_the_end(delivery)
    assert [*relay.messages] == ["ann@new.example"]
    assert the_sum(delivery).skipped == 1


def moves_to(reader, other):
    confirm(ask(reader.blog, Wish(read_address(other.email), "en-CA", [], "instant"), "", kind="move", subscriber=reader), "")


def test_what_was_to_be_sent_to_them_by_name_goes_to_the_new_address(relay):
    blog = live_blog(relay)
    old = make_subscriber(blog, "ann@old.example")
    by_name = make_newsletter(make_post(blog), occasion="resend", audience="ann@old.example")
    confirm(ask(blog, Wish(read_address("ann@new.example"), "en-CA", [], "instant"), "", kind="move", subscriber=old), "")
    by_name.refresh_from_db()
    begin(by_name)
    send_to_the_end(by_name)
    assert [*relay.messages] == ["ann@new.example"]
