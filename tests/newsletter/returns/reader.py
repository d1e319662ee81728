"""A process that reads the returns mailbox once, for tests that kill it: `python -m tests.newsletter.returns.reader`.

The first one makes the database and a newsletter that two readers got. The last line of each is how it all stands, as JSON;
`own`: the ids of both copies.
"""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402  models are there only after setup()
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from tests.factories import make_post  # noqa: E402
from tests.newsletter.people import begin, make_newsletter, make_subscriber  # noqa: E402
from worker.lib.signing import copy_id  # noqa: E402
from worker.models import Batch, Blog, Event, Mailbox, Recipient, Return, Suppression  # noqa: E402
from worker.newsletter.returns import mailboxes  # noqa: E402


def main() -> None:
    if "worker_delivery" not in connection.introspection.table_names():
        _begin_anew()
    Mailbox.objects.update(look_at=timezone.now())
    mailboxes.collect("default")
    document = {
        "own": [copy_id(one.delivery_id, one.subscriber_id) for one in Recipient.objects.order_by("pk")],
        "kinds": sorted(Return.objects.values_list("kind", flat=True)),
        "lines": Event.objects.filter(who="The returns mailbox").count(),
        "causes": sorted(Suppression.objects.values_list("cause", flat=True)),
    }
    print(json.dumps(document))  # noqa: T201


def _begin_anew() -> None:
    call_command("migrate", verbosity=0)
    blog = Blog.objects.create(slug=next(iter(settings.BLOGS)))
    for name in ("ann", "bob"):
        make_subscriber(blog, f"{name}@reader.example")
    delivery = make_newsletter(make_post(blog))
    begin(delivery)
    Recipient.objects.update(state="sent", at=timezone.now())
    Batch.objects.update(state="done", waiting=0, sent=2)


main()
