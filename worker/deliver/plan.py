"""A post becomes its deliveries: one row a channel, also where nothing will happen, each with its sentence.

Planned again after an edit: what has not yet been called is made anew, what is out stays as it was.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Q

from worker import channels, gate, render
from worker.channels.base import Message
from worker.channels.email import EmailOptions
from worker.deliver import approval, issues
from worker.deliver.amended import goes_on
from worker.deliver.claim import State, WaitsFor, never_called
from worker.deliver.timing import first_due
from worker.ingest.page import read_page
from worker.lib import clock
from worker.lib.blogs import BlogFile, blog_file
from worker.lib.clock import spoken
from worker.lib.editions import INSTANT
from worker.lib.text import ILLEGIBLE
from worker.models import Delivery, Post, Rendition
from worker.newsletter import choices
from worker.record.standing import Standing, held, held_back, skipped, waiting
from worker.record.transition import note, transition
from worker.render import Rendered
from worker.render.excerpt import about_its_disclaimer

log = logging.getLogger(__name__)
Origin = Post.Origin
OUR_MISTAKE = "Something in Postlark itself went wrong with this post's words; the log says what."


WITHDRAWN = skipped("The post was withdrawn before it went out here.")
ADDED_SINCE = skipped("This channel came into the blog's file after the post. Send it from the post's page if it shall go out here too.")


def begin(origin: str, resembles: str, blog: BlogFile, channel: str, refused: str, now: datetime) -> Standing:
    """How a new delivery begins. `refused`: why the gate does not let the text through; empty when it does. `resembles`: the title of the
    post it may be."""
    name = channels.find(channel).name
    if origin == Origin.BASELINE:
        return skipped("Published before Postlark began to watch this blog.")
    if origin == Origin.SAME:
        return skipped(f"It is the same post as “{resembles}”, and does not go out again.")
    if blog.channels[channel].mode == "off":
        return skipped(f"{name} is switched off for this blog.")
    if refused:
        return held_back(refused)
    if question := _question(origin, resembles, blog, name):
        return held(question, Delivery.HeldFor.UNSURE if origin == Origin.UNSURE else "")
    if sentence := approval.missing(blog, ""):
        return held(sentence, Delivery.HeldFor.APPROVAL)
    due = first_due(now, blog, channel)
    when = "now" if due <= now else f"at {spoken(due, blog.timezone, now)}"
    return waiting(f"Goes out {when}.", due)


def start_of(post: Post, file: BlogFile, channel: str, now: datetime, refused: str = "") -> Standing:
    """How this post's own would begin; as `begin`."""
    return begin(post.origin, post.resembles.title if post.resembles else "", file, channel, refused, now)


def _question(origin: str, resembles: str, blog: BlogFile, name: str) -> str:
    """What only a person can say of a post that came like this; empty where there is nothing to say."""
    match origin:
        case Origin.BURST:
            return (
                f"Several posts appeared at once, more than the {blog.burst} that go out by themselves. Release it to send it, or skip it."
            )
        case Origin.OLDER:
            return "It is dated older than everything else in the feed. Release it if it is news; cancel it if it is not."
        case Origin.RESTORED:
            return f"It was new at the first look after a backup was restored, so it may have gone out already. Look at {name}: release it to send it, or cancel it."
        case Origin.UNSURE:
            return f"This may be “{resembles}”, which Postlark knows already. Say on the post's page whether it is the same or a new one."
    return ""


def plan(post_id: int) -> list[int]:
    """Write down what is to happen with a new or edited post. Returns the deliveries that are due at once.

    An edit announces nothing: on a channel or in an edition that the blog has only had since, an old post is no news.
    """
    post = Post.objects.select_related("blog", "resembles").get(pk=post_id)
    file = blog_file(post.blog.slug)
    if file is None:
        return []
    drafts = {slug: draft(post, file, slug) for slug in file.channels}
    now = clock.now()
    with transaction.atomic():
        if not Post.objects.filter(pk=post.pk, planned_at=None, text_hash=post.text_hash).update(planned_at=now):
            return []
        announced = _announced(post)
        is_news = not announced and not post.parts.exists()
        from_before = _not_called(post) if post.edited_at else []
        for slug, made in _by_itself(file, drafts):
            if slug not in announced:
                _announce(post, file, slug, made, now, is_news=is_news)
        for delivery in from_before:
            _make_anew(delivery, post, file, drafts, now)
        start = start_of(post, file, "email", now) if "email" in file.channels else None
        if start and start.state != State.SKIPPED and is_news:
            issues.add(post, file, start.reason if start.state == State.HELD else "", start.held_for, now)
        if post.origin != Origin.BASELINE and (difference := about_its_disclaimer(post, file)):
            note(difference, blog=post.blog, post=post)
    for delivery in issues.not_begun(post):
        _show(delivery, file)
    due = Delivery.objects.filter(post=post, state=State.PENDING, waits_for=WaitsFor.CLOCK, due_at__lte=now)
    return list(due.values_list("pk", flat=True))


def _by_itself(file: BlogFile, drafts: Mapping[str, Rendered | str]) -> list[tuple[str, Rendered | str]]:
    """The channels on which a post has a delivery of its own: by e-mail only where the blog sends each post by itself."""
    options = file.channels.get("email")
    only_digests = isinstance(options, EmailOptions) and INSTANT not in options.names
    return [(slug, made) for slug, made in drafts.items() if not (slug == "email" and only_digests)]


def draft(post: Post, file: BlogFile, channel: str, text: str | None = None) -> Rendered | str:
    """What the channel would say, or the sentence why it may not. Reads the post's page first, where the feed gave little.

    Never inside a transaction: it may wait for the page and for a picture.
    """
    read_page(post, file)
    languages = choices.other_languages(post.blog, file) if channel == "email" else []
    return _made_or_why_not(
        lambda: render.illustrated(post, file, channel, text=text, languages=languages), post_id=post.pk, channel=channel
    )


def draft_issue(delivery: Delivery, file: BlogFile) -> Rendered | str:
    """What the issue would say: without what was withdrawn, with what was corrected. Or the sentence why it may not; as `draft`."""
    assert delivery.issue is not None, "asked for only where it brings one"
    issues.leave_out_what_was_dropped(delivery)
    posts = delivery.posts()
    for post in posts:
        read_page(post, file)
    if not posts:
        return "Nothing is in it any more."
    edition, day, languages = delivery.issue.edition, delivery.issue.day, choices.other_languages(delivery.blog, file)
    return _made_or_why_not(lambda: render.digest(posts, file, edition, day, languages), delivery_id=delivery.pk)


def _made_or_why_not(make: Callable[[], Rendered], **about: Any) -> Rendered | str:
    """A post on which Postlark itself breaks has its row and its sentence like any other, and keeps no other waiting."""
    try:
        return make()
    except gate.Refused as refused:
        return str(refused)
    except (DatabaseError, OSError):  # no mistake in the post: the next sweep tries again
        raise
    except Exception:
        log.exception("words could not be made", extra=about)
        return OUR_MISTAKE


def make_issue(delivery: Delivery, file: BlogFile) -> str:
    """Write down what the issue says now. Why it may not say it; empty when it may."""
    made = draft_issue(delivery, file)
    with transaction.atomic():
        if not Delivery.objects.select_for_update().filter(pk=delivery.pk, attempt=delivery.attempt).exists():
            return "Somebody else has it in hand."
        if isinstance(made, str):
            Rendition.objects.filter(delivery=delivery).delete()
        elif not _says_already(delivery, made):
            write(delivery, made)
    delivery.refresh_from_db()
    return made if isinstance(made, str) else ""


def add_languages(delivery: Delivery, file: BlogFile) -> None:
    """Before a post's newsletter goes out: who has chosen another language since its words were made shall read it in that one, too."""
    rendition, chosen = delivery.rendition, choices.other_languages(delivery.blog, file)
    if delivery.post is None or rendition.translations.keys() >= set(chosen):
        return
    made = draft(delivery.post, file, delivery.channel, rendition.own_words or None)
    if not isinstance(made, str):
        rendition.translations = _translations(made) | rendition.translations
        rendition.save(update_fields=["translations"])


def _says_already(delivery: Delivery, made: Rendered) -> bool:
    """Word for word: then what a person has approved stays approved."""
    said, message = Rendition.objects.filter(delivery=delivery).first(), made.message
    now = (message.subject, message.text, message.html, made.picture, made.disclaimer, _translations(made).keys())
    return said is not None and (said.subject, said.text, said.html, said.picture, said.disclaimer, said.translations.keys()) == now


def _translations(made: Rendered) -> dict[str, dict[str, Any]]:
    """As the row keeps them."""
    return {
        language: {
            "subject": each.message.subject,
            "text": each.message.text,
            "html": each.message.html,
            "sections": each.sections,
            "disclaimer": each.disclaimer,
        }
        for language, each in made.translations.items()
    }


def _show(delivery: Delivery, file: BlogFile) -> None:
    """What an issue that waits would say by now; it is made once more when it goes out."""
    refused = make_issue(delivery, file)
    if refused and delivery.state == State.PENDING:
        issues.stand(delivery, held_back(refused))


def write(delivery: Delivery, made: Rendered, edited_by: str = "", own_words: str = "") -> None:
    """Keep the rendition of a delivery that has not been called yet. What was approved is not what it says any more."""
    before = Rendition.objects.filter(delivery=delivery).first()
    _keep(delivery, made, clock.now(), edited_by, ILLEGIBLE.sub(" ", own_words))
    if _says_something_else(before, made.message) and not approval.is_approver(blog_file(delivery.blog.slug), edited_by):
        Delivery.objects.filter(pk=delivery.pk).exclude(approved_by="").update(**approval.TAKEN_BACK)


def _keep(delivery: Delivery, made: Rendered, now: datetime, edited_by: str = "", own_words: str = "") -> None:
    message = made.message
    values: dict[str, Any] = {
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "title": message.title,
        "description": message.description,
        "link": message.link,
        "image": message.image,
        "alt": message.alt,
        "picture": made.picture,
        "disclaimer": made.disclaimer,
        "length": made.length,
        "limit": made.limit,
        "sections": made.sections,
        "translations": _translations(made),
        "made_at": now,
        "edited_by": edited_by,
        "own_words": own_words,
    }
    Rendition.objects.bulk_create(
        [Rendition(delivery=delivery, **values)], update_conflicts=True, unique_fields=["delivery"], update_fields=list(values)
    )
    if made.note:
        note(made.note, at=now, delivery=delivery)


def _says_something_else(before: Rendition | None, now: Message) -> bool:
    """A digest is made anew when its time comes, mostly into the same words: those stay approved."""
    return before is not None and any(getattr(before, part) != getattr(now, part) for part in _SAID)


_SAID = ("subject", "text", "html", "title", "description", "link", "alt")


def _announced(post: Post) -> set[str]:
    """The channels on which it has its automatic delivery."""
    return set(post.deliveries.filter(occasion=Delivery.Occasion.AUTOMATIC).values_list("channel", flat=True))


def _announce(post: Post, file: BlogFile, channel: str, made: Rendered | str, now: datetime, *, is_news: bool) -> None:
    """The automatic delivery."""
    start = start_of(post, file, channel, now, made if isinstance(made, str) else "")
    if start.state != State.SKIPPED:
        start = WITHDRAWN if post.withdrawn_at else start if is_news else ADDED_SINCE
    delivery = Delivery.objects.create(
        blog=post.blog,
        post=post,
        channel=channel,
        edition=INSTANT if channel == "email" else "",
        **start.fields,
        created_at=now,
        first_due_at=start.due_at,
        finished_at=now if start.state == State.SKIPPED else None,
    )
    note(start.reason, at=now, delivery=delivery, data={"to": start.state})
    if not isinstance(made, str) and start.state != State.SKIPPED:
        _keep(delivery, made, now)


def _not_called(post: Post) -> list[Delivery]:
    """Waiting deliveries whose words have never been on their way."""
    waiting = Delivery.objects.filter(never_called(), post=post, state__in=[State.HELD, State.PENDING])
    return list(waiting.select_related("blog", "rendition").select_for_update(of=("self",)))


def _make_anew(delivery: Delivery, post: Post, file: BlogFile, drafts: Mapping[str, Rendered | str], now: datetime) -> None:
    rendition = getattr(delivery, "rendition", None)
    if delivery.channel not in file.channels or (rendition and rendition.edited_by):
        return
    made = drafts[delivery.channel]
    if isinstance(made, str):
        Rendition.objects.filter(delivery=delivery).delete()
        keeps = Delivery.HeldFor.STAFF if delivery.held_for == Delivery.HeldFor.STAFF else ""
        _stand(delivery, replace(held_back(made), held_for=keeps), "The post was edited.")
    elif rendition is None:
        write(delivery, made)
        _stand(delivery, _begin_again(delivery, post, file, now), "The post was edited; now nothing is wrong with it.")
    else:
        write(delivery, made)
        note("The post was edited; the text was made anew.", delivery=delivery)
        if delivery.approved_by:
            _stand(delivery, _begin_again(delivery, post, file, now), "The post was edited, so its words need a new approval.")


def _begin_again(delivery: Delivery, post: Post, file: BlogFile, now: datetime) -> Standing:
    """With words that are in order. How the post came is no question for what a person has asked for, and what one of them holds stays held."""
    if delivery.held_for == Delivery.HeldFor.STAFF:
        return held("The post was edited. One of the staff had held it before: release it to let it go.", Delivery.HeldFor.STAFF)
    if delivery.occasion == Delivery.Occasion.AUTOMATIC:
        return start_of(post, file, delivery.channel, now)
    if sentence := approval.missing(file, ""):
        return held(sentence, Delivery.HeldFor.APPROVAL)
    return waiting(goes_on(delivery), now)


def _stand(delivery: Delivery, start: Standing, what: str) -> None:
    transition(
        delivery,
        Q(state=delivery.state, attempt=delivery.attempt),
        **start.fields,
        first_due_at=start.due_at,
        what=what,
    )
