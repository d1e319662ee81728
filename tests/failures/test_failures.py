"""docs/failures.md, made to happen: the cause and the next step stand in the first sentence, and the button beside it is there."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from tests import clocks
from tests.factories import make_post
from tests.failures.conftest import read
from tests.fakes.facebook import Facebook
from tests.fakes.feeds import FeedSite, Reply
from tests.fakes.relay import Relay
from tests.newsletter.people import make_subscriber
from worker import newsletter
from worker.deliver import plan, reconcile, staff
from worker.ingest import look
from worker.models import Blog, Delivery

pytestmark = pytest.mark.django_db
ROWS = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", Path("docs/failures.md").read_text(), re.MULTILINE)[1:]
SENTENCES = {what: (sentence, button) for what, sentence, button in ROWS}
Make = Callable[..., Any]


def pattern(sentence: str) -> str:
    """… stands for what differs each time."""
    return ".+".join(map(re.escape, sentence.split("…")))


class Failures:
    """Each makes one row of the document happen and gives back the page on which it is read."""

    def __init__(self, desk: Client, practice: Make, sent: Make, facebook: Facebook, site: FeedSite, relay: Relay) -> None:
        self.desk, self.practice, self.sent, self.facebook, self.site, self.relay = desk, practice, sent, facebook, site, relay

    def page(self, delivery: Delivery) -> HttpResponse:
        return self.desk.get(f"/deliveries/{delivery.pk}")

    def the_login_at_facebook_has_ended(self) -> HttpResponse:
        self.facebook.misbehave("401")
        return self.page(self.sent())

    def facebook_loses_its_way(self) -> HttpResponse:
        self.facebook.misbehave("503")
        return self.page(self.sent())

    def facebook_asks_us_to_slow_down(self) -> HttpResponse:
        self.facebook.misbehave("429", seconds=600)
        return self.page(self.sent())

    def facebook_refuses_the_post(self) -> HttpResponse:
        self.facebook.misbehave("code-100/1609005")
        return self.page(self.sent())

    def the_answer_of_facebook_is_lost(self) -> HttpResponse:
        self.facebook.misbehave("lose-after")
        return self.page(self.sent())

    def it_is_not_there_after_a_lost_answer(self) -> HttpResponse:
        self.facebook.misbehave("lose-before")
        delivery = self.sent()
        for _ in range(3):
            Delivery.objects.filter(pk=delivery.pk).update(
                due_at=clocks.now() - timedelta(seconds=1), call_by=clocks.now() - timedelta(hours=1)
            )
            reconcile.reconcile(delivery.pk)
        return self.page(delivery)

    def somebody_has_paused_the_channel(self) -> HttpResponse:
        blog = self.practice()
        staff.pause(blog, "facebook", "ann@practice.example")
        return self.page(self.sent(blog=blog))

    def it_is_night(self) -> HttpResponse:
        now = clocks.now()
        start, end = (now - timedelta(hours=1)), (now + timedelta(hours=7))
        blog = self.practice(timezone="UTC", quiet_hours=f"{start:%H:%M}-{end:%H:%M}")
        return self.page(self.sent(blog=blog))

    def it_has_waited_too_long(self) -> HttpResponse:
        return self.page(self.sent(first_due_at=clocks.now() - timedelta(days=3)))

    def many_posts_appear_at_once(self) -> HttpResponse:
        post = make_post(self.practice(), origin="burst", image="")
        plan.plan(post.pk)
        return self.page(Delivery.objects.get(post=post, channel="facebook"))

    def there_is_no_approved_disclaimer(self) -> HttpResponse:
        post = make_post(self.practice(disclaimer={"full": "", "short": "", "required": True}), image="")
        plan.plan(post.pk)
        return self.page(Delivery.objects.get(post=post, channel="facebook"))

    def the_named_person_has_not_approved_it(self) -> HttpResponse:
        post = make_post(self.practice(approval="name@practice.example"), image="")
        plan.plan(post.pk)
        return self.page(Delivery.objects.get(post=post, channel="facebook"))

    def nobody_is_subscribed(self) -> HttpResponse:
        return self.page(self.sent("email"))

    def the_relay_refuses_every_reader(self) -> HttpResponse:
        blog = self.practice()
        make_subscriber(blog, "gone.1@reader.example")
        delivery = self.sent("email", blog=blog)
        for batch in newsletter.due_batches(delivery.pk):
            newsletter.hand_over(batch)
        return self.page(delivery)

    def the_relay_refuses_too_many_readers(self) -> HttpResponse:
        blog = self.practice()
        for number in range(120):
            make_subscriber(blog, f"spam.{number}@reader.example")
        delivery = self.sent("email", blog=blog)
        for batch in newsletter.due_batches(delivery.pk):
            newsletter.hand_over(batch)
        return self.page(delivery)

    def the_relay_cannot_be_reached(self) -> HttpResponse:
        blog = self.practice()
        make_subscriber(blog, "fine.1@reader.example")
        self.relay.__exit__()
        delivery = self.sent("email", blog=blog)
        for batch in newsletter.due_batches(delivery.pk):
            newsletter.hand_over(batch)
        return self.page(delivery)

    def the_relay_puts_off_every_reader(self) -> HttpResponse:
        blog = self.practice()
        for number in range(10):
            make_subscriber(blog, f"busy.{number}@reader.example")
        delivery = self.sent("email", blog=blog)
        for batch in newsletter.due_batches(delivery.pk):
            newsletter.hand_over(batch)
        return self.page(delivery)

    def the_relay_loses_every_answer(self) -> HttpResponse:
        blog = self.practice()
        for number in range(60):
            make_subscriber(blog, f"kept.{number}@reader.example")
        delivery = self.sent("email", blog=blog)
        for _ in range(3):
            Delivery.objects.filter(pk=delivery.pk).update(state="sending", waits_for="network")
            for batch in newsletter.due_batches(delivery.pk):
                newsletter.hand_over(batch)
        return self.page(delivery)

    def the_text_is_too_long_for_x(self) -> HttpResponse:
        post = make_post(self.practice(channels={"twitter": {"mode": "live"}}, hold="3h"), image="")
        plan.plan(post.pk)
        return self.desk.post(f"/deliveries/{Delivery.objects.get(post=post).pk}/words", {"text": "word " * 90})

    def the_feed_is_gone(self) -> HttpResponse:
        blog = self.practice()
        self.site.reply = Reply(410)
        for _ in range(4):
            Blog.objects.update(next_look_at=None)
            look(blog.slug)
        return self.desk.get("/")


NAMES = [name for name in vars(Failures) if not name.startswith("_") and name != "page"]


def test_the_document_and_these_tests_know_the_same_failures() -> None:
    assert [re.sub(r"\W+", "_", what.lower()) for what in SENTENCES] == NAMES
    assert len(NAMES) >= 15


@pytest.mark.parametrize("name", NAMES)
def test_the_first_sentence_says_what_happened_and_what_to_do(
    desk: Client, practice: Make, sent: Make, facebook: Facebook, site: FeedSite, relay: Relay, name: str
) -> None:
    page = getattr(Failures(desk, practice, sent, facebook, site, relay), name)()
    expected, button = list(SENTENCES.values())[NAMES.index(name)]
    sentences, buttons = read(page)
    assert any(re.fullmatch(pattern(expected), sentence) for sentence in sentences), sentences
    assert button in buttons
