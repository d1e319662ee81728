"""What dead holders left, and newsletters whose end nobody has told yet."""

from django.db.models import Exists, OuterRef

from worker.models import Batch, Delivery
from worker.newsletter import batches
from worker.newsletter.conclusion import finish


def sweep() -> None:
    """Give back the batches of dead holders; what was on its way is unknown. Then tell each delivery where nobody waits any more."""
    batches.take_back()
    batches.call_off()
    unfinished = Batch.objects.filter(delivery=OuterRef("pk")).exclude(state=Batch.State.DONE)
    sending = Delivery.objects.filter(channel="email", state=Delivery.State.SENDING).exclude(occasion=Delivery.Occasion.TEST)
    for delivery in sending.exclude(Exists(unfinished)).select_related("blog"):
        finish(delivery)
