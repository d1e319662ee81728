"""A blog's row beside its file, and the connection of each of its channels."""

from django.db import models


class Blog(models.Model):
    """What Postlark has learned about one blog: the feed's validators, its health, when to look next."""

    class State(models.TextChoices):
        NEW = "new", "Not looked at yet"
        OK = "ok", "Fine"
        BEHIND = "behind", "Behind its web site"
        TROUBLE = "trouble", "Trouble"
        GONE = "gone", "Gone"

    slug = models.SlugField(unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    sentence = models.TextField(default="Not looked at yet.")
    etag = models.TextField(blank=True)
    last_modified = models.TextField(blank=True)
    body_hash = models.CharField(max_length=64, blank=True)
    feed = models.TextField(blank=True, help_text="The address the validators belong to.")
    asked_for = models.TextField(blank=True, help_text="The feed of the blog's file for which these addresses were learned.")
    moved_to = models.TextField(blank=True, help_text="Where a permanent redirect has led twice: looked at instead.")
    moving_to = models.TextField(blank=True, help_text="Where a permanent redirect has led once.")
    pace = models.JSONField(default=dict, help_text="How often the feed itself wants to be looked at.")
    rhythm = models.DurationField(null=True, help_text="Between two posts, as far as the last ones tell.")
    dated_at = models.DateTimeField(null=True, help_text="The date of the newest document read: an older one is a stale copy.")
    host = models.TextField(blank=True, db_index=True, help_text="Whose machine its feed is on.")
    baseline_at = models.DateTimeField(null=True, help_text="First good look: what stood in the feed then is old.")
    last_good_at = models.DateTimeField(null=True)
    next_look_at = models.DateTimeField(null=True, db_index=True, help_text="None: as soon as possible.")
    listed = models.JSONField(default=list, help_text="The posts that stood in the feed at the last good look.")
    look_until = models.DateTimeField(null=True, help_text="The lease of the look that is under way.")
    look_by = models.CharField(max_length=32, blank=True, help_text="Who has the lease.")
    failures = models.PositiveIntegerField(default=0, help_text="Looks in a row that brought nothing.")
    trouble_since = models.DateTimeField(null=True, help_text="The first of these looks; None: the last one was good.")
    behind = models.TextField(blank=True, help_text="What the web site shows and the feed does not; empty: nothing.")
    compared_at = models.DateTimeField(null=True, help_text="When the feed was last compared with the web site.")
    told = models.TextField(blank=True, help_text="What staff have been told of how it is; empty: nothing is wrong, or not for long.")
    rung_at = models.DateTimeField(null=True, help_text="When its web site last rang for a look at once.")
    paused_by = models.TextField(blank=True, help_text="Who paused the whole blog; empty: nobody.")
    restored_from = models.DateTimeField(
        null=True, help_text="When the backup was made that this row comes from; None: no look is needed for that any more."
    )
    lapses_told_on = models.DateField(null=True, help_text="The day on which staff were last told whose consent ends within a month.")
    lapses = models.JSONField(
        default=dict,
        help_text="How many readers that nobody has asked yet these are, and the first and the last day on which one's consent ends; empty: none.",
    )
    suppressions = models.PositiveBigIntegerField(
        default=0, help_text="Goes up, in the same transaction, with every address that may no longer be written to."
    )

    def __str__(self) -> str:
        return self.slug


class Hub(models.Model):
    """One blog's subscription at the hub that its feed names (WebSub)."""

    class State(models.TextChoices):
        ASKED = "asked", "Asked"
        ACTIVE = "active", "Active"
        REFUSED = "refused", "Refused"

    blog = models.OneToOneField(Blog, models.CASCADE, related_name="hub")
    key = models.CharField(max_length=43, unique=True, help_text="In the address at which the hub rings; cannot be guessed.")
    url = models.TextField(help_text="The hub.")
    topic = models.TextField(help_text="The feed, as the hub knows it.")
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    sentence = models.TextField(default="Not asked yet.")
    next_at = models.DateTimeField(null=True, db_index=True, help_text="When to ask (again). None: as soon as possible.")
    active_until = models.DateTimeField(null=True, help_text="The end of what the hub has granted.")
    heard_at = models.DateTimeField(null=True, help_text="When it last rang.")
    missed = models.PositiveIntegerField(default=0, help_text="Posts in a row that Postlark found before the hub rang.")
    failures = models.PositiveIntegerField(default=0, help_text="Requests in a row that brought nothing.")

    def __str__(self) -> str:
        return f"{self.url} for {self.blog_id}"


class Connection(models.Model):
    """How one channel of one blog stands, whatever its posts: its credentials, whose they are, when they end."""

    blog = models.ForeignKey(Blog, models.CASCADE, related_name="connections")
    channel = models.SlugField()
    paused_by = models.TextField(blank=True, help_text="Who paused it; empty: nobody.")
    broken = models.TextField(blank=True, help_text="The sentence that says what must be mended; empty: nothing.")
    cooldown_until = models.DateTimeField(null=True)
    cooldown = models.TextField(blank=True, help_text="The sentence that says why it waits.")
    called_at = models.DateTimeField(null=True, help_text="When something was last asked of the network that may have posted.")
    spent_in = models.CharField(max_length=7, blank=True, help_text="The month, as 2026-11, that `spent` belongs to.")
    spent = models.PositiveIntegerField(default=0, help_text="Spent or reserved in that month, in thousandths of a US dollar.")

    credentials = models.TextField(blank=True, help_text="Encrypted under POSTLARK_KEYS; empty: not connected.")
    connected_at = models.DateTimeField(null=True)
    connected_by = models.TextField(blank=True)
    place_id = models.TextField(blank=True, help_text="The page, board or organisation that was picked; the blog's file goes before it.")
    place_name = models.TextField(blank=True)

    account_id = models.TextField(blank=True, help_text="As the network told it when it was last asked, like the five below.")
    account = models.TextField(blank=True)
    scopes = models.JSONField(default=list)
    notes = models.JSONField(default=list, help_text="What staff should know, one sentence each.")
    expires_at = models.DateTimeField(null=True, help_text="When a person must connect again. None: no end is known.")
    last_checked_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True, db_index=True)
    check_failure = models.TextField(blank=True, help_text="Why the latest reading brought nothing; empty: it went well.")
    refusals = models.PositiveIntegerField(default=0, help_text="Readings in a row that the network refused.")
    days_warned = models.PositiveSmallIntegerField(null=True, help_text="The latest warning said so many days before the end.")

    renewing_until = models.DateTimeField(null=True, help_text="The lease of whoever is renewing the credentials.")
    renewing_by = models.CharField(max_length=32, blank=True)
    renewals_begun = models.PositiveIntegerField(default=0, help_text="Since the last one that came to an end.")
    renewed_at = models.DateTimeField(null=True)

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
