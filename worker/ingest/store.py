"""The entries of a good look become rows: posts, the names they have had, lines of the record. All in one transaction."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Min

from worker.ingest import admit, turn
from worker.ingest.entry import Entry, beginning
from worker.ingest.fetch import Document
from worker.ingest.identify import Kind, Known, Verdict, identify, replaced
from worker.ingest.names import Names, address, same_words
from worker.ingest.turn import Turn
from worker.lib import crash
from worker.lib.text import plain
from worker.models import Alias, Blog, Post
from worker.record.transition import note

Origin = Post.Origin


@dataclass
class Found:
    """What a look has found, by id. `listed`: every post that stands in the feed; `old`: new to us, but not to the blog."""

    listed: list[int] = field(default_factory=list)
    old: list[int] = field(default_factory=list)
    new: list[int] = field(default_factory=list)
    edited: list[int] = field(default_factory=list)

    @property
    def to_plan(self) -> list[int]:
        return self.old + self.new + self.edited

    @property
    def sentence(self) -> str:
        number = len(self.listed)
        parts = [f"{number} {'post' if number == 1 else 'posts'} in it"]
        parts += [f"{len(self.new)} new"] if self.new else []
        parts += [f"{len(self.edited)} edited"] if self.edited else []
        return f"The feed is fine: {', '.join(parts)}."


def store(mine: Turn, document: Document, entries: Sequence[Entry], now: datetime) -> Found:
    """Write down what the document holds, and end the turn. Raises turn.Overtaken, and then nothing is written."""
    known = _known(mine.blog)
    pairs = list(zip(entries, identify(entries, known.values()), strict=True))
    crash.point("look-identified")
    with transaction.atomic():
        turn.hold(mine)
        found = _accept(mine, pairs, known, now)
        _note_who_left(mine.blog.listed, found.listed, now)
        turn.end_well(
            mine,
            found.sentence,
            document.reply,
            document,
            new=bool(found.new),
            baseline_at=mine.blog.baseline_at or now,
            listed=found.listed or mine.blog.listed,
        )
        crash.point("look-written")
    crash.point("look-committed")
    return found


def take_over(post: Post, known: Post, now: datetime) -> None:
    """`post` is `known`, a person says: every name it has had goes over, and what the feed says of it. Within a transaction."""
    for alias in post.aliases.all():
        if Alias.objects.filter(post=known, kind=alias.kind, value=alias.value).exists():
            alias.delete()
        else:
            Alias.objects.filter(pk=alias.pk).update(post=known)
    parts = ("guid", "url", "title", "summary", "content", "author", "image", "image_alt")
    said = Entry(**{name: getattr(post, name) for name in parts}, categories=tuple(post.categories))
    _update(known.blog, known, said, now)
    blog = Blog.objects.select_for_update().get(pk=post.blog_id)
    listed = list(dict.fromkeys(known.pk if each == post.pk else each for each in blog.listed))
    Blog.objects.filter(pk=blog.pk).update(listed=listed)


def _known(blog: Blog) -> dict[int, Known]:
    """Every post of the blog with every name it has had."""
    known: dict[int, Known] = {}
    for post, kind, value in Alias.objects.filter(blog=blog).values_list("post_id", "kind", "value"):
        each = known.get(post) or known.setdefault(post, Known(post, text=partial(_text, post)))
        {Alias.Kind.GUID: each.guids, Alias.Kind.LINK: each.links}.get(Alias.Kind(kind), each.titles_and_dates).add(value)
    return known


def _text(post: int) -> str:
    content, summary = Post.objects.values_list("content", "summary").get(pk=post)
    return beginning(content, summary)


def _accept(mine: Turn, pairs: Sequence[tuple[Entry, Verdict]], known: dict[int, Known], now: datetime) -> Found:
    found = Found()
    ids = _meet_again(mine.blog, pairs, known, found, now)
    ids |= _meet_first(mine, pairs, list(ids.values()), found, now)
    found.listed = [ids[place] for place in sorted(ids)]
    return found


def _meet_again(blog: Blog, pairs: Sequence[tuple[Entry, Verdict]], known: dict[int, Known], found: Found, now: datetime) -> dict[int, int]:
    """Place -> post, of the posts we have: their new names, and what was edited."""
    ids = {place: verdict.post for place, (_, verdict) in enumerate(pairs) if verdict.kind == Kind.SAME and verdict.post}
    posts = Post.objects.in_bulk(ids.values())
    for place, post in ids.items():
        entry, verdict = pairs[place]
        _name(posts[post], verdict.names, known[post])
        if _update(blog, posts[post], entry, now):
            found.edited.append(post)
    return ids


def _update(blog: Blog, post: Post, entry: Entry, now: datetime) -> bool:
    """Bring the row up to what the feed says; True when what goes out is another: the words, the picture, the address."""
    values = _stated(entry, post)
    happened = []
    if values["text_hash"] != post.text_hash:
        happened.append("The post was edited on the blog.")
    if address(values["url"]) != address(post.url):
        happened.append(f"The post has moved to {values['url']}.")
    before = {name: getattr(post, name) for name in ("title", "url", "text_hash")}
    if any(getattr(post, name) != value for name, value in values.items()):
        values |= {"edited_at": now, "planned_at": None} if happened else {}
        Post.objects.filter(pk=post.pk).update(**values)
    if happened:
        note(" ".join(happened), blog=blog, post=post, data={"before": before})
    return bool(happened)


def _stated(entry: Entry, post: Post | None = None) -> dict[str, Any]:
    """The row's values. A feed that no longer gives the whole text, or a text at all, takes nothing from a post that has it."""
    values: dict[str, Any] = {
        "url": entry.url,
        "title": entry.title,
        "summary": entry.summary or (post.summary if post else ""),
        "content": entry.content,
        "author": entry.author or (post.author if post else ""),
        "categories": list(entry.categories),
        "image": entry.image,
        "image_alt": entry.image_alt,
    }
    if post and post.content and not entry.content:
        values |= {"content": post.content, "image": post.image, "image_alt": post.image_alt}
    words = [values["title"], plain(values["summary"]), plain(values["content"]), values["author"], values["image"], values["image_alt"]]
    return values | {"text_hash": hashlib.sha256("\0".join(words).encode()).hexdigest()}


def _meet_first(mine: Turn, pairs: Sequence[tuple[Entry, Verdict]], again: Sequence[int], found: Found, now: datetime) -> dict[int, int]:
    """Place -> post, of the posts that are new to us, made from the oldest to the newest."""
    fresh = [
        admit.Fresh(place, entry.published, verdict.kind == Kind.UNSURE)
        for place, (entry, verdict) in enumerate(pairs)
        if verdict.kind in (Kind.NEW, Kind.UNSURE)
    ]
    half_replaced = replaced(mine.blog.listed, again, len(fresh))
    if mine.first:
        origins = admit.first_look(fresh, mine.file.backlog, now)
    elif mine.blog.restored_from:
        origins = admit.look_after_restore(fresh)
    else:
        left = len(set(mine.blog.listed) - set(again))
        origins = admit.later_look(fresh, mine.file.burst, _oldest(mine.blog.listed), left=left, replaced=half_replaced)
    guids = _Guids(mine.blog, [pairs[each.place][0].guid for each in fresh])
    posts: dict[int, Post] = {}
    for each in admit.by_age(fresh, now):
        entry, verdict = pairs[each.place]
        origin = origins[each.place]
        post = _create(mine.blog, entry, verdict, guids.free(entry.guid), origin, now)
        note(_how_found(mine, origin, half_replaced), blog=mine.blog, post=post)
        posts[each.place] = post
        (found.old if origin == Origin.BASELINE else found.new).append(post.pk)
    _show_twins_to_each_other(posts.values())
    return {place: post.pk for place, post in posts.items()}


def _create(blog: Blog, entry: Entry, verdict: Verdict, guid: str, origin: str, now: datetime) -> Post:
    post = Post.objects.create(
        blog=blog,
        guid=guid,
        published_at=entry.published or now,
        seen_at=now,
        origin=origin,
        resembles_id=verdict.post if origin == Origin.UNSURE else None,
        **_stated(entry),
    )
    _name(post, verdict.names, Known(post.pk))
    return post


def _show_twins_to_each_other(posts: Iterable[Post]) -> None:
    """New posts that are only like one another: each is the one that the other may be."""
    twins: dict[str, list[Post]] = defaultdict(list)
    for post in posts:
        if post.origin == Origin.UNSURE and post.resembles_id is None:
            twins[same_words(post.title)].append(post)
    for alike in twins.values():
        for post, other in zip(alike, alike[1:] + alike[:1], strict=True):
            Post.objects.filter(pk=post.pk).exclude(pk=other.pk).update(resembles=other)


def _how_found(mine: Turn, origin: str, half_replaced: bool) -> str:
    if origin == Origin.BASELINE:
        return "Was in the feed already at the first look." if mine.first else "Came into the feed, older than everything else in it."
    if origin == Origin.BURST:
        return (
            "Found in a feed of which half or more was new at once."
            if half_replaced
            else "Found in the feed as one of many new posts at once."
        )
    if origin == Origin.OLDER:
        return "Found in the feed, dated older than everything else in it."
    if origin == Origin.RESTORED:
        return "Found at the first look after a backup was restored."
    return "Found in the feed; it may be a post that is known already." if origin == Origin.UNSURE else "Found in the feed."


def _oldest(listed: Iterable[int]) -> datetime | None:
    oldest: datetime | None = Post.objects.filter(pk__in=list(listed)).aggregate(oldest=Min("published_at"))["oldest"]
    return oldest


def _note_who_left(before: Sequence[int], listed: Sequence[int], now: datetime) -> None:
    """A post that is missing while an older one of the last look still stands has been taken out, not pushed off the end."""
    Post.objects.filter(pk__in=listed, left_feed_at__isnull=False).update(left_feed_at=None)
    if (missing := set(before) - set(listed)) and (oldest := _oldest(set(before) & set(listed))):
        Post.objects.filter(pk__in=missing, published_at__gt=oldest, left_feed_at=None).update(left_feed_at=now)


def _name(post: Post, names: Names, known: Known) -> None:
    """Keep the names under which the post stands in the feed now, next to those it had."""
    values = [
        (Alias.Kind.GUID, names.guid, known.guids),
        (Alias.Kind.LINK, names.link, known.links),
        (Alias.Kind.TITLE_AND_DATE, names.title_and_date, known.titles_and_dates),
    ]
    Alias.objects.bulk_create(
        [Alias(blog_id=post.blog_id, post=post, kind=kind, value=value) for kind, value, had in values if value and value not in had]
    )


class _Guids:
    """Gives each new post a guid of its own, also where the feed uses one twice. Posts are recognised by their aliases."""

    def __init__(self, blog: Blog, wanted: Iterable[str]) -> None:
        self._taken = set(Post.objects.filter(blog=blog, guid__in=wanted).values_list("guid", flat=True))
        self._blog = blog

    def free(self, guid: str) -> str:
        own, number = guid, 1
        while own in self._taken or (number > 1 and Post.objects.filter(blog=self._blog, guid=own).exists()):
            number += 1
            own = f"{guid}#{number}"
        self._taken.add(own)
        return own
