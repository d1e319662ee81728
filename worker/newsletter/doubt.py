"""Whoever still waits may have it by now: nobody can know, so nobody is written to again by itself."""

from django.db import transaction

from worker.lib import clock
from worker.models import Attempt, Batch, Delivery, Recipient
from worker.newsletter.conclusion import finish


def call_in_doubt(delivery: Delivery, reason: str) -> None:
    """Every reader of a newsletter under way who has no outcome becomes `unknown`; then the newsletter has ended."""
    now = clock.now()
    with transaction.atomic():
        for batch in Batch.objects.select_for_update().filter(delivery=delivery).exclude(state=Batch.State.DONE):
            without = batch.recipients.filter(state__in=[Recipient.State.WAITING, Recipient.State.SENDING])
            doubtful = without.update(state=Recipient.State.UNKNOWN, reason=reason, at=now)
            batch.waiting, batch.unknown = batch.waiting - doubtful, batch.unknown + doubtful
            batch.state, batch.due_at, batch.lease_until = Batch.State.DONE, None, None
            batch.save()
        delivery.attempts.filter(finished_at=None).update(finished_at=now, outcome=Attempt.Outcome.UNKNOWN, detail=reason)
        finish(delivery)
