"""A newsletter on the web: as everybody may see it, without a word about the one who got it."""

from base64 import b64encode
from collections.abc import Iterable

from django.db.models import F, Q, QuerySet

from worker.channels.carrier import INLINE_PICTURE
from worker.lib.signing import read_reading_token
from worker.models import Blog, Delivery
from worker.newsletter.mail import words_of
from worker.record.deliveries import taken_back
from worker.render import sections
from worker.render.keep import kept

State = Delivery.State
_OUT = (State.SENDING, State.SENT, State.UNKNOWN, State.FAILED, State.REHEARSED)
"""Or on its way: a copy of it may lie in a mailbox, whose link shall lead somewhere."""


def named_by(token: str) -> Delivery | None:
    """The newsletter whose copies hold this token. None: there is none, or it never went out."""
    pk = read_reading_token(token)
    mails = Delivery.objects.filter(channel="email", rendition__isnull=False).select_related("blog", "post", "issue", "rendition")
    begun = Q(state__in=_OUT) | Q(attempts__isnull=False)
    return mails.filter(begun, pk=pk).first() if pk is not None else None


def browser_copy(delivery: Delivery, language: str = "") -> str | None:
    """The page, in this language where it was made in it. None: everything it brought was withdrawn."""
    gone = taken_back(delivery)
    if gone.issuperset(post.pk for post in delivery.posts()):
        return None
    names = [sections.READER, *map(sections.of_post, gone)]
    words = words_of(delivery.rendition, language)
    return _with_its_picture(sections.without(words.html, "html", names, words.sections), delivery)


def past(blog: Blog, before: int | None = None) -> QuerySet[Delivery]:
    """What has gone out to readers, newest first; what was sent once more stands there once. `before`: only what went out before this one."""
    put_right = Q(occasion=Delivery.Occasion.RESEND, post__withdrawn_at__lt=F("rendition__made_at"))
    sent = Delivery.objects.filter(Q(occasion=Delivery.Occasion.AUTOMATIC) | put_right, blog=blog, channel="email", state=State.SENT)
    last = sent.filter(pk=before).first() if before is not None else None
    if last:  # a digest's row is older than those of the posts that went out before it
        sent = sent.filter(Q(finished_at__lt=last.finished_at) | Q(finished_at=last.finished_at, pk__lt=last.pk))
    return sent.select_related("rendition").order_by("-finished_at", "-pk")


def without_withdrawn(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """A withdrawn post's newsletter is no longer shown, but the one in which it was put right; an issue is, without the post."""
    shown, rows = dict[object, Delivery](), list(deliveries)
    closed = Delivery.objects.filter(pk__in=[row.pk for row in rows], post__withdrawn_at__gte=F("rendition__made_at"))
    gone = set(closed.values_list("pk", flat=True))
    for row in rows:
        if row.pk not in gone:
            shown.setdefault(row.post_id or row, row)
    return list(shown.values())


def _with_its_picture(html: str, delivery: Delivery) -> str:
    """Inside the page: nothing is asked for, of any host."""
    picture = kept(delivery.rendition.picture)
    data = f"data:{picture.media_type};base64,{b64encode(picture.data).decode()}" if picture else ""
    return html.replace(INLINE_PICTURE, data)
