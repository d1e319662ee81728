"""A process that sends one newsletter to its end, for tests that kill it: `python -m tests.newsletter.sender`.

The first one makes the database, the readers and the newsletter. The last line of each is how it all stands, as JSON.
"""

import json
import os
import sys
import time
from dataclasses import asdict

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402  models are there only after setup()
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from tests.factories import make_post  # noqa: E402
from tests.newsletter.people import begin, make_newsletter, make_subscriber, the_sum  # noqa: E402
from worker import newsletter  # noqa: E402
from worker.models import Batch, Blog, Delivery  # noqa: E402

READERS = ["fine", "gone", "fine", "grey", "fine", "lost", "fine", "kept", *["fine"] * 93]


def main() -> None:
    if "worker_delivery" not in connection.introspection.table_names():
        _begin_anew()
    delivery = Delivery.objects.select_related("blog", "post").get()
    the_sum(delivery)
    ends_at = time.monotonic() + 60
    while delivery.state in ("preparing", "sending") and time.monotonic() < ends_at:
        newsletter.sweep()
        if delivery.state == "preparing":
            begin(delivery)
        Batch.objects.filter(delivery=delivery, state="waiting").update(due_at=None)
        for batch in newsletter.due_batches():
            newsletter.hand_over(batch)
        the_sum(delivery)
        delivery.refresh_from_db()
        time.sleep(0.05)
    people = delivery.recipients.select_related("subscriber")
    document = {"state": delivery.state, "reason": delivery.reason, "sum": asdict(the_sum(delivery))}
    json.dump(document | {"people": {one.subscriber.email: one.state for one in people}}, sys.stdout)


def _begin_anew() -> None:
    call_command("migrate", verbosity=0)
    blog = Blog.objects.create(slug=next(iter(settings.BLOGS)))
    for number, kind in enumerate(READERS):
        make_subscriber(blog, f"{kind}.{number}@reader.example")
    make_newsletter(make_post(blog))


main()
