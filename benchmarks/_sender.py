"""One newsletter to the end, in a process of its own: what benchmarks/newsletter.py times. The last line is JSON.

    python -m benchmarks._sender READERS [--rows no]

The audience is written down in plain SQL before the clock starts; what is timed is what a worker does from its first task to
the newsletter's end.
"""

import argparse
import json
import os
import resource
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from tests.factories import make_post
from tests.newsletter.people import make_newsletter
from worker import newsletter
from worker.channels.base import mark
from worker.models import Batch, Blog, Delivery
from worker.newsletter import batches
from worker.record.sums import sum_of

PARAGRAPH = "Going outside helps: a walk of twenty minutes, without the phone, and a word to somebody on the way.\n"
WORDS = 7_000, 11_500  # characters of text and HTML: with headers, about 19 KB on the wire


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("readers", type=int)
    parser.add_argument("--rows", choices=("yes", "no"), default="yes", help="no: recipients' rows are not written")
    given = parser.parse_args()
    delivery = Delivery.objects.first() if "worker_delivery" in connection.introspection.table_names() else None
    delivery = delivery or begin(given.readers)
    if given.rows == "no":
        batches.write = lambda outcomes: None
    before, began, cpu = peak(), time.perf_counter(), time.process_time()
    tasks = send(delivery)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    total = sum_of([delivery.pk])[delivery.pk]
    told = {"seconds": took, "cpu": cpu, "tasks": tasks, "grown_mb": (peak() - before) / 1024, "sent": total.sent, "unknown": total.unknown}
    json.dump(told | {"waiting": total.waiting}, sys.stdout)


def send(delivery: Delivery) -> int:
    """As the tasks would; how many of them it took."""
    tasks = 0
    newsletter.sweep()
    while due := newsletter.due_batches(delivery.pk):
        for batch in due:
            tasks += 1
            newsletter.hand_over(batch)
    return tasks


def begin(readers: int) -> Delivery:
    call_command("migrate", verbosity=0)
    blog = Blog.objects.create(slug=next(iter(settings.BLOGS)))
    delivery = make_newsletter(make_post(blog), state="sending", lease_until=None)
    words = delivery.rendition
    words.text = (words.text + PARAGRAPH * 1000)[: WORDS[0]] + f"\n{mark('unsubscribe')}\n"
    words.html = (words.html + f"<p>{PARAGRAPH}</p>" * 1000)[: WORDS[1]] + f"<a href='{mark('unsubscribe')}'>Leave</a>"
    words.save()
    write_down(blog, delivery, readers)
    return delivery


def write_down(blog: Blog, delivery: Delivery, readers: int) -> None:
    now, size = timezone.now(), 100
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {readers})"
    groups = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {-(-readers // size)})"
    empty = "CAST('[]' AS jsonb)" if connection.vendor == "postgresql" else "'[]'"
    address = "'reader.' || i || '@reader.example'"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO worker_subscriber (id, blog_id, email, address_key, name, language, topics, edition, state, created_at)"
            f" {numbers} SELECT i, %s, {address}, {address}, '', '', {empty}, 'instant', 'confirmed', %s FROM n",
            [blog.pk, now],
        )
        cursor.execute(
            f"INSERT INTO worker_consent (subscriber_id, basis, obtained_on, proof, network, recorded_at, recorded_by)"
            f" {numbers} SELECT i, 'express', %s, 'paper form', '', %s, 'a benchmark' FROM n",
            [now.date(), now],
        )
        cursor.execute(
            f"INSERT INTO worker_batch (id, delivery_id, number, state, holder, lines, attempt, size, waiting, sent, refused, skipped, unknown)"
            f" {groups} SELECT i, %s, i, 'waiting', '', 0, 0, s, s, 0, 0, 0, 0"
            f" FROM (SELECT i, CASE WHEN i * {size} <= {readers} THEN {size} ELSE {readers % size} END AS s FROM n) AS sized",
            [delivery.pk],
        )
        cursor.execute(
            f"INSERT INTO worker_recipient (batch_id, delivery_id, subscriber_id, state, reason, tries, detail)"
            f" {numbers} SELECT (i - 1) / {size} + 1, %s, i, 'waiting', '', 0, '' FROM n",
            [delivery.pk],
        )
    assert Batch.objects.count() == -(-readers // size)


def peak() -> int:
    """Kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
