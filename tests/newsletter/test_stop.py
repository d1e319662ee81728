"""A newsletter that is withdrawn while it is on its way: who has it has it, nobody else gets it, and the sum balances."""

import pytest

from tests.factories import make_post
from tests.newsletter.people import live_blog, make_newsletter, make_subscriber, planned, send_to_the_end, send_what_is_due, the_sum
from worker import newsletter
from worker.deliver import staff, withdraw
from worker.lib.signing import reading_token
from worker.record.sums import Sum

pytestmark = pytest.mark.django_db


def readers(blog, number):
    for _ in range(number):
        make_subscriber(blog)


def test_it_stops_for_the_rest_and_says_how_many_have_it(relay, settings, looks):
    relay.slowness = 0.3
    blog = live_blog(relay, options="?connections=1")
    for number in range(12):
        make_subscriber(blog, f"slow.{number}@reader.example")
    delivery = planned(blog)
    withdrawn = []

    def withdrawn_in_mid_run(name):
        if sum(relay.taken.values()) == 2 and not withdrawn:
            withdrawn.append(withdraw.withdraw(delivery.post, "Ann", "The post has a mistake"))

    looks.append(withdrawn_in_mid_run)
    send_what_is_due(delivery)
    newsletter.sweep()
    delivery.refresh_from_db()
    have = sum(relay.taken.values())
    assert 2 <= have < 12
    assert the_sum(delivery) == Sum(12, sent=have, skipped=12 - have)
    assert (delivery.state, delivery.waits_for) == ("cancelled", "nothing")
    assert delivery.reason == f"Withdrawn by Ann: The post has a mistake. {have} have it, {12 - have} will not get it."


def test_a_copy_that_was_on_its_way_is_counted_in_the_end(relay, settings, looks):
    blog = live_blog(relay)
    readers(blog, 1)
    delivery = planned(blog)

    def withdrawn_while_one_is_on_its_way(name):
        if name == "recipient-answered" and delivery.state == "sending":
            withdraw.withdraw(delivery.post, "Ann", "The post has a mistake")
            delivery.refresh_from_db()
            assert delivery.reason.startswith("Withdrawn by Ann before anybody got it")
            stopped_at.append(delivery.finished_at)

    stopped_at = []
    looks.append(withdrawn_while_one_is_on_its_way)
    send_what_is_due(delivery)
    newsletter.sweep()
    delivery.refresh_from_db()
    assert the_sum(delivery) == Sum(1, sent=1)
    assert delivery.reason == "Withdrawn by Ann: The post has a mistake. 1 has it."
    assert [delivery.finished_at] == stopped_at


def test_while_its_audience_is_written_down_it_is_stopped_as_well(relay, settings):
    blog = live_blog(relay)
    readers(blog, 3)
    delivery = make_newsletter(make_post(blog))
    withdraw.withdraw(delivery.post, "Ann", "Too early")
    newsletter.prepare(delivery)
    assert newsletter.due_batches(delivery.pk) == []
    delivery.refresh_from_db()
    assert delivery.reason == "Withdrawn by Ann before anybody got it: Too early."


def test_a_newsletter_that_is_out_cannot_be_called_back_but_its_copy_in_the_browser_is_taken_down(relay, settings, client):
    blog = live_blog(relay)
    readers(blog, 2)
    delivery = planned(blog)
    send_to_the_end(delivery)
    its_page = f"/read/{reading_token(delivery.pk)}"
    assert client.get(its_page).status_code == 200
    steps = withdraw.withdraw(delivery.post, "Ann", "Too late")
    assert [(step.fate.may, step.fate.says) for step in steps] == [
        (True, "Its copy in the browser is taken down."),
        (False, "2 readers have it, and a mail cannot be called back."),
    ]
    assert client.get(its_page).status_code == 410
    assert its_page not in client.get("/archive/example").content.decode()
    delivery.refresh_from_db()
    assert delivery.state == "sent"
    assert delivery.reason == "2 of 2 sent. Its copy in the browser was taken down by Ann: Too late."
    with pytest.raises(staff.Refused, match="2 readers have it, and a mail cannot be called back"):
        withdraw.withdraw(delivery.post, "Ann", "Once more")
    with pytest.raises(staff.Refused, match="Nothing is asked"):
        withdraw.leave(delivery, "Ann")
