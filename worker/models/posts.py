"""A post and the names it has had."""

from django.db import models

from worker.models.blogs import Blog

LONG_TEXTS = ("summary", "content", "page_description", "page_content")
"""Columns that a list of many posts does without."""


class Post(models.Model):
    """An entry we accepted. Text is as the blog wrote it, made safe (nh3); nothing here is shortened for a channel."""

    class Origin(models.TextChoices):
        NEW = "new", "New"
        BASELINE = "baseline", "Already there at the first look"
        BURST = "burst", "One of many new ones at once"
        UNSURE = "unsure", "May be a post we know"
        RESTORED = "restored", "Found at the first look after a backup was restored"
        OLDER = "older", "Dated older than everything else in the feed"
        SAME = "same", "A post we know, a person says"

    blog = models.ForeignKey(Blog, models.CASCADE, related_name="posts")
    guid = models.TextField()
    url = models.TextField()
    title = models.TextField()
    summary = models.TextField(blank=True, help_text="HTML, made safe.")
    content = models.TextField(blank=True, help_text="HTML, made safe.")
    author = models.TextField(blank=True)
    categories = models.JSONField(default=list)
    image = models.TextField(blank=True)
    image_alt = models.TextField(blank=True)
    published_at = models.DateTimeField(help_text="As the feed says; the first sight of it where the feed says nothing usable.")
    seen_at = models.DateTimeField(help_text="When a look first found it.")
    edited_at = models.DateTimeField(null=True, help_text="When a look last found its text changed.")
    text_hash = models.CharField(max_length=64)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.NEW)
    resembles = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="+", help_text="The post it may be (unsure), or is (same)."
    )
    planned_at = models.DateTimeField(null=True, help_text="When its deliveries were written down.")
    page_looked_at = models.DateTimeField(null=True, help_text="When its page on the blog was last looked at.")
    page_misses = models.PositiveSmallIntegerField(default=0, help_text="Looks in a row that found the page gone.")
    left_feed_at = models.DateTimeField(null=True, help_text="When it was noticed to be missing from the middle of the feed.")

    withdrawn_at = models.DateTimeField(null=True, help_text="When a person withdrew it: no newsletter brings it from then on.")

    page_read_for = models.CharField(max_length=64, blank=True, help_text="The text_hash for which the post's page was read; empty: never.")
    page_trouble = models.TextField(blank=True, help_text="Why the page told us nothing.")
    page_description = models.TextField(blank=True, help_text="The page's own summary, plain words.")
    page_content = models.TextField(blank=True, help_text="The article as the page has it. HTML, made safe.")
    page_image = models.TextField(blank=True, help_text="og:image")
    page_image_alt = models.TextField(blank=True)
    page_image_width = models.PositiveIntegerField(null=True, help_text="As the page states it.")
    page_image_height = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["blog", "guid"], name="one_post_per_guid")]
        indexes = [
            models.Index(fields=["blog", "-published_at", "-id"], name="posts_of_a_blog"),
            models.Index(fields=["-published_at", "-id"], name="posts_newest_first"),
            # Read from its newest end on by the record's search. A title fits in any index: ingest/entry.py.
            models.Index(fields=["-id", "blog", "title"], name="posts_to_search"),
            models.Index(fields=["id"], condition=models.Q(planned_at=None), name="posts_to_plan"),
        ]

    def __str__(self) -> str:
        return self.title


class Alias(models.Model):
    """A name under which a post has stood in its feed."""

    class Kind(models.TextChoices):
        GUID = "guid"
        LINK = "link", "host and path"
        TITLE_AND_DATE = "title"

    blog = models.ForeignKey(Blog, models.CASCADE, related_name="+")
    post = models.ForeignKey(Post, models.CASCADE, related_name="aliases")
    kind = models.CharField(max_length=5, choices=Kind)
    value = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "kind", "value"], name="one_alias_once")]
        indexes = [models.Index(fields=["blog", "kind", "value"], name="aliases_by_value")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}"
