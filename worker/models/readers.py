"""The people a newsletter goes to: why we may write, and what each of them got."""

from django.db import models
from django.db.models import Q

from worker.models.blogs import Blog
from worker.models.deliveries import Delivery
from worker.models.posts import Post
from worker.models.staff import Staff
from worker.models.wording import Wording


class Subscriber(models.Model):
    """A person and an address on one blog's list."""

    class State(models.TextChoices):
        CONFIRMED = "confirmed", "Confirmed"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
        FORGOTTEN = "forgotten", "Forgotten"

    blog = models.ForeignKey(Blog, models.CASCADE, related_name="subscribers")
    email = models.TextField(help_text="As the person wrote it; empty once forgotten.", blank=True)
    address_key = models.TextField(help_text="The address in the form in which two are the same; a keyed hash once forgotten.")
    name = models.TextField(blank=True)
    language = models.CharField(max_length=5, blank=True, help_text="Empty: the blog's.")
    topics = models.JSONField(default=list)
    edition = models.CharField(max_length=20, default="instant")
    state = models.CharField(max_length=12, choices=State, default=State.CONFIRMED)
    created_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    goes_on_as = models.ForeignKey(
        "self", models.CASCADE, null=True, related_name="before", help_text="Where they moved to an address that had a place of its own."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["blog", "address_key"], name="one_subscriber_per_address")]
        indexes = [models.Index(fields=["blog", "state", "id"], name="subscribers_in_order")]

    def __str__(self) -> str:
        return f"subscriber {self.pk}"


class LeftEdition(models.Model):
    """When somebody last chose another edition instead of this one: what had waited in it for them still comes."""

    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="left_editions")
    edition = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscriber", "edition"], name="left_an_edition_last")]
        indexes = [models.Index(fields=["edition", "at"], name="who_left_an_edition")]

    def __str__(self) -> str:
        return f"{self.edition} left by {self.subscriber_id}"


class Consent(models.Model):
    """Why we may write, since when, until when, with proof. Rows are added, never changed."""

    class Basis(models.TextChoices):
        EXPRESS = "express", "Asked for it"
        PURCHASE = "purchase", "Bought or contracted (implied, 24 months)"
        INQUIRY = "inquiry", "Inquired (implied, 6 months)"

    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="consents")
    basis = models.CharField(max_length=8, choices=Basis)
    obtained_on = models.DateField()
    ends_on = models.DateField(null=True, db_index=True, help_text="None: until withdrawn.")
    proof = models.TextField()
    wording = models.ForeignKey(
        Wording, models.PROTECT, null=True, related_name="+", help_text="The very words they agreed to, where we asked."
    )
    network = models.TextField(blank=True, help_text="The address of the machine they agreed from, where we asked.")
    recorded_at = models.DateTimeField()
    recorded_by = models.TextField()

    def __str__(self) -> str:
        return f"{self.basis} of subscriber {self.subscriber_id}"


class Suppression(models.Model):
    """An address we may not write to, as a keyed hash: it survives the erasure of the person's row."""

    class Cause(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", "They unsubscribed"
        FORGOTTEN = "forgotten", "They asked to be forgotten"
        MOVED = "moved", "They changed to another address"
        COMPLAINED = "complained", "They reported our mail as spam"
        BOUNCED = "bounced", "Their mailbox takes no mail"
        STAFF = "staff", "Staff decided so"

    blog = models.ForeignKey(Blog, models.CASCADE, related_name="+")
    address_hash = models.CharField(max_length=64)
    since = models.DateTimeField()
    cause = models.CharField(max_length=12, choices=Cause, default=Cause.UNSUBSCRIBED)
    reason = models.TextField(blank=True, help_text="In the words of whoever asked for it, where they gave any.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["blog", "address_hash"], name="one_suppression_per_address")]

    def __str__(self) -> str:
        return f"suppressed since {self.since:%Y-%m-%d}"


class ImportDraft(models.Model):
    """A list that was read and waits for a person's yes: kept here, because any web process may be asked next."""

    blog = models.ForeignKey(Blog, models.CASCADE, related_name="+")
    staff = models.ForeignKey(Staff, models.CASCADE, related_name="+")
    made_at = models.DateTimeField()
    name = models.TextField(help_text="The file's, as the browser said it.")
    basis = models.CharField(max_length=8, choices=Consent.Basis)
    obtained_on = models.DateField()
    proof = models.TextField()
    sheet = models.BinaryField(help_text="The file, packed by zlib.")

    def __str__(self) -> str:
        return f"draft {self.pk}"


class Batch(models.Model):
    """At most 100 recipients of one delivery: what is claimed, leased and counted together.

    The counters change in the same transaction as the recipients' rows, so their sum balances at every instant.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        SENDING = "sending"
        DONE = "done"

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="batches")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    due_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    holder = models.TextField(blank=True, help_text="Who has it: the machine's journal, and the sender in it (newsletter/journal.py).")
    lines = models.PositiveSmallIntegerField(default=0, help_text="So many of the relay's connections its holder has.")
    written_at = models.DateTimeField(null=True, help_text="When outcomes were last written.")
    attempt = models.PositiveIntegerField(default=0, help_text="The delivery's attempt number under which it was last claimed.")
    size = models.PositiveSmallIntegerField()
    waiting = models.PositiveSmallIntegerField(help_text="Waiting or sending.")
    sent = models.PositiveSmallIntegerField(default=0)
    refused = models.PositiveSmallIntegerField(default=0)
    skipped = models.PositiveSmallIntegerField(default=0)
    unknown = models.PositiveSmallIntegerField(default=0)
    looks = models.PositiveSmallIntegerField(default=0, help_text="Complete readings of the provider’s log that left somebody in doubt.")
    look_at = models.DateTimeField(null=True, help_text="When its log is to be read next; none: at once, as long as looks are left.")
    leaves_out: "models.ManyToManyField[Post, models.Model]" = models.ManyToManyField(
        Post, related_name="+", help_text="A digest's posts that these readers have already; their copies are without them."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="batches_are_numbered"),
            models.CheckConstraint(
                condition=Q(size=models.F("waiting") + models.F("sent") + models.F("refused") + models.F("skipped") + models.F("unknown")),
                name="the_sum_balances",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=~Q(state="done"), name="batches_due"),
            models.Index(fields=["delivery"], condition=Q(unknown__gt=0), name="batches_in_doubt"),
            models.Index(fields=["delivery", "state", "number"], name="batches_in_turn"),
        ]

    def __str__(self) -> str:
        return f"batch {self.number} of {self.delivery_id}: {self.state}"


class Recipient(models.Model):
    """One subscriber's place in one e-mail delivery."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENDING = "sending"
        SENT = "sent"
        REFUSED = "refused"
        SKIPPED = "skipped"
        UNKNOWN = "unknown"

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="recipients")
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="recipients")
    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="recipients")
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    reason = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    at = models.DateTimeField(null=True, help_text="When the state was reached.")
    detail = models.TextField(blank=True, help_text="The relay's own words.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "subscriber"], name="one_copy_per_person")]
        indexes = [models.Index(fields=["subscriber", "-id"], name="what_a_person_got")]

    def __str__(self) -> str:
        return f"subscriber {self.subscriber_id} in {self.delivery_id}: {self.state}"
