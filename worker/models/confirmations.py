"""What waits until the owner of a mailbox says yes."""

from django.db import models
from django.db.models import Q

from worker.models.blogs import Blog
from worker.models.readers import Subscriber
from worker.models.wording import Wording


class Confirmation(models.Model):
    """An address that somebody typed. Nothing comes of it until its owner presses the button behind the link in a mail."""

    class Kind(models.TextChoices):
        JOIN = "join", "Somebody wants the newsletter"
        MOVE = "move", "A reader changes to this address"
        RENEW = "renew", "A reader whose implied consent ends is asked whether they want to go on"
        OWN = "own", "A reader wants the page with their data and their address"

    blog = models.ForeignKey(Blog, models.CASCADE, related_name="confirmations")
    kind = models.CharField(max_length=5, choices=Kind)
    subscriber = models.ForeignKey(
        Subscriber, models.CASCADE, null=True, related_name="confirmations", help_text="None: perhaps a new one."
    )
    email = models.TextField(help_text="As it was typed.")
    address_key = models.TextField()
    mailbox = models.TextField(
        default="", help_text="The address without what its owner may add to it (+news): by it mails to one person are counted."
    )
    language = models.CharField(max_length=5)
    topics = models.JSONField(default=list)
    edition = models.CharField(max_length=20)
    wording = models.ForeignKey(Wording, models.PROTECT, null=True, related_name="+")
    network = models.TextField(blank=True, help_text="The address of the machine it was asked from.")
    neighbourhood = models.TextField(blank=True, help_text="The network around that machine, by which floods are counted.")
    asked_at = models.DateTimeField()
    mail_due_at = models.DateTimeField(
        null=True, help_text="When its mail goes out, or is tried again. None: nothing is to be mailed any more."
    )
    tries = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True)
    trouble = models.TextField(blank=True, help_text="Why there is no mail; empty: none was met.")
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["blog", "address_key", "-asked_at"], name="confirmations_by_address"),
            models.Index(fields=["mailbox", "-asked_at"], name="confirmations_by_mailbox"),
            models.Index(fields=["neighbourhood", "-asked_at"], name="confirmations_by_network"),
            models.Index(fields=["blog", "-asked_at"], name="confirmations_by_blog"),
            models.Index(fields=["mail_due_at"], condition=Q(mail_due_at__isnull=False), name="confirmations_to_mail"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
