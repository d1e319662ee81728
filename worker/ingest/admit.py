"""What becomes of the posts that a look has found new: announced, held, or old."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from worker.models import Post

Origin = Post.Origin


@dataclass(frozen=True)
class Fresh:
    """An entry that is no post yet. `place`: where it stands in the document, the topmost is 0."""

    place: int
    published: datetime | None
    unsure: bool


def first_look(fresh: Sequence[Fresh], backlog: int, now: datetime) -> dict[int, Origin]:
    """Place -> origin. The newest `backlog` are announced; all others were there before us."""
    newest = [each.place for each in reversed(by_age(fresh, now))][:backlog]
    return {each.place: Origin.NEW if each.place in newest else Origin.BASELINE for each in fresh}


def later_look(fresh: Sequence[Fresh], burst: int, oldest: datetime | None, *, left: int, replaced: bool) -> dict[int, Origin]:
    """Place -> origin. `oldest`: the date of the oldest post of the last look; `left`: so many of its posts are no longer there.

    What is older still has only slid into sight: for each that left, one, or many because the feed lists more now. Else somebody
    has dated it back, and may mean it as news. `replaced`: too much of the feed is new at once to trust any of it.
    """
    old = {each.place for each in fresh if oldest and each.published and each.published < oldest}
    slid = len(old) <= left or len(old) > burst
    new = [each.place for each in fresh if each.place not in old and not each.unsure]
    many = replaced or len(new) > burst
    origins = {each.place: Origin.UNSURE for each in fresh if each.unsure}
    origins |= dict.fromkeys(new, Origin.BURST if many else Origin.NEW)
    return origins | dict.fromkeys(old, Origin.BASELINE if slid else Origin.OLDER)


def look_after_restore(fresh: Sequence[Fresh]) -> dict[int, Origin]:
    """Place -> origin. The copy that was lost may have announced them: a person looks first."""
    return {each.place: Origin.UNSURE if each.unsure else Origin.RESTORED for each in fresh}


def by_age(fresh: Sequence[Fresh], now: datetime) -> list[Fresh]:
    """Oldest first. Where dates say nothing, the topmost is the newest."""
    return sorted(fresh, key=lambda each: (each.published or now, -each.place))
