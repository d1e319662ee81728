"""The whole way: from a post to what stands in a reader's mailbox."""

import re
from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import pytest
from django.test import Client

from tests import clocks
from tests.factories import make_delivery, make_post
from tests.newsletter.people import live_blog, make_subscriber, send_to_the_end, the_sum
from worker import models, newsletter
from worker.channels.email import parse_relay
from worker.deliver import plan, staff
from worker.deliver.send import send
from worker.lib import clock
from worker.lib.blogs import blog_file
from worker.models import Delivery, Suppression
from worker.newsletter import mail
from worker.record.sums import Sum

pytestmark = pytest.mark.django_db


@pytest.fixture
def blog(relay, settings):
    return live_blog(relay, hold="0m")


def publish(blog) -> Delivery:
    post = make_post(blog, title="Coping with <school> stress\u2028Bcc: evil@evil.example")
    plan.plan(post.pk)
    return Delivery.objects.get(post=post, channel="email")


def test_a_post_reaches_its_readers_with_disclaimer_reason_and_a_link_that_works(blog, relay):
    ann, gone = make_subscriber(blog, "ann@reader.example"), make_subscriber(blog, "gone@reader.example")
    delivery = publish(blog)
    send(delivery.pk)
    send_to_the_end(Delivery.objects.get(pk=delivery.pk))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("sent", "1 of 2 sent; 1 refused.")
    assert the_sum(delivery) == Sum(2, sent=1, refused=1)
    copy = relay.mail_to(ann.email)
    assert copy["Bcc"] is None
    for part in ("plain", "html"):
        words = copy.get_body((part,)).get_content()
        assert "meant for psychoeducational purposes only" in words
        assert "You get this because you asked for it on " in words
    link = copy["List-Unsubscribe"][1:-1].removeprefix("http://127.0.0.1:8000")
    assert (
        Client(enforce_csrf_checks=True)
        .post(link, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
        .status_code
        == 200
    )
    ann.refresh_from_db()
    assert ann.state == "unsubscribed"
    assert gone.state == "confirmed"


def test_a_list_that_takes_longer_than_a_worker_may_be_at_it_is_written_down_in_turns(blog, relay, monkeypatch):
    for _ in range(350):
        make_subscriber(blog)
    monkeypatch.setattr("worker.newsletter.audience.SLICE", 100)
    halves = count(0, 25)  # seconds; of a lease of 120, writing down may take 72
    monkeypatch.setattr("worker.newsletter.audience.time", SimpleNamespace(monotonic=lambda: next(halves)))
    delivery = publish(blog)
    assert send(delivery.pk) == [delivery.pk], "whoever is free goes on at once"
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for) == ("pending", "clock")
    assert delivery.reason == "Writing down who gets it: 100 so far, of 350 readers."
    assert delivery.recipients.count() == 200
    send(delivery.pk)
    send(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == "sending"
    assert list(delivery.batches.order_by("number").values_list("number", "size")) == [(1, 100), (2, 100), (3, 100), (4, 50)]


def test_a_resend_to_the_failed_ones_reaches_only_them(blog, relay):
    make_subscriber(blog, "ann@reader.example")
    make_subscriber(blog, "gone@reader.example")
    first = publish(blog)
    send(first.pk)
    send_to_the_end(Delivery.objects.get(pk=first.pk))
    again = staff.resend(first.post, "email", "office", "Mailbox mended.", audience="failed")
    send(again.pk)
    send_to_the_end(Delivery.objects.get(pk=again.pk))
    again.refresh_from_db()
    assert (again.state, the_sum(again)) == ("failed", Sum(1, refused=1))
    assert relay.taken["ann@reader.example"] == 1


def test_whose_mailbox_does_not_exist_gets_no_further_post_unless_staff_send_again_what_was_refused(blog, relay):
    gone = make_subscriber(blog, "gone@reader.example")
    first, second = publish(blog), publish(blog)
    for delivery, expected in ((first, Sum(1, refused=1)), (second, Sum())):
        send(delivery.pk)
        send_to_the_end(Delivery.objects.get(pk=delivery.pk))
        assert the_sum(delivery) == expected
    with pytest.raises(staff.Refused, match="takes no mail"):
        staff.resend(second.post, "email", "office", "Mended.", audience=gone.email)
    waiting = make_delivery(first.post, "email", edition="instant", occasion="resend")
    with pytest.raises(staff.Refused, match="is not finished"):
        staff.resend(first.post, "email", "office", "Mended.", audience="failed")
    assert Suppression.objects.get().cause == "bounced"
    waiting.delete()
    again = staff.resend(first.post, "email", "office", "Mended.", audience=gone.email)
    send(again.pk)
    send_to_the_end(Delivery.objects.get(pk=again.pk))
    assert the_sum(again) == Sum(1, refused=1)
    assert Suppression.objects.get().cause == "bounced"


def test_a_newsletter_that_was_put_off_goes_on_with_the_same_words_to_the_same_people(blog, relay, settings):
    for _ in range(3):
        make_subscriber(blog)
    delivery = publish(blog)
    right, settings.RELAYS = settings.RELAYS, {"default": parse_relay("smtp://127.0.0.1:1")}
    send(delivery.pk)
    for batch in newsletter.due_batches(delivery.pk):
        newsletter.hand_over(batch)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for) == ("pending", "clock")
    settings.RELAYS = right
    Delivery.objects.filter(pk=delivery.pk).update(due_at=clocks.now())
    send(delivery.pk)
    send_to_the_end(Delivery.objects.get(pk=delivery.pk))
    delivery.refresh_from_db()
    assert delivery.reason == "3 of 3 sent."
    assert relay.taken.total() == 3


def test_a_test_copy_is_marked_and_counts_nobody(blog, relay):
    make_subscriber(blog, "ann@reader.example")
    post = publish(blog).post
    copy = staff.test(post, "desk@practice.example", "office")
    send(copy.pk)
    copy.refresh_from_db()
    assert copy.state == "sent"
    assert relay.taken == {"desk@practice.example": 1}
    assert relay.mail_to("desk@practice.example")["Subject"].startswith("[Test] Coping")
    assert "test copy" in relay.mail_to("desk@practice.example").get_body(("plain",)).get_content()
    assert not copy.recipients.exists()


def test_a_test_copy_counts_in_the_relays_pace(relay, settings):
    blog = live_blog(relay, options="?rate=1/m")
    copy = staff.test(publish(blog).post, "desk@practice.example", "office")
    send(copy.pk)
    assert relay.taken == {"desk@practice.example": 1}
    assert models.Relay.objects.get().next_slot_at > clock.now() + timedelta(seconds=30)


@pytest.mark.parametrize("to", ["desk", "Desk <desk@practice.example>", "café@practice.example", "desk@practice"])
def test_a_test_copy_needs_an_address_that_a_relay_can_take(blog, to):
    with pytest.raises(staff.Refused, match=re.escape(to)):
        staff.test(publish(blog).post, to, "office")


def test_the_sample_for_a_rehearsal_is_a_whole_mail(blog):
    sample = mail.sample(publish(blog), blog_file("example"))
    assert sample["To"] == "a.reader@example.com"
    assert b"\r\nList-Unsubscribe: <http://127.0.0.1:8000/u/" in sample.as_bytes()
