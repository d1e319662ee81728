"""How a blog's feed is, in words: when it is stale or silent, and that staff are told of it once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.lib import clock
from worker.lib.blogs import BlogFile, blogs
from worker.lib.clock import spoken
from worker.models import Blog
from worker.record.transition import note

SILENT = timedelta(hours=6)
OLD = timedelta(days=1)
CLEARLY_OLDER = timedelta(hours=1)
BELIEVED = timedelta(days=2)
STALE_FOR_A_WHILE = timedelta(hours=1)
MISSING_FOR_GOOD = timedelta(days=14)
"""A feed that is not there for so long is treated like one that is said to be gone."""

State = Blog.State
WRONG = (State.BEHIND, State.TROUBLE, State.GONE)


@dataclass(frozen=True)
class Health:
    """How a blog is: a state, a sentence, and one that says what happens next."""

    state: str
    sentence: str
    then: str

    @property
    def wrong(self) -> bool:
        return self.state in WRONG


def health(blog: Blog, file: BlogFile, now: datetime) -> Health:
    state, sentence = blog.state, blog.sentence
    if silence := silent(blog, file.poll, now):
        state = State.TROUBLE if state not in (State.TROUBLE, State.GONE) else state
        sentence = silence
    return Health(state, sentence, _then(blog, file, now))


def silent(blog: Blog, poll: timedelta, now: datetime) -> str:
    """The sentence that says for how long there was no good look; empty while that is no wonder."""
    if blog.last_good_at is None or now - blog.last_good_at < max(SILENT, 2 * poll):
        return ""
    hours = int((now - blog.last_good_at) / timedelta(hours=1))
    how_long = f"{hours} hours" if hours < 48 else f"{hours // 24} days"
    if blog.state in (State.TROUBLE, State.GONE):
        return f"There was no good look for {how_long}. {blog.sentence}"
    return f"There was no good look for {how_long}, and none that failed either: look whether Postlark's worker and clock run."


def _then(blog: Blog, file: BlogFile, now: datetime) -> str:
    if blog.next_look_at is None or blog.next_look_at <= now:
        return "Postlark looks now."
    return f"Postlark looks again at {spoken(blog.next_look_at, file.timezone, now)}."


def stale(age: timedelta, dated: datetime | None, newest: datetime | None) -> str:
    """The sentence for a copy that a cache has kept for too long: older than a day, or older than what was read before."""
    advice = "Ask whoever runs the site to clear its cache; until then new posts may be noticed late."
    if age >= OLD:
        return f"The web site hands out a copy of its feed that is {age.days} {'day' if age.days == 1 else 'days'} old. {advice}"
    if dated and newest and newest - dated >= CLEARLY_OLDER:
        return f"The web site hands out an older copy of its feed than it did before. {advice}"
    return ""


def newest_date(dated: datetime | None, before: datetime | None, now: datetime) -> datetime | None:
    """What the next document is compared with. A date that was wrong is not held against the feed for longer than two days."""
    if dated is None or dated > now + CLEARLY_OLDER:
        return before
    return dated if before is None or before < now - BELIEVED else max(dated, before)


def patience_with(stale_copy: str) -> timedelta:
    """A cache may come right by itself; a post that is missing has been looked for with patience already."""
    return STALE_FOR_A_WHILE if stale_copy else timedelta(0)


def tell(blog: Blog, told: str) -> None:
    """Staff are told once of what is wrong, and once that it is over. `blog`: as it stood before; `told`: what it says now.

    `Blog.told` is what the console puts before them; the line in the record, marked with `alert`, is what an alert is made of.
    """
    if told and not blog.told:
        note(f"Staff are told: {told}", blog=blog, data={"alert": "feed", "sentence": told})
    if blog.told and not told:
        note("Staff are told: the blog is fine again.", blog=blog, data={"alert": "feed-fine", "sentence": blog.sentence})


def notice_silence() -> None:
    """Tell of every blog that had no good look for hours and of which nothing has been told."""
    now = clock.now()
    for blog in Blog.objects.filter(slug__in=list(blogs()), told="", paused_by="", last_good_at__lte=now - SILENT):
        sentence = silent(blog, blogs()[blog.slug].poll, now)
        if sentence and Blog.objects.filter(pk=blog.pk, told="").update(told=sentence):
            tell(blog, sentence)
