"""What came of a copy after the relay had it, or why a mail server would not have it."""

from django.db import models

from worker.models.deliveries import Delivery
from worker.models.readers import Recipient


class Return(models.Model):
    """What somebody reported of one reader's copy: at most one of a kind, however often it is reported."""

    class Kind(models.TextChoices):
        DELIVERED = "delivered", "It reached their mailbox"
        HARD = "hard", "Their mailbox does not exist"
        SOFT = "soft", "Their mailbox could not take it"
        BLOCKED = "blocked", "Their mail server does not want it"
        COMPLAINED = "complained", "They reported it as spam"
        UNSUBSCRIBED = "unsubscribed", "They unsubscribed at the provider"

    recipient = models.ForeignKey(Recipient, models.CASCADE, related_name="returns")
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="returns", help_text="The recipient's, for counting.")
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField()
    source = models.TextField(help_text="Who says so: the mail relay, the returns mailbox, a provider.")
    status = models.CharField(max_length=20, blank=True, help_text="The enhanced code, as in 5.1.1 (RFC 3463).")
    words = models.TextField(blank=True, help_text="In the source's own words.")
    suppressed = models.BooleanField(default=False, help_text="By this the address came among those that may not be written to.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recipient", "kind"], name="one_return_of_a_kind")]
        indexes = [
            models.Index(fields=["delivery", "kind"], name="returns_of_a_newsletter"),
            models.Index(fields=["at"], condition=models.Q(kind="complained"), name="complaints_lately"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: recipient {self.recipient_id}"
