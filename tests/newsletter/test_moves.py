"""A reader moves to an address that has a place on the list already."""

import pytest

from tests.newsletter.people import begin, live_blog, make_newsletter, make_subscriber, planned, send_to_the_end
from worker.lib.address import read_address
from worker.lib.signing import unsubscribe_token
from worker.models import Subscriber
from worker.newsletter.confirm import confirm
from worker.newsletter.leave import forget, unsubscribe
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
