"""A reader changes what they get, takes their data home, or lets staff's notes go: what the page behind the unsubscribe link does."""

from datetime import date
from typing import Any

from django.db import transaction

from worker.lib.blogs import BlogFile
from worker.lib.refused import Refused
from worker.models import Subscriber
from worker.newsletter import choices, people
from worker.newsletter.editions import move
from worker.newsletter.suppress import suppression_of
from worker.record.transition import note


def choose(subscriber: Subscriber, file: BlogFile, *, language: str, edition: str, topics: list[str], who: str) -> bool:
    """False when that is what they had. Refused for what cannot be chosen; topics they had already may stay."""
    if language not in choices.LANGUAGES:
        raise Refused(f"The language {language!r} is not one of {', '.join(choices.LANGUAGES)}.")
    if edition not in choices.editions(file):
        raise Refused(f"The edition {edition!r} is not one that this blog sends: {', '.join(choices.editions(file))}.")
    allowed = {choices.same(topic): topic for topic in (*subscriber.topics, *choices.topics(subscriber.blog))}
    chosen = [allowed[choices.same(topic)] for topic in topics if choices.same(topic) in allowed]
    if (subscriber.language or file.language, subscriber.edition, subscriber.topics) == (language, edition, chosen):
        return False
    with transaction.atomic():
        fresh = Subscriber.objects.select_for_update().get(pk=subscriber.pk)
        move(fresh, edition)
        fresh.language, fresh.topics = language, chosen
        fresh.save(update_fields=["language", "edition", "topics"])
        note("A reader changed what they get.", who=who, blog=subscriber.blog, subscriber=subscriber)
    subscriber.refresh_from_db()
    return True


def everything_known(subscriber: Subscriber, day: date) -> dict[str, Any]:
    """What the person may take home: all that is kept about them, in words they can read."""
    known = suppression_of(subscriber.blog_id, subscriber.address_key)
    consents = people.consents_of(subscriber)
    return people.person(subscriber, people.why_not(subscriber, known, consents, day)) | {
        "consent": [people.agreed(one) | {"words": one.wording.text if one.wording else ""} for one in consents],
        "newsletters": people.everything_they_got(subscriber),
        "record": [{"at": event.at, "what": event.what} for event in subscriber.events.order_by("-pk")],
    }
