"""One newsletter to the end, in a process of its own: what benchmarks/newsletter.py times. The last line is JSON.

    python -m tests.in_django benchmarks._sender READERS [--rows no]

What is timed is what a worker does from its first task to the newsletter's end; and, apart, the writing down of the audience.
"""

import argparse
import gc
import json
import resource
import sys
import time
from datetime import timedelta

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from tests.factories import make_post
from tests.newsletter.people import make_newsletter
from worker import newsletter
from worker.channels.carrier import mark
from worker.lib import clock
from worker.models import Blog, Delivery
from worker.newsletter import batches
from worker.record.sums import sum_of

PARAGRAPH = "Going outside helps: a walk of twenty minutes, without the phone, and a word to somebody on the way."
WORDS = 6_600, 10_900  # characters of text and HTML: with headers, as long on the wire as what the others send


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("readers", type=int)
    parser.add_argument("--rows", choices=("yes", "no"), default="yes", help="no: recipients' rows are not written")
    given = parser.parse_args()
    delivery = Delivery.objects.first() if "worker_delivery" in connection.introspection.table_names() else None
    prepared: dict[str, float] = {}
    if delivery is None:
        delivery, prepared = begin(given.readers)
    if given.rows == "no":
        batches.write = lambda outcomes: None
    gc.collect()
    gc.freeze()  # as the worker does before it sends anything
    before, began, cpu = peak(), time.perf_counter(), time.process_time()
    tasks = send(delivery)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    total = sum_of([delivery.pk])[delivery.pk]
    told = {"seconds": took, "cpu": cpu, "tasks": tasks, "grown_mb": (peak() - before) / 1024, "sent": total.sent, "unknown": total.unknown}
    json.dump(told | prepared | {"waiting": total.waiting}, sys.stdout)


def send(delivery: Delivery) -> int:
    """As the tasks would; how many of them it took."""
    tasks = 0
    newsletter.sweep()
    while due := newsletter.due_batches(delivery.pk):
        for batch in due:
            tasks += 1
            newsletter.hand_over(batch)
    return tasks


def begin(readers: int) -> tuple[Delivery, dict[str, float]]:
    """The newsletter with its audience written down, and what that took."""
    call_command("migrate", verbosity=0)
    blog = Blog.objects.create(slug=next(iter(settings.BLOGS)))
    subscribe(blog, readers)
    delivery = make_newsletter(make_post(blog))
    words = delivery.rendition
    words.text = (words.text + f"{PARAGRAPH}\n" * 1000)[: WORDS[0]] + f"\n{mark('unsubscribe')}\n"
    words.html = (words.html + f"<p>{PARAGRAPH}</p>" * 1000)[: WORDS[1]] + f"<a href='{mark('unsubscribe')}'>Leave</a>"
    words.save()
    before, began = peak(), time.process_time()
    while not newsletter.prepare(delivery):
        pass
    told = {"prepare_cpu": time.process_time() - began, "prepare_grown_mb": (peak() - before) / 1024}
    Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.SENDING, lease_until=None)
    return delivery, told


def subscribe(blog: Blog, readers: int) -> None:
    """In plain SQL: it is not what is measured."""
    now = clock.now()
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {readers})"
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
            [now.date() - timedelta(days=1), now],
        )


def peak() -> int:
    """Kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
