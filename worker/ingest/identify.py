"""Which entry is which post: entries are matched one to one with the posts we have, by every name those have had.

| case                                                        | verdict |
|-------------------------------------------------------------|---------|
| guid equal, and path, title or date equal                   | same    |
| guid equal, all three differ                                | new     |
| guid differs; host and path equal                           | same    |
| guid differs; host differs; path equal, title or date equal | same    |
| guid and path differ; title and date equal                  | same    |
| title equal and texts alike, or two candidates              | unsure  |
| nothing equal                                               | new     |

Where several posts fit an entry, the one that agrees in everything the others do, and in more, is the one.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from worker.ingest.entry import Entry
from worker.ingest.names import UNDATED, Names, names, path, same_words

MOST_ALIKE = 20
WORDS_COMPARED = 1000
Runs = frozenset[tuple[str, ...]]


@dataclass
class Known:
    """A post we have, by every name it has had. `text` is asked for its words only where that may decide."""

    id: int
    guids: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    titles_and_dates: set[str] = field(default_factory=set)
    text: Callable[[], str] = str

    @cached_property
    def runs(self) -> Runs:
        return runs(self.text())

    @cached_property
    def paths(self) -> set[str]:
        return {path(link) for link in self.links} - {""}

    @cached_property
    def dates(self) -> set[str]:
        return {each.partition(" ")[0] for each in self.titles_and_dates} - {UNDATED}

    @cached_property
    def titles(self) -> set[str]:
        return {each.partition(" ")[2] for each in self.titles_and_dates}


class Kind(Enum):
    SAME = "same"
    NEW = "new"
    UNSURE = "unsure"
    REPEAT = "repeat"
    """The document states it twice, in the same words or as a person has said, and the other one counts."""


@dataclass(frozen=True)
class Verdict:
    """`post`: the post it is, or may be; None for a new one, and for an unsure one that is like another new entry."""

    kind: Kind
    names: Names
    post: int | None = None


def identify(entries: Sequence[Entry], known: Iterable[Known]) -> list[Verdict]:
    """One verdict for each entry, in their order; the order itself does not matter to the verdicts."""
    posts = {each.id: each for each in known}
    every = names(entries)
    first = {each: index for index, each in reversed(list(enumerate(every)))}
    distinct = {index: each for each, index in first.items()}
    same, torn = _match(distinct, posts)
    repeats = {index for index in distinct if index not in same and any(_is_whole(every[index], post) for post in posts.values())}
    left = {index: entries[index] for index in distinct if index not in same and index not in torn and index not in repeats}
    alike = _alike(left, posts)
    verdicts = {
        index: Verdict(Kind.NEW if index in distinct and index not in repeats else Kind.REPEAT, each) for index, each in enumerate(every)
    }
    verdicts |= {index: Verdict(Kind.UNSURE, every[index], post) for index, post in (torn | alike).items() if index not in repeats}
    verdicts |= {index: Verdict(Kind.SAME, every[index], post) for index, post in same.items()}
    return [verdicts[index] for index in range(len(entries))]


def replaced(listed: Collection[int], found: Collection[int], new: int) -> bool:
    """Half or more of the last look's posts are not found again, and new ones stand in their place."""
    missing = len(set(listed) - set(found))
    return new > 0 and missing > 0 and missing * 2 >= len(set(listed))


def texts_alike(one: Runs, other: Runs) -> bool:
    """Four fifths of the shorter text's three-word runs stand in the longer one: an excerpt is like its post."""
    return len(one & other) >= 0.8 * min(len(one), len(other))


Pair = tuple[int, int]
"""The place of an entry in its document, and the id of a post."""
Equal = tuple[bool, bool, bool, bool, bool, bool]
"""Whether guid, host and path, path, title, date are equal, and title and date those of one and the same time."""


def _match(entries: Mapping[int, Names], posts: Mapping[int, Known]) -> tuple[dict[int, int], dict[int, int | None]]:
    """(entry -> its post, entry -> one of several posts it may be).

    In rounds: a pair that is the best for its entry and for its post is matched, and both leave the field.
    """
    pairs = _pairs(entries, posts)
    same: dict[int, int] = {}
    while best := _best(pairs, entries):
        same |= dict(best)
        taken = set(same.values())
        pairs = {pair: equal for pair, equal in pairs.items() if pair[0] not in same and pair[1] not in taken}
    ranked = sorted(pairs, key=lambda pair: (sum(pairs[pair]), -pair[1]))
    return same, dict(ranked)


def _pairs(entries: Mapping[int, Names], posts: Mapping[int, Known]) -> dict[Pair, Equal]:
    """Every entry and post that the table calls the same, with what is equal."""
    by_name: dict[str, set[int]] = defaultdict(set)
    for known in posts.values():
        for name in known.guids | known.paths | known.titles_and_dates:
            by_name[name].add(known.id)
    pairs = {}
    for index, entry in entries.items():
        nothing: set[int] = set()
        for post in nothing.union(*(by_name.get(name, nothing) for name in (entry.guid, path(entry.link), entry.title_and_date))):
            equal = _equal(entry, posts[post])
            if _same(equal):
                pairs[index, post] = equal
    return pairs


def _equal(entry: Names, known: Known) -> Equal:
    return (
        entry.guid in known.guids,
        entry.link in known.links,
        path(entry.link) in known.paths,
        entry.title in known.titles,
        entry.date in known.dates,
        entry.title_and_date in known.titles_and_dates,
    )


def _same(equal: Equal) -> bool:
    guid, link, path, title, date, title_with_date = equal
    if guid:
        return path or title or date
    return link or (path and (title or date)) or (date and title_with_date)


def _best(pairs: Mapping[Pair, Equal], entries: Mapping[int, Names]) -> list[Pair]:
    of_entry: dict[int, list[Pair]] = defaultdict(list)
    of_post: dict[int, list[Pair]] = defaultdict(list)
    for pair in pairs:
        of_entry[pair[0]].append(pair)
        of_post[pair[1]].append(pair)

    def beats(pair: Pair, other: Pair) -> bool:
        if pair == other or _more(pairs[pair], pairs[other]):
            return True
        if _more(pairs[other], pairs[pair]) or any(pairs[each] != _whole(entries[each[0]]) for each in (pair, other)):
            return False
        # Both equal in everything they state. One post recorded twice: the older record will do. One post that stands
        # there twice, as a person has said: always the same one of the two.
        return pair[1] < other[1] if pair[0] == other[0] else entries[pair[0]].sorted_by < entries[other[0]].sorted_by

    return [pair for pair in pairs if all(beats(pair, other) for other in of_entry[pair[0]] + of_post[pair[1]])]


def _more(one: Equal, other: Equal) -> bool:
    return one != other and all(a or not b for a, b in zip(one, other, strict=True))


def _whole(entry: Names) -> Equal:
    return (True, bool(entry.link), bool(entry.link), True, entry.date != UNDATED, True)


def _is_whole(entry: Names, known: Known) -> bool:
    return entry.guid in known.guids and _equal(entry, known) == _whole(entry)


def _alike(entries: Mapping[int, Entry], posts: Mapping[int, Known]) -> dict[int, int | None]:
    """The entries with the title and the text of a post we have, or of each other. Of more than so many with one title, no more are read."""
    known: dict[str, list[Known]] = defaultdict(list)
    new: dict[str, list[int]] = defaultdict(list)
    for post in sorted(posts.values(), key=lambda each: -each.id):
        for title in post.titles:
            known[title].append(post)
    for index, entry in entries.items():
        new[same_words(entry.title)].append(index)
    alike: dict[int, int | None] = {}
    for title, indexes in new.items():
        if known[title] or len(indexes) > 1:
            alike |= _alike_of_one_title({index: runs(entries[index].text) for index in indexes[:MOST_ALIKE]}, known[title][:MOST_ALIKE])
    return alike


def _alike_of_one_title(new: Mapping[int, Runs], known: Sequence[Known]) -> dict[int, int | None]:
    alike: dict[int, int | None] = {}
    for index, text in new.items():
        like = [post.id for post in known if texts_alike(text, post.runs)]
        if like or any(texts_alike(text, other) for place, other in new.items() if place != index):
            alike[index] = max(like, default=None)
    return alike


def runs(text: str) -> Runs:
    words = re.findall(r"\w+", text.casefold())[:WORDS_COMPARED]
    return frozenset(tuple(words[i : i + 3]) for i in range(max(len(words) - 2, 1)))
