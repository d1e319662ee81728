"""Everything about one post for whoever must judge it later: a zip that a person can read and a program can check.

Readers stand in it as numbers, never as addresses: `postlark subscribers show` tells who a number is, as long as the person is on the list.
"""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile

from django.db.models import Q, QuerySet

from worker.lib.blogs import blog_file
from worker.lib.clock import iso
from worker.lib.sheet import harmless
from worker.management.archive import draft_of
from worker.management.shapes import delivery_story, posts_json
from worker.models import Consent, Delivery, Event, Post, Recipient
from worker.newsletter import mail
from worker.record import seal
from worker.render.keep import kept

READ_ME = """\
What became of "{title}" ({url})
put together by Postlark on {at:%Y-%m-%d at %H:%M} UTC

post.json                    the post as the blog has it
deliveries/ID/story.json     one folder for each delivery: how it stands, its timeline, each attempt with the network's own words,
                             who asked for it and why, the post's id and address on the network
deliveries/ID/text.txt       the words that went out, with the disclaimer
deliveries/ID/picture.*      the picture that went out
deliveries/ID/mail.eml       the newsletter as a mail program shows it, without any reader's own links
deliveries/ID/readers.csv    every reader by number: what became of their copy, and on which consent it rested
deliveries/ID/readers.json   the same, counted
record.json                  every line of the record about the post, with the seal that closes it
seals.json                   these seals, and whether the whole chain held when this was put together
SHA256SUMS                   the check: sha256sum -c SHA256SUMS

The record: {verdict}
"""


class Reader(NamedTuple):
    """A line of readers.csv. The consent is the newest that was on record when the copy got its state."""

    reader: int
    state: str
    reason: str
    at: datetime | None
    basis: str
    obtained_on: str
    ends_on: str
    wording: str
    recorded_at: datetime | None


def write(post: Post, target: Path) -> int:
    """The number of files in it. The file is there whole, or not at all. OSError."""
    sums: list[str] = []
    with draft_of(target) as draft, ZipFile(draft, "w", ZIP_DEFLATED) as file:
        for name, data in _files(post):
            file.writestr(name, data)
            sums.append(f"{hashlib.sha256(data).hexdigest()}  {name}")
        file.writestr("SHA256SUMS", "\n".join(sums) + "\n")
    return len(sums) + 1


def _files(post: Post) -> Iterator[tuple[str, bytes]]:
    verdict = seal.verify()
    holds = " ".join(verdict.broken) or f"its chain of {verdict.seals} seals held; the last one is {verdict.head or 'still to come'}."
    yield "README.txt", READ_ME.format(title=post.title, url=post.url, at=datetime.now(UTC), verdict=holds).encode()
    yield "post.json", _json(posts_json([post])[0] | _as_written(post))
    brings_it = Q(post=post) | Q(issue__parts__post=post, issue__parts__left_out="")
    deliveries = Delivery.objects.filter(brings_it).distinct().select_related("blog", "post", "issue", "rendition").order_by("pk")
    for delivery in deliveries:
        for name, data in _of_delivery(delivery):
            yield f"deliveries/{delivery.pk}/{name}", data
    events = list(_events(post, deliveries))
    yield "record.json", _json([_line(event) for event in events])
    closing = {event.seal for event in events if event.seal}
    seals = [
        {"number": each.number, "sealed_at": each.sealed_at, "lines": each.lines, "hash": each.hash}
        for each in sorted(closing, key=lambda each: each.number)
    ]
    yield "seals.json", _json({"holds": not verdict.broken, "broken": list(verdict.broken), "head": verdict.head, "seals": seals})


def _as_written(post: Post) -> dict[str, Any]:
    return {
        "author": post.author,
        "summary": post.summary,
        "content": post.content,
        "seen_at": post.seen_at,
        "edited_at": post.edited_at,
        "text_hash": post.text_hash,
    }


def _of_delivery(delivery: Delivery) -> Iterator[tuple[str, bytes]]:
    yield "story.json", _json(delivery_story(delivery))
    rendition = getattr(delivery, "rendition", None)
    if rendition is None:
        return
    yield "text.txt", rendition.text.encode()
    if picture := kept(rendition.picture) if rendition.picture else None:
        yield f"picture{Path(rendition.picture).suffix}", picture.data
    file = blog_file(delivery.blog.slug)
    if delivery.channel == "email" and file and file.sender:
        yield "mail.eml", mail.sample(delivery, file).as_bytes()
        for language in rendition.translations:
            yield f"mail.{language}.eml", mail.sample(delivery, file, language).as_bytes()
    if delivery.batches.exists():
        readers = list(_readers(delivery))
        yield "readers.csv", _csv(readers)
        yield (
            "readers.json",
            _json({"by_state": Counter(each.state for each in readers), "by_consent": Counter(each.basis for each in readers)}),
        )


def _readers(delivery: Delivery) -> Iterator[Reader]:
    places = delivery.recipients.select_related("subscriber").prefetch_related("subscriber__consents__wording").order_by("subscriber_id")
    for place in places.iterator(chunk_size=1000):
        consent = _rested_on(place)
        yield Reader(
            place.subscriber_id,
            place.state,
            place.reason,
            place.at,
            consent.basis if consent else "",
            str(consent.obtained_on) if consent else "",
            str(consent.ends_on or "") if consent else "",
            str(consent.wording.number) if consent and consent.wording else "",
            consent.recorded_at if consent else None,
        )


def _rested_on(place: Recipient) -> Consent | None:
    known = [consent for consent in place.subscriber.consents.all() if place.at is None or consent.recorded_at <= place.at]
    return max(known, key=lambda consent: consent.recorded_at, default=None)


def _events(post: Post, deliveries: QuerySet[Delivery]) -> Iterator[Event]:
    about = Q(post=post) | Q(delivery__in=deliveries.values("pk"))
    yield from Event.objects.filter(about).select_related("seal").order_by("pk").iterator()


def _line(event: Event) -> dict[str, Any]:
    return {
        "id": event.pk,
        "at": event.at,
        "who": event.who,
        "what": event.what,
        "delivery": event.delivery_id,
        "reader": event.subscriber_id,
        "data": event.data,
        "seal": event.seal.number if event.seal else None,
    }


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2, default=iso).encode()


def _csv(readers: list[Reader]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(Reader._fields)
    writer.writerows([iso(value) if isinstance(value, datetime) else harmless(value) for value in each] for each in readers)
    return text.getvalue().encode()
