"""The people who sign in."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from worker.models.blogs import Blog


class StaffManager(BaseUserManager["Staff"]):
    def get_by_natural_key(self, username: str | None) -> "Staff":
        return self.get(email__iexact=username)


class Staff(AbstractBaseUser):
    """A person of the practice or agency. No blogs named: all of them."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        OFFICE = "office", "Office"
        READER = "reader", "Reader"

    email = models.EmailField(unique=True)
    role = models.CharField(max_length=6, choices=Role)
    blogs: "models.ManyToManyField[Blog, models.Model]" = models.ManyToManyField(Blog, blank=True)
    language = models.CharField(max_length=2, blank=True, help_text="In which the console speaks to them; empty: their browser's.")
    is_active = models.BooleanField(default=True)
    sign_in_key = models.CharField(max_length=43, blank=True, help_text="What the one link that still works was signed with.")
    totp_secret = models.TextField(blank=True, help_text="Of the second step at sign-in, encrypted; empty: there is none.")
    totp_used = models.PositiveBigIntegerField(null=True, help_text="The half minute whose code was used last: each works once.")
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["role"]
    objects: ClassVar[StaffManager] = StaffManager()

    def __str__(self) -> str:
        return self.email
