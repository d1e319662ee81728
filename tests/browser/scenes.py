"""A day at the front desk, as rows: what the pictures in docs/ show and what the accessibility tests walk through."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests import clocks
from tests.factories import DISCLAIMER, SHORT, make_blog, make_delivery, make_post
from worker.channels.base import Picture
from worker.channels.carrier import INLINE_PICTURE, mark
from worker.lib.crypto import encrypt
from worker.models import Attempt, Batch, Blog, Connection, Consent, Delivery, Event, Post, Rendition, Subscriber
from worker.render.keep import keep

DIRECTOR = "director@practice.example"
TORONTO = ZoneInfo("America/Toronto")
EXCERPT = "School can be super exciting for some, and the main source of stress and worry for others. Feeling worried is a normal response…"
MAIL = f"""<!doctype html><html lang="en"><body style="margin:0;background:#eef0ed;font:16px/26px Georgia,serif">
<div style="max-width:600px;margin:24px auto;background:#fff;border-radius:12px;overflow:hidden">
<img src="{INLINE_PICTURE}" alt="A quiet path through a park" style="width:100%;display:block"><div style="padding:14px 30px 30px">
<h1 style="font-size:26px;line-height:34px">Coping with school stress</h1><p>{EXCERPT}</p>
<p><a href="https://blog.example/school-stress/" style="background:#1f5f5b;color:#fff;padding:12px 22px;border-radius:6px;text-decoration:none">Read the whole post</a></p>
<p style="background:#faf6e3;border-left:3px solid #c8a94c;padding:8px 14px;font-size:14px">{DISCLAIMER}</p>
<p style="font-size:13px">{mark("why")} <a href="{mark("unsubscribe")}">Unsubscribe</a></p></div></div></body></html>"""


def a_day(picture: str, in_mail: Picture) -> Blog:
    """One blog with every state on screen once: posted, sending, checking, needs you, held, to be approved, waiting, cancelled, failed, rehearsed, before our time.

    `picture`: the address of the picture that every post has; `in_mail`: the same as the newsletters carry it.
    """
    now = clocks.now()
    live = {name: {"mode": "live"} for name in ("email", "facebook", "twitter", "pinterest", "linkedin")}
    blog = make_blog("example", channels=live, approval=DIRECTOR)
    Blog.objects.filter(pk=blog.pk).update(
        state="ok",
        sentence="The feed is fine; nothing new since the last look.",
        last_good_at=now - timedelta(minutes=2),
        next_look_at=now + timedelta(minutes=8, seconds=30),
    )
    for channel in ("facebook", "twitter", "pinterest"):
        Connection.objects.create(
            blog=blog, channel=channel, credentials=encrypt("{}"), account="Example Psychotherapy", last_checked_at=now
        )
    Connection.objects.create(
        blog=blog,
        channel="linkedin",
        credentials=encrypt("{}"),
        account="Example Psychotherapy",
        broken="LinkedIn no longer accepts the connection; connect LinkedIn again.",
    )
    addresses = [f"reader{number}@example.org" for number in range(312)]
    Subscriber.objects.bulk_create(Subscriber(blog=blog, email=address, address_key=address, created_at=now) for address in addresses)
    asked = {"basis": "express", "obtained_on": now.date() - timedelta(days=400), "proof": "sign-up sheet", "recorded_at": now}
    Consent.objects.bulk_create(Consent(subscriber=reader, **asked) for reader in Subscriber.objects.filter(blog=blog))
    _before_our_time(blog, now)
    _a_week_ago(blog, now)
    _for_approval(blog, now)
    _yesterday(blog, now)
    _today(blog, now)
    Post.objects.update(image=picture)
    for delivery in Delivery.objects.select_related("post"):
        Delivery.objects.filter(pk=delivery.pk).update(created_at=delivery.post.published_at)
    Rendition.objects.exclude(html="").update(picture=keep(in_mail))
    Rendition.objects.filter(html="").update(image=picture, alt="A quiet path through a park")
    blog.refresh_from_db()
    return blog


def _before_our_time(blog: Blog, now: datetime) -> None:
    make_post(
        blog,
        title="The Importance of a Strong Therapeutic Alliance",
        origin="baseline",
        published_at=now - timedelta(days=30),
        planned_at=now,
    )


def _a_week_ago(blog: Blog, now: datetime) -> None:
    then = now - timedelta(days=9)
    post = make_post(blog, title="Coping Skills as 10% Solutions", published_at=then, planned_at=then)
    mail = _finished(post, "email", "sent", "309 of 312 sent; 2 skipped, 1 refused.", then, html=MAIL)
    Batch.objects.create(delivery=mail, number=1, state="done", size=312, waiting=0, sent=309, refused=1, skipped=2)
    for channel, word, name in (
        ("facebook", "Posted", "Facebook"),
        ("twitter", "Posted", "X (Twitter)"),
        ("pinterest", "Pinned", "Pinterest"),
    ):
        url = f"https://{channel}.example/{post.pk}"
        _finished(post, channel, "sent", f"{word} on {name} at {_clock(then)}.", then, remote_url=url, remote_id=f"{channel}-1")
    _finished(post, "linkedin", "rehearsed", "Rehearsed: this is what LinkedIn would have shown. Nothing was sent.", then)


def _for_approval(blog: Blog, now: datetime) -> None:
    then = now - timedelta(days=2)
    post = make_post(blog, title="Talking about Grief", published_at=then, planned_at=then)
    waits = f"It waits for {DIRECTOR}, who must approve these words before they go out."
    for channel in ("facebook", "twitter", "linkedin"):
        asked = make_delivery(post, channel, state="held", waits_for="person", held_for="approval", reason=waits, due_at=None)
        _told(asked, [(then, "Postlark", "Found in the feed.", {"to": "held"})])


def _yesterday(blog: Blog, now: datetime) -> None:
    then = now - timedelta(days=1)
    post = make_post(blog, title="Practicing Reflection", published_at=then, planned_at=then)
    morning = (now.astimezone(TORONTO) + timedelta(days=1)).replace(hour=8, minute=0, second=0)
    waiting = {"state": "pending", "waits_for": "clock", "reason": f"Quiet hours: it goes out at {_clock(morning)}.", "due_at": morning}
    for channel in ("email", "facebook", "twitter"):
        _told(make_delivery(post, channel, **waiting), [(then, "Postlark", "Found in the feed.", {"to": "pending"})])
    _finished(post, "pinterest", "cancelled", "Cancelled by desk@practice.example: no fitting picture.", then, who="desk@practice.example")
    held = "Held by desk@practice.example: the author wants to read it once more. Release it to let it go."
    delivery = make_delivery(post, "linkedin", state="held", waits_for="person", reason=held, due_at=None)
    _told(delivery, [(then, "Postlark", "Found in the feed.", {"to": "pending"}), (then, "desk@practice.example", held, {"to": "held"})])


def _today(blog: Blog, now: datetime) -> None:
    then = now - timedelta(minutes=3)
    post = make_post(blog, title="Coping with school stress", published_at=then, planned_at=then)
    mail = make_delivery(
        post,
        "email",
        state="sending",
        waits_for="network",
        reason=f"184 of 312 sent so far (9 skipped, 2 refused); 117 waiting until {_clock(now)}: the mail relay takes 10/s.",
        due_at=None,
        rendition=_mail_words(),
    )
    Batch.objects.create(delivery=mail, number=1, state="sending", size=312, waiting=117, sent=184, refused=2, skipped=9)
    _told(
        mail,
        [
            (then, "Postlark", "Found in the feed.", {"to": "preparing"}),
            (then, "Postlark", "Writing down who gets it.", {"to": "sending"}),
        ],
    )
    _finished(
        post,
        "facebook",
        "sent",
        f"Posted on Facebook at {_clock(then)}.",
        then,
        remote_url="https://facebook.example/2",
        remote_id="facebook-2",
    )
    _checking(post, now)
    _finished(
        post,
        "pinterest",
        "failed",
        "Pinterest finds the picture too small; give the post a larger one, then send it again.",
        then,
        waits_for="person",
    )
    mend = "LinkedIn no longer accepts the connection; connect LinkedIn again. Mend the connection to LinkedIn; what waits for it goes out by itself then."
    _told(make_delivery(post, "linkedin", state="pending", waits_for="person", reason=mend), [(then, "Postlark", mend, {"to": "pending"})])


def _checking(post: Post, now: datetime) -> None:
    """The one of the sketch: an answer was lost, and Postlark looks for the post itself."""
    then = now - timedelta(minutes=3)
    text = f"{post.title}: {EXCERPT} blog.example/school-stress {SHORT}"
    delivery = make_delivery(
        post,
        "twitter",
        state="unknown",
        waits_for="network",
        reason=f"The answer of X (Twitter) was lost, so it may or may not be out. Postlark looks there at {_clock(now)}; nothing to do yet.",
        due_at=now + timedelta(minutes=3, seconds=30),
        unknown_since=now - timedelta(minutes=2),
        attempt=1,
        rendition={
            "text": text,
            "link": post.url,
            "image": post.image,
            "alt": post.image_alt,
            "disclaimer": SHORT,
            "length": 268,
            "limit": 280,
        },
    )
    story = [
        (then, "Postlark", "Found in the feed.", {}),
        (
            then + timedelta(seconds=1),
            "Postlark",
            "Getting ready for X (Twitter).",
            {"to": "pending"},
        ),
        (
            then + timedelta(seconds=50),
            "Postlark",
            "Handed to X (Twitter); waiting for its answer.",
            {"to": "unknown"},
        ),
        (
            then + timedelta(seconds=110),
            "Postlark",
            "Looked at our own posts on X (Twitter) (12 of them): not there yet.",
            {"to": "unknown"},
        ),
    ]
    _told(delivery, story)
    Attempt.objects.create(
        delivery=delivery,
        number=1,
        started_at=then,
        calling_at=then,
        finished_at=now,
        outcome="unknown",
        detail="Connection reset by peer",
        holder="desk-1:4711",
    )


def _finished(
    post: Post,
    channel: str,
    state: str,
    reason: str,
    at: datetime,
    *,
    who: str = "Postlark",
    html: str = "",
    waits_for: str = "nothing",
    **values: Any,
) -> Delivery:
    words = {"rendition": _mail_words()} if html else {}
    delivery = make_delivery(post, channel, state=state, waits_for=waits_for, reason=reason, due_at=None, finished_at=at, **words, **values)
    _told(delivery, [(at, "Postlark", "Found in the feed.", {}), (at + timedelta(seconds=40), who, reason, {"to": state})])
    return delivery


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(TORONTO):%H:%M}"


def _mail_words() -> dict[str, Any]:
    text = f"Coping with school stress\n\n{EXCERPT}\n\n{DISCLAIMER}\n\n{mark('why')}\n{mark('unsubscribe')}"
    return {
        "subject": "Coping with school stress",
        "text": text,
        "html": MAIL,
        "disclaimer": DISCLAIMER,
        "length": len(text),
        "limit": None,
    }


def _told(delivery: Delivery, story: list[tuple[datetime, str, str, dict[str, str]]]) -> None:
    for at, who, what, data in story:
        Event.objects.create(at=at, who=who, what=what, data=data, delivery=delivery, post=delivery.post, blog=delivery.blog)
