"""Rows only. What may happen to them is decided in the stages."""

from worker.models.alerts import Alert
from worker.models.blogs import Blog, Connection, Hub, Relay
from worker.models.confirmations import Confirmation
from worker.models.deliveries import Attempt, Delivery, Event, Rendition
from worker.models.issues import Issue, Part
from worker.models.mailboxes import Mailbox
from worker.models.posts import Alias, Post
from worker.models.readers import Batch, Consent, ImportDraft, LeftEdition, Recipient, Subscriber, Suppression
from worker.models.returns import Return
from worker.models.seals import Seal
from worker.models.staff import Staff
from worker.models.wording import Wording

__all__ = [
    "Alert",
    "Alias",
    "Attempt",
    "Batch",
    "Blog",
    "Confirmation",
    "Connection",
    "Consent",
    "Delivery",
    "Event",
    "Hub",
    "ImportDraft",
    "Issue",
    "LeftEdition",
    "Mailbox",
    "Part",
    "Post",
    "Recipient",
    "Relay",
    "Rendition",
    "Return",
    "Seal",
    "Staff",
    "Subscriber",
    "Suppression",
    "Wording",
]
