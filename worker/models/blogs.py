"""A blog's row beside its file, and the connection of each of its channels."""

from django.db import models


class Blog(models.Model):
    """What Postlark has learned about one blog: the feed's validators, its health, when to look next."""

    class State(models.TextChoices):
        NEW = "new", "Not looked at yet"
        OK = "ok", "Fine"
        TROUBLE = "trouble", "Trouble"
        GONE = "gone", "Gone"

    slug = models.SlugField(unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    sentence = models.TextField(default="Not looked at yet.")
    etag = models.TextField(blank=True)
    last_modified = models.TextField(blank=True)
    body_hash = models.CharField(max_length=64, blank=True)
    feed = models.TextField(blank=True, help_text="The address the validators belong to.")
    baseline_at = models.DateTimeField(null=True, help_text="First good look: what stood in the feed then is old.")
    last_good_at = models.DateTimeField(null=True)
    next_look_at = models.DateTimeField(null=True, db_index=True, help_text="None: as soon as possible.")
    listed = models.JSONField(default=list, help_text="The posts that stood in the feed at the last good look.")
    look_until = models.DateTimeField(null=True, help_text="The lease of the look that is under way.")
    failures = models.PositiveIntegerField(default=0, help_text="Looks in a row that brought nothing.")
    rung_at = models.DateTimeField(null=True, help_text="When its web site last rang for a look at once.")
    paused_by = models.TextField(blank=True, help_text="Who paused the whole blog; empty: nobody.")
    suppressions = models.PositiveBigIntegerField(
        default=0, help_text="Goes up by one with every address that may no longer be written to."
    )

    def __str__(self) -> str:
        return self.slug


class Connection(models.Model):
    """How one channel of one blog stands, whatever its posts."""

    blog = models.ForeignKey(Blog, models.CASCADE, related_name="connections")
    channel = models.SlugField()
    paused_by = models.TextField(blank=True, help_text="Who paused it; empty: nobody.")
    broken = models.TextField(blank=True, help_text="The sentence that says what must be mended; empty: nothing.")
    cooldown_until = models.DateTimeField(null=True)
    cooldown = models.TextField(blank=True, help_text="The sentence that says why it waits.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["blog", "channel"], name="one_connection_per_channel")]

    def __str__(self) -> str:
        return f"{self.blog.slug}/{self.channel}"


class Relay(models.Model):
    """One mail relay, shared by all blogs and workers: the moment from which the next message may leave."""

    name = models.SlugField(unique=True)
    next_slot_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
