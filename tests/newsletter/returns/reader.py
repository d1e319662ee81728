"""A process that reads the returns mailbox once, for tests that kill it: `python -m tests.in_django tests.newsletter.returns.reader`.

The first one makes the database and a newsletter that two readers got. The last line of each is how it all stands, as JSON;
`own`: the ids of both copies.
"""

import json
import sys

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from tests import clocks
from tests.factories import make_post
from tests.newsletter.people import begin, make_newsletter, make_subscriber
from worker.lib.signing import copy_ids
from worker.models import Batch, Blog, Event, Mailbox, Recipient, Return, Suppression
from worker.newsletter.returns import mailboxes


def main() -> None:
    if "worker_delivery" not in connection.introspection.table_names():
        _begin_anew()
    Mailbox.objects.update(look_at=clocks.now())
    mailboxes.collect("default")
    document = {
        "own": [copy_ids(one.delivery_id)(one.subscriber_id) for one in Recipient.objects.order_by("pk")],
        "kinds": sorted(Return.objects.values_list("kind", flat=True)),
        "lines": Event.objects.filter(who="The returns mailbox").count(),
        "causes": sorted(Suppression.objects.values_list("cause", flat=True)),
    }
    json.dump(document, sys.stdout)


def _begin_anew() -> None:
    call_command("migrate", verbosity=0)
    blog = Blog.objects.create(slug=next(iter(settings.BLOGS)))
    for name in ("ann", "bob"):
        make_subscriber(blog, f"{name}@reader.example")
    delivery = make_newsletter(make_post(blog))
    begin(delivery)
    Recipient.objects.update(state="sent", at=clocks.now())
    Batch.objects.update(state="done", waiting=0, sent=2)
