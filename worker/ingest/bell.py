"""A blog's own bell: its web site rings when something was published, and Postlark looks at once.

The address holds nothing but the blog, signed; it stays the same as long as SECRET_KEY does.
"""

from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import F, Q
from django.urls import reverse

from worker.ingest.turn import blog_row
from worker.lib.blogs import blog_file
from worker.lib.clock import Now
from worker.models import Blog

PAUSE = timedelta(seconds=5)
_signer = Signer(salt="postlark.publish", sep=".")


def address(slug: str) -> str:
    """Where the blog's web site rings."""
    return f"{settings.PUBLIC_URL}{reverse('publish', args=[_signer.sign(slug)])}"


def whose(token: str) -> str | None:
    """The slug of the blog whose bell this is; None for a token that is not ours or a blog that has no file any more."""
    try:
        slug = _signer.unsign(token)
    except BadSignature:
        return None
    return slug if blog_file(slug) else None


def rung(slug: str) -> bool:
    """Make a look due. True: call a worker now. False: one was called less than PAUSE ago, and the look comes when that is over."""
    blog_row(slug)
    rested = Q(rung_at=None) | Q(rung_at__lte=Now() - PAUSE)
    if Blog.objects.filter(rested, slug=slug).update(rung_at=Now(), next_look_at=Now()):
        return True
    Blog.objects.filter(slug=slug, next_look_at__gt=F("rung_at") + PAUSE).update(next_look_at=F("rung_at") + PAUSE)
    return False
