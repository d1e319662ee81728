"""The numbers of a digest: what an edition of a blog's newsletter brings for one week or month."""

from django.db import models

from worker.models.blogs import Blog
from worker.models.posts import Post


class Issue(models.Model):
    """One period of one digest edition. The posts of an instant newsletter need none: each is its own."""

    blog = models.ForeignKey(Blog, models.CASCADE, related_name="issues")
    edition = models.CharField(max_length=20, help_text="weekly or monthly")
    day = models.DateField(
        help_text="The day on which it goes out, where the blog is: one issue a day and edition, however often the clock rings."
    )
    since = models.DateTimeField(help_text="From when on posts belong to it.")
    due_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["blog", "edition", "day"], name="one_issue_per_period")]

    def __str__(self) -> str:
        return _NAMES.get(self.edition, _NAMELESS).format(day=f"{self.day:%-d %B %Y}")


_NAMES = {"weekly": "Weekly newsletter of {day}", "monthly": "Monthly newsletter of {day}"}
_NAMELESS = "Newsletter of {day}"


class Part(models.Model):
    """One post's place in an issue. It stays when the post is left out after all, and says why."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="parts")
    edition = models.CharField(max_length=20, help_text="The issue's, for the constraint.")
    post = models.ForeignKey(Post, models.CASCADE, related_name="parts")
    left_out = models.TextField(blank=True, help_text="Why it is not in the issue; empty: it is.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "edition"], name="in_one_issue_per_edition")]

    def __str__(self) -> str:
        return f"{self.post_id} in {self.issue_id}"
