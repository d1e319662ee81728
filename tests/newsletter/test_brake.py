"""A newsletter of which too much is refused pauses by itself; a person lets it go on, or stops it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests import clocks
from tests.factories import make_staff
from tests.newsletter.people import live_blog, make_subscriber, planned, send_to_the_end, the_sum
from worker import alerts, newsletter
from worker.deliver import staff
from worker.deliver.send import send
from worker.models import Alert, Delivery, Recipient
from worker.newsletter import brake, complaints
from worker.newsletter.brake import Answered, brakes
from worker.newsletter.returns import Kind, Report, record


@pytest.mark.parametrize(
    ("taken", "refused", "came_back", "paused"),
    [
        (2, 1, 0, False),
        (0, 49, 0, False),
        (0, 50, 0, True),
        (38, 12, 0, False),
        (37, 13, 0, True),
        (50, 0, 12, False),
        (50, 0, 13, True),
        (75, 25, 0, True),  # a quarter is too many
        (76, 25, 0, False),
        (40, 10, 3, True),
        (9_000, 1_000, 0, False),
        (0, 0, 0, False),
    ],
)
def test_it_takes_a_share_of_enough_copies(taken, refused, came_back, paused):
    assert brakes(Answered(taken, refused, came_back)) == paused


@pytest.mark.parametrize(
    ("taken", "complained", "warned"),
    [(312, 1, False), (312, 2, False), (312, 3, True), (10_000, 29, False), (10_000, 30, True), (0, 3, True)],
)
def test_complaints_are_warned_of_from_three_in_a_thousand_on(taken, complained, warned):
    assert bool(complaints.warning(taken, complained)) == warned


@pytest.fixture
def blog(settings, relay):
    return live_blog(relay)


def half_of_it_refused(blog, readers: int = 240) -> Delivery:
    for number in range(readers):
        make_subscriber(blog, f"{'spam' if number % 2 else 'fine'}.{number}@reader.example")
    return planned(blog)


@pytest.mark.django_db
def test_it_stops_in_the_middle_and_goes_on_when_a_person_says_so(blog, relay):
    delivery = half_of_it_refused(blog)
    send_to_the_end(delivery)
    total = the_sum(delivery)
    assert (delivery.state, delivery.waits_for, delivery.held_for) == ("held", "person", "refusals")
    assert delivery.reason.startswith(f"Paused, because of the first {total.sent + total.refused} copies {total.refused} were refused.")
    assert "does not want our mail" in delivery.reason
    assert total.waiting >= 100
    staff.release(delivery, "desk", "The relay is mended.")
    send(delivery.pk)
    delivery.refresh_from_db()
    send_to_the_end(delivery)
    assert (delivery.state, the_sum(delivery).waiting, the_sum(delivery).refused) == ("sent", 0, 120)
    assert max(relay.taken.values()) == 1


@pytest.mark.django_db
def test_or_is_stopped_for_good(blog):
    delivery = half_of_it_refused(blog)
    send_to_the_end(delivery)
    waited = the_sum(delivery).waiting
    staff.cancel(delivery, "desk", "The list was the wrong one.")
    assert the_sum(delivery).skipped == waited


@pytest.mark.django_db
def test_what_comes_back_from_the_first_ones_keeps_the_rest_from_going(blog):
    for number in range(150):
        make_subscriber(blog, f"{'grey' if number > 99 else 'fine'}.{number}@reader.example")
    delivery = planned(blog)
    for batch in newsletter.due_batches(delivery.pk):
        newsletter.hand_over(batch)
    assert the_sum(delivery).waiting == 50
    for recipient in list(Recipient.objects.filter(state="sent").select_related("subscriber__blog", "delivery"))[:30]:
        record(recipient, Report(Kind.BLOCKED, "A provider", clocks.now()))
    delivery.refresh_from_db()
    send_to_the_end(delivery)
    assert delivery.state == "held"
    assert "of the first 100 copies 30 were refused or came back" in delivery.reason
    assert the_sum(delivery).waiting == 50


@pytest.mark.django_db
def test_a_short_list_is_sent_to_its_end(blog):
    delivery = half_of_it_refused(blog, readers=20)
    send_to_the_end(delivery)
    assert (delivery.state, the_sum(delivery).refused) == ("sent", 10)


@pytest.mark.django_db
def test_staff_are_told_and_find_both_buttons(settings, relay):
    blog = live_blog(relay, alerts={"to": ["office@blog.example"]})
    delivery = half_of_it_refused(blog)
    send_to_the_end(delivery)
    alerts.notice(clocks.now())
    assert Alert.objects.get().sentence == delivery.reason
    client = Client()
    client.force_login(make_staff())
    assert "Go on or stop…" in client.get("/").content.decode()
    page = client.get(reverse("delivery", args=[delivery.pk])).content.decode()
    assert "Go on…" in page
    assert "Stop…" in page


@pytest.mark.django_db
def test_complaints_are_told_once_and_so_is_their_end(settings, relay):
    blog = live_blog(relay, alerts={"to": ["office@blog.example"]})
    for _ in range(4):
        make_subscriber(blog)
    delivery = planned(blog)
    send_to_the_end(delivery)
    for recipient in list(delivery.recipients.select_related("subscriber__blog", "delivery"))[:3]:
        record(recipient, Report(Kind.COMPLAINED, "A provider", clocks.now()))
    alerts.notice(clocks.now())
    assert "3 readers reported the newsletter as spam" in Alert.objects.get().sentence
    alerts.notice(clocks.now() + complaints.LATELY + timedelta(seconds=1))
    assert Alert.objects.get().over_at


@pytest.mark.django_db
def test_complaints_are_weighed_against_the_copies_of_the_same_month(blog):
    for _ in range(4):
        make_subscriber(blog)
    old, new = planned(blog), planned(blog)
    for delivery in (old, new):
        send_to_the_end(delivery)
    Delivery.objects.filter(pk=old.pk).update(created_at=clocks.now() - complaints.LATELY - timedelta(days=1))
    old.batches.update(size=10_000, sent=10_000)
    for recipient in list(new.recipients.select_related("subscriber__blog", "delivery"))[:3]:
        record(recipient, Report(Kind.COMPLAINED, "A provider", clocks.now()))
    assert "of 4 copies" in complaints.warnings([blog.pk], clocks.now())[blog.pk]


def test_the_brake_lets_alone_what_a_person_let_go():
    assert not brake.pull(Delivery(refusals_waived=True))
