"""What holds the record together."""

from django.db import models


class Seal(models.Model):
    """Up to a thousand lines of the record, closed: their hash together with the hash of the seal before."""

    number = models.PositiveIntegerField(unique=True)
    sealed_at = models.DateTimeField()
    lines = models.PositiveIntegerField()
    hash = models.CharField(max_length=64, help_text="SHA-256, in hexadecimal.")

    def __str__(self) -> str:
        return f"seal {self.number} over {self.lines} lines"
