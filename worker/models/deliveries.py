"""The ledger: what was meant to go where, what it says, each try, and each line of the record.

The constraints are the backstops of the protocol in docs/reliability.md: should the code above them be wrong,
the database still refuses a second post.
"""

from datetime import datetime

from django.db import models
from django.db.models import Q

from worker.lib import clock
from worker.lib.blogs import blog_file
from worker.lib.clock import spoken
from worker.models.blogs import Blog
from worker.models.issues import Issue
from worker.models.posts import Post


class Delivery(models.Model):
    """The intent to bring one post, or one issue of a digest, to one channel on one occasion, and how it stands.

    Rows are changed only by `record.transition`, which writes the sentence and the event in the same transaction.
    """

    class Occasion(models.TextChoices):
        AUTOMATIC = "automatic", "On publishing"
        RESEND = "resend", "Resent by staff"
        TEST = "test", "Test copy"
        CORRECTION = "correction", "Correction"

    class State(models.TextChoices):
        HELD = "held", "Held"
        PENDING = "pending", "Waiting"
        PREPARING = "preparing", "Preparing"
        SENDING = "sending", "Sending"
        UNKNOWN = "unknown", "Checking"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "Skipped"
        CANCELLED = "cancelled", "Cancelled"
        REHEARSED = "rehearsed", "Rehearsed"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class WaitsFor(models.TextChoices):
        NOTHING = "nothing"
        CLOCK = "clock"
        NETWORK = "network"
        PERSON = "person"

    class Phase(models.TextChoices):
        NONE = ""
        OPENED = "opened", "Claimed, may be repeated freely"
        CALLING = "calling", "The request may be out: never repeated blindly"

    class HeldFor(models.TextChoices):
        NONE = ""
        PAGE = "page", "Its page on the blog is not in order"
        MONEY = "money", "The month's ceiling is reached"
        LATE = "late", "It has waited too long to go by itself"
        REFUSALS = "refusals", "Too many copies of the newsletter were refused"
        APPROVAL = "approval", "The person whom the blog's file names has not approved its words"
        STAFF = "staff", "One of the staff does not want it to go yet"
        UNSURE = "unsure", "It may be a post that is known already"

    blog = models.ForeignKey(Blog, models.CASCADE, related_name="deliveries")
    post = models.ForeignKey(Post, models.CASCADE, null=True, related_name="deliveries", help_text="None: it brings an issue.")
    issue = models.ForeignKey(Issue, models.CASCADE, null=True, related_name="deliveries", help_text="E-mail only. None: it brings a post.")
    channel = models.SlugField()
    edition = models.CharField(max_length=20, blank=True, help_text="E-mail only: instant, weekly, monthly.")
    occasion = models.CharField(max_length=10, choices=Occasion, default=Occasion.AUTOMATIC)
    state = models.CharField(max_length=10, choices=State)
    waits_for = models.CharField(max_length=7, choices=WaitsFor)
    reason = models.TextField(help_text="One plain sentence: what happened, or why nothing did, and what happens next.")
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, help_text="When the clock brings it forward: the next try, or the next look.")
    first_due_at = models.DateTimeField(null=True, help_text="From when on it counts as late.")
    finished_at = models.DateTimeField(null=True)
    asked_by = models.TextField(blank=True, help_text="Who asked for it; empty: the blog did, by publishing.")
    asked_because = models.TextField(blank=True)
    audience = models.TextField(blank=True, help_text="E-mail resends and tests: missing, failed, new, all, or an address.")

    attempt = models.PositiveIntegerField(default=0, help_text="Number of the latest attempt.")
    phase = models.CharField(max_length=7, choices=Phase, blank=True, default=Phase.NONE)
    lease_until = models.DateTimeField(null=True)
    call_by = models.DateTimeField(null=True, help_text="The process that made the latest call was dead by then.")
    unknown_since = models.DateTimeField(null=True)
    absences = models.PositiveSmallIntegerField(default=0, help_text="Complete readings that did not find it.")
    repeats = models.PositiveSmallIntegerField(default=0, help_text="Automatic repeats after absence was certain: one at most.")
    remote_id = models.TextField(blank=True)
    remote_url = models.TextField(blank=True)
    clue = models.TextField(blank=True, help_text="The post that the network named when it refused ours as a duplicate.")
    held_for = models.CharField(max_length=8, choices=HeldFor, blank=True, default=HeldFor.NONE)
    approved_by = models.TextField(blank=True, help_text="Who approved its words as they stand; empty: nobody, or they changed since.")
    approved_at = models.DateTimeField(null=True)
    page_waived = models.BooleanField(default=False, help_text="A person let it go although its page on the blog was not in order.")
    refusals_waived = models.BooleanField(default=False, help_text="A person let it go on although many copies were refused.")
    cost = models.PositiveIntegerField(default=0, help_text="Spent or reserved for it, in thousandths of a US dollar.")
    spare = models.PositiveIntegerField(default=0, help_text="Of the cost: reserved for reading back and not spent yet.")
    corrects = models.ForeignKey(
        "self", models.CASCADE, null=True, related_name="corrections", help_text="The one whose words it replaces."
    )
    withdrawn_by = models.TextField(blank=True, help_text="Who asked to take it down; it is down once the state says so.")
    withdrawn_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(post__isnull=False, issue=None) | Q(post=None, issue__isnull=False, channel="email"),
                name="brings_a_post_or_an_issue",
            ),
            models.UniqueConstraint(
                fields=["post", "channel", "edition"], condition=Q(occasion="automatic"), name="announced_once_per_channel"
            ),
            models.UniqueConstraint(fields=["issue"], condition=Q(occasion="automatic"), name="one_automatic_delivery_per_issue"),
            models.UniqueConstraint(
                fields=["issue"],
                condition=Q(state__in=["preparing", "sending", "unknown"]) & ~Q(occasion="test"),
                name="one_under_way_per_issue",
            ),
            models.UniqueConstraint(
                fields=["post", "channel", "edition"],
                condition=Q(state__in=["preparing", "sending", "unknown"]) & ~Q(occasion="test"),
                name="one_under_way_per_channel",
            ),
            models.UniqueConstraint(
                fields=["blog", "channel", "remote_id"],
                condition=~Q(remote_id="") & ~Q(occasion="correction"),
                name="one_delivery_per_remote_post",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(waits_for__in=["clock", "network"]), name="deliveries_due"),
            models.Index(fields=["lease_until"], condition=Q(state__in=["preparing", "sending"]), name="deliveries_leased"),
            models.Index(fields=["channel", "lease_until"], condition=Q(lease_until__isnull=False), name="deliveries_in_hand"),
            # The record, newest first, by each of its filters: benchmarks/record.py.
            models.Index(fields=["-created_at", "-id"], name="deliveries_newest_first"),
            models.Index(fields=["blog", "-created_at", "-id"], name="deliveries_of_a_blog"),
            models.Index(fields=["blog", "state", "-created_at", "-id"], name="deliveries_of_a_blog_by_state"),
            models.Index(fields=["state", "-created_at", "-id"], name="deliveries_by_state"),
            models.Index(fields=["channel", "-created_at", "-id"], name="deliveries_by_channel"),
            models.Index(fields=["-created_at", "-id"], condition=Q(waits_for="person"), name="deliveries_for_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.post_id or f'issue {self.issue_id}'} to {self.channel} ({self.occasion}): {self.state}"

    @property
    def title(self) -> str:
        """What staff read that it brings: the post's title, or the newsletter's name and day."""
        return self.post.title if self.post else str(self.issue)

    def spoken(self, moment: datetime) -> str:
        """A moment as people at its blog read it; in UTC where the blog has no file any more."""
        file = blog_file(self.blog.slug)
        return spoken(moment, file.timezone, clock.now()) if file else f"{moment:%H:%M} UTC"

    def posts(self) -> list[Post]:
        """What it brings, newest first. Few: read `post` or `issue` with the rows where there are many."""
        if self.post:
            return [self.post]
        return list(Post.objects.filter(parts__issue=self.issue_id, parts__left_out="").order_by("-published_at", "-pk"))


class Rendition(models.Model):
    """Exactly what a delivery says. It may change until the first call; from then on it is evidence."""

    delivery = models.OneToOneField(Delivery, models.CASCADE, related_name="rendition")
    subject = models.TextField(blank=True)
    text = models.TextField()
    html = models.TextField(blank=True)
    title = models.TextField(blank=True)
    description = models.TextField(blank=True)
    link = models.TextField(blank=True)
    image = models.TextField(blank=True)
    alt = models.TextField(blank=True)
    picture = models.TextField(blank=True, help_text="The name of the kept picture, made ready for the channel: render/keep.py.")
    disclaimer = models.TextField(blank=True, help_text="The approved words it carries.")
    length = models.PositiveIntegerField(help_text="Of the text, by the network's own counting.")
    limit = models.PositiveIntegerField(null=True)
    made_at = models.DateTimeField()
    edited_by = models.TextField(blank=True, help_text="The person whose text this is; empty: Postlark made it.")
    sections = models.JSONField(
        default=list, help_text="A mail's parts that some copies leave out, by where they stand: render/sections.py."
    )
    own_words = models.TextField(blank=True, help_text="What that person wrote in place of the excerpt.")
    translations = models.JSONField(
        default=dict, help_text="A mail's subject, text, html, sections and disclaimer for readers of another language than the blog's."
    )

    def __str__(self) -> str:
        return f"rendition of {self.delivery_id}"


class Attempt(models.Model):
    """One try: opened before the first byte leaves, closed with the outcome and the network's own words."""

    class Kind(models.TextChoices):
        CREATE = "create"
        EDIT = "edit"
        DELETE = "delete"

    class Outcome(models.TextChoices):
        OPEN = ""
        OK = "ok"
        TRANSIENT = "transient"
        REJECTED = "rejected"
        UNAUTHORIZED = "unauthorized"
        UNKNOWN = "unknown"

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=6, choices=Kind, default=Kind.CREATE)
    started_at = models.DateTimeField()
    calling_at = models.DateTimeField(null=True, help_text="Committed immediately before the request that posts.")
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True, default=Outcome.OPEN)
    status = models.TextField(blank=True)
    detail = models.TextField(blank=True, help_text="The network's own words.")
    holder = models.TextField(help_text="Host and process.")
    cost = models.PositiveIntegerField(default=0, help_text="Reserved for this call, in thousandths of a US dollar.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="attempts_are_numbered")]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.delivery_id}: {self.outcome or 'open'}"


class Event(models.Model):
    """One line of the record. Never changed, never deleted; holds ids, never a reader's address."""

    at = models.DateTimeField()
    who = models.TextField(help_text="A person's e-mail address, 'Postlark', or a provider.")
    what = models.TextField(help_text="One sentence.")
    blog = models.ForeignKey(Blog, models.PROTECT, null=True, related_name="events")
    post = models.ForeignKey(Post, models.PROTECT, null=True, related_name="events")
    delivery = models.ForeignKey(Delivery, models.PROTECT, null=True, related_name="events")
    subscriber = models.ForeignKey("Subscriber", models.PROTECT, null=True, related_name="events")
    data = models.JSONField(default=dict, help_text="Evidence: what was looked at, the state before and after.")
    seal = models.ForeignKey("Seal", models.PROTECT, null=True, related_name="+", help_text="Set once, when the line is closed.")

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="events_newest_first"),
            models.Index(fields=["id"], condition=Q(seal=None), name="events_to_seal"),
            models.Index(fields=["who", "delivery"], name="events_by_whom"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.who}: {self.what}"
