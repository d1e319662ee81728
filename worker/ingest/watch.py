"""One look at one blog, from the claim to the rows."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from worker.ingest import turn
from worker.ingest.fetch import Trouble, fetch
from worker.ingest.read import read
from worker.ingest.store import Found, store
from worker.ingest.turn import Overtaken, Turn
from worker.lib import crash
from worker.lib.blogs import blog_file, blogs
from worker.models import Blog

NOTHING_NEW = "The feed is fine; nothing new since the last look."
OUR_MISTAKE = Trouble("Something in Postlark itself went wrong with this feed; the log says what.")


@dataclass(frozen=True)
class Looked:
    """What a look came to. `posts`: ids of posts to plan, because they are new or were edited. `good`: the feed could be read."""

    sentence: str
    posts: list[int]
    good: bool = True


def look(slug: str) -> Looked:
    """Look at the blog now, whenever its next look is due. Its rows are written before this returns."""
    file = blog_file(slug)
    if file is None:
        return Looked(f"There is no file for the blog {slug!r} any more.", [], good=False)
    mine = turn.take(file)
    if mine is None:
        return Looked("A look at this blog is under way already.", [])
    try:
        found = _read(mine, timezone.now())
    except Trouble as trouble:
        return _end_badly(mine, trouble)
    except Overtaken:
        return Looked("This look took too long, and another has taken its place; it changed nothing.", [])
    except Exception:
        _end_badly(mine, OUR_MISTAKE)
        raise
    return Looked(found.sentence, found.to_plan) if found else Looked(NOTHING_NEW, [])


def due() -> list[str]:
    """Blogs whose next look has come, and which nobody is looking at."""
    now = timezone.now()
    waiting = Q(next_look_at__gt=now) | Q(look_until__gt=now)
    later = set(Blog.objects.filter(waiting, slug__in=list(blogs())).values_list("slug", flat=True))
    return [slug for slug in blogs() if slug not in later]


def _read(mine: Turn, now: datetime) -> Found | None:
    document = fetch(mine.file.feed, mine.validators, private=mine.file.allow_private_addresses, now=now)
    crash.point("look-fetched")
    if document is not None:
        return store(mine, document, read(document, now), now)
    with transaction.atomic():
        turn.end_well(mine, NOTHING_NEW)
    return None


def _end_badly(mine: Turn, trouble: Trouble) -> Looked:
    try:
        with transaction.atomic():
            turn.end_badly(mine, trouble)
    except Overtaken:
        pass
    return Looked(trouble.sentence, [], good=False)
