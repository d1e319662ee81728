"""A blog that mails live through the fake relay, its readers, and a newsletter on its way."""

from collections import Counter
from datetime import date, timedelta
from itertools import count
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count

from tests import clocks
from tests.factories import SHORT, make_blog, make_delivery, make_post
from tests.fakes.relay import Relay
from worker import newsletter
from worker.channels.carrier import mark
from worker.channels.email import parse_relay
from worker.lib.address import read_address
from worker.models import Batch, Blog, Consent, Delivery, Post, Recipient, Subscriber
from worker.newsletter.consent import ends_on
from worker.record.sums import Sum, sum_of

_numbers = count(1)


def live_blog(relay: Relay | None = None, slug: str = "example", options: str = "?connections=1", **values: Any) -> Blog:
    """Use it with the `settings` fixture, so that the relay goes away again."""
    settings.RELAYS = {"default": parse_relay((relay.url if relay else "smtp://127.0.0.1:1") + options)}
    return make_blog(slug, channels={"email": {"mode": "live"}}, **values)


def make_subscriber(blog: Blog, email: str = "", *, basis: str = "express", obtained_on: date | None = None, **values: Any) -> Subscriber:
    """Confirmed, with express consent since last month, unless told otherwise; `basis=""`: without any consent."""
    email = email or f"reader.{next(_numbers)}@reader.example"
    obtained_on = obtained_on or clocks.now().date() - timedelta(days=30)
    defaults = {"email": email, "address_key": read_address(email).key, "created_at": clocks.now()}
    subscriber = Subscriber.objects.create(blog=blog, **{**defaults, **values})
    if basis:
        Consent.objects.create(
            subscriber=subscriber,
            basis=basis,
            obtained_on=obtained_on,
            ends_on=ends_on(basis, obtained_on),
            proof="paper form",
            recorded_at=clocks.now(),
            recorded_by="a test",
        )
    return subscriber


def make_newsletter(post: Post, **values: Any) -> Delivery:
    """Claimed, with nobody written down yet."""
    text = f"{post.title}\n\n{post.url}\n\n{SHORT}\n{mark('why')}\n{mark('unsubscribe')}\n"
    html = f"<h1>{post.title}</h1><a href='{post.url}'>Read</a><p>{SHORT}</p><p>{mark('why')} <a href='{mark('unsubscribe')}'>Unsubscribe</a></p>"
    rendition = {"subject": post.title, "text": text, "html": html, "link": post.url, "disclaimer": SHORT, "length": len(text)}
    defaults = {
        "edition": "instant",
        "state": "preparing",
        "waits_for": "nothing",
        "attempt": 1,
        "lease_until": clocks.now() + timedelta(minutes=2),
    }
    return make_delivery(post, "email", rendition=rendition, **{**defaults, **values})


def planned(blog: Blog, **values: Any) -> Delivery:
    """A newsletter whose audience is written down and frozen, as `deliver` leaves it."""
    delivery = make_newsletter(make_post(blog), **values)
    begin(delivery)
    return delivery


def begin(delivery: Delivery) -> None:
    while not newsletter.prepare(delivery) and Delivery.objects.get(pk=delivery.pk).state == "preparing":
        pass
    Delivery.objects.filter(pk=delivery.pk, state="preparing").update(
        state="sending", waits_for="network", reason="Being sent to its readers.", lease_until=None
    )
    delivery.refresh_from_db()


def send_what_is_due(delivery: Delivery) -> None:
    for batch in newsletter.due_batches(delivery.pk):
        newsletter.hand_over(batch)
    delivery.refresh_from_db()


def send_to_the_end(delivery: Delivery) -> None:
    """As the clock would: whatever waits for a time gets it."""
    for _ in range(60):
        if delivery.state == "pending" and delivery.waits_for == "clock":
            Delivery.objects.filter(pk=delivery.pk).update(state="sending", waits_for="network")
            delivery.refresh_from_db()
        if delivery.state != "sending":
            return
        Batch.objects.filter(delivery=delivery, state="waiting").update(due_at=None)
        send_what_is_due(delivery)
    raise AssertionError(f"it does not end: {delivery.reason}")


def the_sum(delivery: Delivery) -> Sum:
    """The sum by the counters, after it was seen to balance and to agree with the rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql" and not connection.savepoint_ids:  # others may write between the two readings
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        total = sum_of([delivery.pk]).get(delivery.pk, Sum())
        by_state = Recipient.objects.filter(delivery=delivery).values_list("state").annotate(number=Count("pk")).order_by()
        states = Counter(dict(by_state))
    assert total.audience == total.sent + total.skipped + total.refused + total.unknown + total.waiting
    words = ("sent", "skipped", "refused", "unknown")
    rows = Sum(states.total(), *(states[word] for word in words), states["waiting"] + states["sending"])
    assert total == rows
    return total


def people(delivery: Delivery) -> dict[str, Recipient]:
    """By what stands before the @."""
    return {one.subscriber.email.partition("@")[0]: one for one in delivery.recipients.select_related("subscriber")}
