"""What staff are told outside the console."""

from django.db import models
from django.db.models import Q

from worker.models.blogs import Blog


class Alert(models.Model):
    """One thing that needed a person: told once, and once more when it is over by itself."""

    blog = models.ForeignKey(Blog, models.CASCADE, related_name="alerts")
    key = models.TextField(help_text="What it is about, so that the same is not told twice: feed, connection:facebook, delivery:12:held.")
    about = models.TextField()
    sentence = models.TextField()
    page = models.TextField(help_text="Where in the console it is mended.")
    delivery = models.ForeignKey("Delivery", models.CASCADE, null=True, related_name="+")
    recovers = models.BooleanField(help_text="Its end is told, too.")
    noticed_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)
    end_told_at = models.DateTimeField(null=True)
    try_at = models.DateTimeField(null=True, help_text="When to tell; None: there is nothing to tell any more.")
    tries = models.PositiveSmallIntegerField(default=0)
    trouble = models.TextField(blank=True, help_text="Why nobody could be told.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["blog", "key"], condition=Q(over_at=None), name="one_alert_at_a_time")]
        indexes = [models.Index(fields=["try_at"], condition=Q(try_at__isnull=False), name="alerts_to_tell")]

    def __str__(self) -> str:
        return f"{self.key} of {self.blog_id}"
