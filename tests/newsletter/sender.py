"""A process that sends one newsletter to its end, for tests that kill it: `python -m tests.in_django tests.newsletter.sender [READER...]`.

The first one makes the database, the readers (what stands before the @) and the newsletter; a number stands for so many of the
usual mixture. The last line of each is how it all stands, as JSON.
"""

import json
import os
import sys
import time
from dataclasses import asdict

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from tests import clocks
from tests.factories import make_post
from tests.newsletter.people import begin, make_newsletter, make_subscriber, the_sum
from worker import newsletter
from worker.deliver.plan import plan
from worker.models import Batch, Blog, Delivery, Recipient

READERS = ["fine", "gone", "fine", "grey", "fine", "lost", "fine", "kept", *["fine"] * 93]
TROUBLE = ["grey", "gone", "slow", "later", "hangup", "spam", "grey", "closing", "gone", "kept", "full", "lost"]
DIGEST = "DIGEST" in os.environ
PATIENCE = float(os.environ.get("PATIENCE", "60"))


def mixture(number: int) -> list[str]:
    """One in twenty is trouble of some kind."""
    return [TROUBLE[at // 20 % len(TROUBLE)] if at % 20 == 7 else "fine" for at in range(number)]


def main() -> None:
    if "worker_delivery" not in connection.introspection.table_names():
        said = sys.argv[1:]
        begin_anew = _begin_a_digest if DIGEST else _begin_anew
        begin_anew(mixture(int(said[0])) if said and said[0].isdigit() else said or READERS)
    delivery = Delivery.objects.select_related("blog", "post", "issue").get(issue__isnull=not DIGEST)
    the_sum(delivery)
    ends_at, said = time.monotonic() + PATIENCE, set()
    while delivery.state in ("preparing", "sending") and time.monotonic() < ends_at:
        newsletter.sweep()
        if delivery.state == "preparing":
            begin(delivery)
        Batch.objects.filter(delivery=delivery, state="waiting").update(due_at=None)
        for batch in newsletter.due_batches():
            newsletter.hand_over(batch)
        the_sum(delivery)
        delivery.refresh_from_db()
        said.add(delivery.reason)
        time.sleep(0.05)
    for batch in newsletter.doubts_due():
        newsletter.look_up(batch)
    delivery.refresh_from_db()
    people = delivery.recipients.select_related("subscriber")
    document = {"state": delivery.state, "reason": delivery.reason, "sum": asdict(the_sum(delivery)), "said": sorted(said)}
    json.dump(document | {"people": {one.subscriber.email: one.state for one in people}}, sys.stdout)


def _begin_anew(readers: list[str]) -> None:
    call_command("migrate", verbosity=0)
    blog = Blog.objects.create(slug=next(iter(settings.BLOGS)))
    with transaction.atomic():
        for number, kind in enumerate(readers):
            make_subscriber(blog, f"{kind}.{number}@reader.example")
    make_newsletter(make_post(blog))


def _begin_a_digest(readers: list[str]) -> None:
    """Of two posts, the first of which every third reader had by itself."""
    call_command("migrate", verbosity=0)
    blog = Blog.objects.create(slug=next(iter(settings.BLOGS)))
    first, second = (make_post(blog, title=title, image="") for title in ("First post", "Second post"))
    people = [make_subscriber(blog, f"fine.{number}@reader.example", edition="weekly") for number in range(len(readers))]
    for post in (first, second):
        plan(post.pk)
    alone, had = Delivery.objects.get(post=first, channel="email"), people[::3]
    batch = Batch.objects.create(delivery=alone, number=1, state="done", size=len(had), waiting=0, sent=len(had))
    Recipient.objects.bulk_create(Recipient(delivery=alone, batch=batch, subscriber=one, state="sent") for one in had)
    Delivery.objects.filter(issue=None).update(state="sent", waits_for="nothing", finished_at=clocks.now())
    Delivery.objects.filter(issue__isnull=False).update(state="preparing", waits_for="nothing", attempt=1, lease_until=clocks.now())
