"""The words by which people were asked for their consent."""

from django.db import models

from worker.models.blogs import Blog


class Wording(models.Model):
    """One version of what the sign-up page said. Never changed: whoever agreed to it agreed to exactly this."""

    blog = models.ForeignKey(Blog, models.CASCADE, related_name="wordings")
    number = models.PositiveIntegerField()
    language = models.CharField(max_length=5)
    text = models.TextField()
    digest = models.CharField(max_length=64)
    first_used_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["blog", "number"], name="wordings_are_numbered"),
            models.UniqueConstraint(fields=["blog", "digest"], name="one_wording_once"),
        ]

    def __str__(self) -> str:
        return f"wording {self.number} of {self.blog_id}"
