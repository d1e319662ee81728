"""Staff send a newsletter again: what its refusals had closed is opened for one more try."""

from django.db import transaction

from worker.lib.address import address_key
from worker.models import Post, Recipient, Return, Suppression
from worker.newsletter.suppress import reopen, suppression_of


def let_in_again(post: Post, audience: str, who: str, because: str) -> None:
    """Addresses of this audience that may not be written to for nothing but a refusal of this post. Who is refused again is closed again.

    `audience`: as `deliver.staff.resend` takes it.
    """
    if audience == "new":
        return
    closed = Return.objects.filter(delivery__post=post, suppressed=True, recipient__state=Recipient.State.REFUSED)
    if "@" in audience:
        try:
            closed = closed.filter(recipient__subscriber__address_key=address_key(audience))
        except ValueError:
            return
    with transaction.atomic():
        for one in closed.select_related("recipient__subscriber__blog"):
            reader = one.recipient.subscriber
            known = suppression_of(reader.blog_id, reader.address_key)
            if known and known.cause == Suppression.Cause.BOUNCED:
                reopen(reader.blog, reader.address_key, who=who, reason=f"Sent again to those who were refused: {because}")
