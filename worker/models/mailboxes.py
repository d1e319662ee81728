"""How the reading of each returns mailbox stands."""

from django.db import models


class Mailbox(models.Model):
    """One that RETURNS_URL, or RETURNS_URL_NAME, names."""

    name = models.SlugField(unique=True)
    look_at = models.DateTimeField(help_text="The next look; while one goes on, the end of its lease.")
    looked_at = models.DateTimeField(null=True, help_text="The last time that all of it was read.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Looks in a row that failed.")
    trouble = models.TextField(blank=True)
    starred = models.PositiveIntegerField(default=0, help_text="Mails in it that need a person.")
    reading = models.PositiveBigIntegerField(null=True, help_text="The mail in hand, by its UID.")
    stumbled = models.PositiveSmallIntegerField(default=0, help_text="So many readers died over that mail.")

    def __str__(self) -> str:
        return f"returns mailbox {self.name}"
