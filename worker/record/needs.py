"""Which deliveries wait for a person."""

from django.db.models import Exists, OuterRef, Q

from worker.models import Delivery, Post

_same = Q(post=OuterRef("post")) | Q(issue=OuterRef("issue"))
_newer = Delivery.objects.filter(_same, channel=OuterRef("channel"), pk__gt=OuterRef("pk")).exclude(occasion=Delivery.Occasion.TEST)
NEEDS_YOU = Q(waits_for=Delivery.WaitsFor.PERSON) & ~(Q(state=Delivery.State.FAILED) & Q(Exists(_newer)))
"""Waits for a person; a failure that was sent once more waits for nobody."""
_held = Q(state=Delivery.State.HELD)
HELD_TOGETHER = {
    "held-burst": _held & Q(post__origin=Post.Origin.BURST, held_for=Delivery.HeldFor.NONE),
    "held-late": _held & Q(held_for=Delivery.HeldFor.LATE),
    "held-page": _held & Q(held_for=Delivery.HeldFor.PAGE),
}
"""What comes in numbers, and is looked at and let go in one."""
