"""Each post reaches each reader once: whatever they choose when, whatever goes out, is held or comes late in between."""

from collections import Counter
from contextlib import suppress

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests import clocks
from tests.deliver.test_issues import a_blog, choose, published
from tests.newsletter.people import make_subscriber
from worker import newsletter
from worker.deliver import staff
from worker.deliver.send import send
from worker.lib.address import read_address
from worker.models import Batch, Blog, Delivery, Issue, Recipient, Subscriber
from worker.newsletter import sign_up
from worker.newsletter.confirm import confirm
from worker.newsletter.sign_up import Wish

WHO = "desk@practice.example"
EDITIONS = ("instant", "weekly", "monthly")
STEPS = st.one_of(
    st.tuples(st.just("publish"), st.booleans()),
    st.tuples(st.just("choose"), st.sampled_from(EDITIONS)),
    st.tuples(st.just("sign up"), st.sampled_from(EDITIONS)),
    st.tuples(st.just("goes out"), st.sampled_from(EDITIONS)),
    st.tuples(st.just("released early"), st.sampled_from(EDITIONS[1:])),
)


@pytest.fixture(autouse=True)
def _own_settings(settings) -> None:
    settings.RELAYS, settings.BLOGS = {}, {}


def waiting(edition: str) -> list[Delivery]:
    return list(Delivery.objects.filter(edition=edition, state__in=["held", "pending"]).order_by("pk"))


def goes_out(delivery: Delivery) -> None:
    """Released where it is held, written down, and taken by every mailbox."""
    now = clocks.now()
    with suppress(staff.Refused):
        staff.release(delivery, WHO)
    Delivery.objects.filter(pk=delivery.pk).update(due_at=now, first_due_at=now)
    send(delivery.pk)
    for batch in Batch.objects.filter(delivery=delivery):
        sent = batch.recipients.filter(state="waiting").update(state="sent")
        Batch.objects.filter(pk=batch.pk).update(waiting=0, sent=sent, state="done")
    newsletter.finish(Delivery.objects.get(pk=delivery.pk))


def signs_up(reader: Subscriber, edition: str) -> None:
    """Once more, by the form, with another choice."""
    confirm(sign_up.ask(reader.blog, Wish(read_address(reader.email), "en-CA", [], edition), ""), "")


def step(blog: Blog, reader: Subscriber, what: str, how: str | bool, number: int) -> None:
    if what == "publish":
        published(blog, f"Post {number}", origin="burst" if how else "new")
    elif what == "choose":
        choose(reader, str(how))
    elif what == "sign up":
        signs_up(reader, str(how))
    elif what == "goes out":
        for delivery in waiting(str(how)):
            Issue.objects.filter(pk=delivery.issue_id).update(due_at=clocks.now())
            goes_out(delivery)
    else:
        for delivery in waiting(str(how)):
            goes_out(delivery)
    reader.refresh_from_db()


def copies(reader: Subscriber) -> Counter[str]:
    """How many of the reader's mails each post stood in."""
    found: Counter[str] = Counter()
    for place in Recipient.objects.filter(subscriber=reader, state="sent").select_related("delivery", "batch"):
        left_out = set(place.batch.leaves_out.values_list("pk", flat=True))
        found.update(post.title for post in place.delivery.posts() if post.pk not in left_out)
    return found


@pytest.mark.django_db
@settings(max_examples=12)
@given(steps=st.lists(STEPS, min_size=3, max_size=10), first=st.sampled_from(EDITIONS))
@example([("choose", "weekly"), ("publish", False), ("choose", "instant"), ("choose", "monthly"), ("goes out", "monthly")], "instant")
@example([("publish", False), ("goes out", "monthly"), ("choose", "monthly"), ("choose", "instant")], "weekly")
@example([("publish", True), ("goes out", "weekly"), ("choose", "weekly"), ("goes out", "instant")], "instant")
@example([("publish", False), ("sign up", "instant"), ("goes out", "instant")], "weekly")
@example([("publish", False), ("released early", "weekly"), ("publish", False), ("choose", "instant")], "weekly")
def test_each_post_reaches_a_reader_once_whatever_they_choose_when(steps, first):
    with transaction.atomic():
        blog = a_blog()
        reader = make_subscriber(blog, edition=first)
        for number, (what, how) in enumerate(steps):
            step(blog, reader, what, how, number)
        while left := [each for edition in EDITIONS for each in waiting(edition) if each.posts()]:
            for delivery in left:
                goes_out(delivery)
        titles = {f"Post {number}" for number, (what, _) in enumerate(steps) if what == "publish"}
        assert copies(reader) == Counter(titles)
        transaction.set_rollback(True)
    django_settings.BLOGS = {}
