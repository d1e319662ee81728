"""Implied consent ends by the calendar. Staff hear of it a month ahead, and may ask those readers while the law still lets them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from worker.lib import clock
from worker.lib.blogs import BlogFile, blogs
from worker.lib.signing import address_hash
from worker.models import Blog, Confirmation, Consent, Subscriber, Suppression, Wording
from worker.newsletter import wording
from worker.newsletter.consent import months_later, today
from worker.newsletter.sign_up import VALID_FOR, Kind, mailbox, only_one
from worker.record.transition import note
from worker.render.words import spoken_day


def lapsing(rows: QuerySet[Subscriber], day: date) -> QuerySet[Any]:
    """On the list, and their consent ends within a month. `last`: the last day on which we may write."""
    return _within_a_month(rows, day).annotate(last=Max("consents__ends_on"))


def lapsing_of(blogs: Iterable[Blog], now: datetime) -> dict[int, int]:
    """By blog, how many that is; no blog of which it is nobody. One question for all whose day it is."""
    by_day = defaultdict[date, list[int]](list)
    for blog in blogs:
        by_day[today(blog, now)].append(blog.pk)
    found: dict[int, int] = {}
    for day, keys in by_day.items():
        rows = _within_a_month(Subscriber.objects.filter(blog__in=keys), day)
        found |= dict(rows.values_list("blog").annotate(number=Count("pk")))
    return found


def _within_a_month(rows: QuerySet[Subscriber], day: date) -> QuerySet[Subscriber]:
    end = months_later(day, 1)
    within = Consent.objects.filter(ends_on__gte=day, ends_on__lte=end).values("subscriber")  # few of a long list, and an index knows them
    return _without(rows.filter(pk__in=within), Q(ends_on__gt=end))


def lapsed(rows: QuerySet[Subscriber], day: date) -> QuerySet[Subscriber]:
    """On the list, and written to no longer: their consent has ended, or there is none."""
    return _without(rows, Q(ends_on__gte=day))


def _without(rows: QuerySet[Subscriber], longer: Q) -> QuerySet[Subscriber]:
    """On the list, and neither have they asked for it themselves nor is there a consent that holds for longer."""
    return rows.filter(
        ~Exists(Consent.objects.filter(longer | Q(ends_on=None), subscriber=OuterRef("pk"))), state=Subscriber.State.CONFIRMED
    )


def tell() -> None:
    """Once a day for each blog: a line of the record for those whose consent has come within a month of its end since the last time."""
    now, mailed = clock.now(), [slug for slug, file in blogs().items() if "email" in file.channels]
    told_on = Blog.objects.filter(slug__in=mailed).values_list("pk", "slug", "lapses_told_on")
    due = [pk for pk, slug, day in told_on if day != blogs()[slug].local(now).date()]
    for blog in Blog.objects.filter(pk__in=due):
        _tell(blog, today(blog, now))


def _tell(blog: Blog, day: date) -> None:
    before, ending = blog.lapses_told_on, lapsing(Subscriber.objects.filter(blog=blog), day)
    told = Blog.objects.filter(pk=blog.pk, lapses_told_on=before)
    if not told.update(lapses_told_on=day, lapses=_in_short(_to_ask(blog, ending))):
        return
    found: QuerySet[Any] = ending
    if before:  # who was within a month then was told of then, unless they came to the list since
        found = found.filter(Q(last__gt=months_later(before, 1)) | Q(created_at__gte=clock.now() - timedelta(days=(day - before).days + 1)))
    ends = list(found.values_list("last", flat=True))
    if ends:
        data = {"readers": len(ends), "first": f"{min(ends)}", "last": f"{max(ends)}"}
        note(_sentence(len(ends), min(ends)), blog=blog, data=data)


def warning(blog: Blog) -> str:
    """What staff are told as long as somebody is to be asked, as of today's first round; empty: nobody is."""
    return _sentence(blog.lapses["readers"], date.fromisoformat(blog.lapses["first"])) if blog.lapses else ""


def week(blog: Blog) -> str:
    """In which the consent of the last of them ends: where it is a later one than before, there is something new to tell."""
    last = date.fromisoformat(blog.lapses["last"]).isocalendar()
    return f"{last.year}-{last.week}"


def _sentence(number: int, first: date) -> str:
    day = spoken_day(first, "en")
    if number == 1:
        return f"The consent of 1 reader ends within a month, on {day}. Until then a mail may ask whether they want to go on."
    return f"The consent of {number} readers ends within a month, the first on {day}. Until then a mail may ask whether they want to go on."


def _in_short(readers: list[Any]) -> dict[str, Any]:
    ends = [reader.last for reader in readers]
    return {"readers": len(ends), "first": f"{min(ends)}", "last": f"{max(ends)}"} if ends else {}


def _to_ask(blog: Blog, ending: QuerySet[Any]) -> list[Any]:
    """Of those whose consent ends, who may be written to and was not asked yet."""
    now = clock.now()
    asked = Confirmation.objects.filter(subscriber=OuterRef("pk"), kind=Kind.RENEW, asked_at__gt=now - VALID_FOR[Kind.RENEW])
    barred = set(Suppression.objects.filter(blog=blog).values_list("address_hash", flat=True))
    return [reader for reader in ending.exclude(Exists(asked)) if address_hash(reader.address_key) not in barred]


def ask(blog: Blog, file: BlogFile, who: str) -> int:
    """Let a mail ask everybody whose consent ends within a month, each once, also where two people press at once. How many will be asked."""
    with transaction.atomic():
        only_one(blog)
        now = clock.now()
        readers = _to_ask(blog, lapsing(Subscriber.objects.filter(blog=blog), today(blog, now)))
        words = {language: wording.in_use(blog, file, language) for language in {reader.language or file.language for reader in readers}}
        requests = (_request(reader, words[reader.language or file.language], now) for reader in readers)
        made = Confirmation.objects.bulk_create(requests, batch_size=1000)
        if made:
            note(
                f"{len(made)} {'reader is' if len(made) == 1 else 'readers are'} asked by mail whether they want to go on, before their consent ends.",
                who=who,
                blog=blog,
            )
        Blog.objects.filter(pk=blog.pk).update(lapses={})
    return len(made)


def _request(reader: Subscriber, words: Wording, now: datetime) -> Confirmation:
    return Confirmation(
        blog_id=reader.blog_id,
        kind=Kind.RENEW,
        subscriber=reader,
        email=reader.email,
        address_key=reader.address_key,
        mailbox=mailbox(reader.address_key),
        language=words.language,
        topics=reader.topics,
        edition=reader.edition,
        wording=words,
        asked_at=now,
        mail_due_at=now,
    )
