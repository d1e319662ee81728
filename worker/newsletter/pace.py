"""How fast a newsletter goes that is being sent. Read from the rows, at any moment."""

from datetime import datetime, timedelta

from django.db.models import Count, Min

from worker.lib.blogs import blog_file
from worker.models import Batch, Delivery, Recipient
from worker.newsletter.mail import relay_of

_LATELY = timedelta(minutes=1)
_BATCHES = 20  # the latest ones tell; no need to count a million rows


def pace(delivery: Delivery, now: datetime) -> float:
    """Readers a second: as in the last minute, and as the relay lets it at most. Zero: it cannot be told."""
    lately, file = _lately(delivery, now), blog_file(delivery.blog.slug)
    relay = relay_of(file) if file else None
    if relay is None or not relay.interval:
        return lately
    most = 1 / relay.interval.total_seconds()
    return min(lately or most, most)


def _lately(delivery: Delivery, now: datetime) -> float:
    """Of the batches that were written last: how many readers were answered, and since when."""
    recent = Batch.objects.filter(delivery=delivery, written_at__gte=now - _LATELY).order_by("-written_at")[:_BATCHES]
    answered = Recipient.objects.filter(
        batch__in=list(recent.values_list("pk", flat=True)),
        at__gte=now - _LATELY,
        state__in=[Recipient.State.SENT, Recipient.State.REFUSED],
    )
    told = answered.aggregate(number=Count("pk"), since=Min("at"))
    seconds = max(1.0, (now - told["since"]).total_seconds()) if told["since"] else 1.0
    return int(told["number"]) / seconds
