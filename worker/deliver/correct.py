"""A post that was edited after it went out: its new words in place of the old, on the networks that really let a post be changed.

A correction is a delivery of its own, with words of its own; it asks the network to change the post of the one it corrects.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.db import transaction

from worker import channels
from worker.connections.poster import declared_if_any
from worker.deliver import approval
from worker.deliver.claim import State, WaitsFor
from worker.deliver.plan import draft, write
from worker.deliver.staff import because_of, unfinished
from worker.lib import clock
from worker.lib.blogs import BlogFile, blog_file
from worker.lib.refused import Refused
from worker.models import Delivery, Post, Rendition
from worker.record.deliveries import edits, of_posts, outdated
from worker.record.transition import note
from worker.render import Rendered


@dataclass(frozen=True)
class Correction:
    """What correcting means for one delivery that is out. `made`: its new words; None: it is not corrected, and `says` why."""

    delivery: Delivery
    made: Rendered | None
    says: str


def outlook(post: Post, channel: str = "") -> list[Correction]:
    """What correcting would do now, on one channel or channel by channel. Nothing is changed; it may wait for the post's page and picture."""
    file = blog_file(post.blog.slug)
    out = Delivery.objects.filter(post=post, state=State.SENT).exclude(occasion__in=[Delivery.Occasion.TEST, Delivery.Occasion.CORRECTION])
    if channel:
        out = out.filter(channel=channel)
    return (
        [_correction(post, delivery, file) for delivery in out.select_related("blog", "post", "rendition").order_by("pk")] if file else []
    )


def correct(post: Post, who: str, because: str, channel: str = "") -> list[Delivery]:
    """Ask for it, on one channel or on all. Raises Refused when nothing can be corrected, with the reason for each."""
    because = because_of(because)
    found = outlook(post, channel)
    with transaction.atomic():
        Post.objects.select_for_update().get(pk=post.pk)
        begun = list(_begun(found, who, because))
    if not begun:
        raise Refused(" ".join(one.says for one in found) or f"Nothing of “{post.title}” is out, so there is nothing to correct.")
    return begun


def may_correct(delivery: Delivery) -> bool:
    """For a button: the network shows words from before the post's last edit, and lets them be changed."""
    if delivery.state != State.SENT or not delivery.post or not delivery.post.edited_at or not edits(delivery.channel):
        return False
    of_the_post = [each for _, each in of_posts([delivery.post.pk])]
    return any(each.channel == delivery.channel for each in outdated(of_the_post, delivery.post.edited_at))


def _correction(post: Post, delivery: Delivery, file: BlogFile) -> Correction:
    name = channels.find(delivery.channel).name
    poster = declared_if_any(file, delivery.channel)
    if poster is None:
        return Correction(delivery, None, f"{name}: what has been sent cannot be changed; send it again if it matters.")
    if not poster.edits:
        return Correction(delivery, None, f"{name} does not let a post be changed; withdraw it and send it again.")
    if not delivery.remote_id:
        return Correction(delivery, None, f"Postlark does not know its number on {name}, so it cannot change it. Do that there by hand.")
    if _other_unfinished(delivery):
        return Correction(delivery, None, f"Another delivery of this post to {name} is not finished yet; correct it once that is over.")
    made = draft(post, file, delivery.channel)
    if isinstance(made, str):
        return Correction(delivery, None, f"{name}: {made}")
    if made.message.text == _says_now(delivery):
        return Correction(delivery, None, f"{name} shows these words already.")
    made = replace(made, message=replace(made.message, link=delivery.rendition.link))  # a network changes the words, never the link
    return Correction(delivery, made, f"{name} gets the new words. {poster.edited_but}".strip())


def _other_unfinished(delivery: Delivery) -> bool:
    return unfinished(Delivery.objects.filter(post=delivery.post_id, channel=delivery.channel)) is not None


def _says_now(delivery: Delivery) -> str:
    """The words of the latest correction that went well, else those it was posted with."""
    latest = Rendition.objects.filter(delivery__corrects=delivery, delivery__state=State.SENT).order_by("-delivery").first()
    return latest.text if latest else delivery.rendition.text


def _begun(found: list[Correction], who: str, because: str) -> Iterator[Delivery]:
    now = clock.now()
    for one in found:
        out = one.delivery
        if one.made is None or _other_unfinished(out):
            continue
        delivery = Delivery.objects.create(
            blog=out.blog,
            post=out.post,
            channel=out.channel,
            occasion=Delivery.Occasion.CORRECTION,
            corrects=out,
            state=State.PENDING,
            waits_for=WaitsFor.CLOCK,
            reason=f"To be corrected on {channels.find(out.channel).name}. {who} asked for it: {because}",
            created_at=now,
            due_at=now,
            asked_by=who,
            asked_because=because,
            remote_url=out.remote_url,
            **approval.given_by(blog_file(out.blog.slug), who, now),
        )
        write(delivery, one.made)
        note(delivery.reason, who=who, delivery=delivery, data={"to": delivery.state})
        yield delivery
