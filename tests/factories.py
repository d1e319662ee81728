"""Rows and blog files for tests, as plain functions with the least a test must say."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.conf import settings
from django.db.models import F

from tests import clocks
from worker import channels
from worker.lib.blogs import BlogFile
from worker.models import Blog, Delivery, Post, Rendition, Staff

DISCLAIMER = "DISCLAIMER: This blog is meant for psychoeducational purposes only. Not therapy."
SHORT = "Educational only, not therapy."
NOON = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)  # a Friday, 12:00 in Toronto
_numbers = count(1)


def blog_file(slug: str = "example", **values: Any) -> BlogFile:
    """A blog's file with all five channels rehearsing; `channels={"facebook": {"mode": "live"}}` replaces them all."""
    sections = values.pop("channels", None) or {name: {} for name in ("email", "facebook", "twitter", "pinterest", "linkedin")}
    defaults = {
        "slug": slug,
        "name": "Example Psychotherapy",
        "feed": "http://127.0.0.1:1/feed/",
        "timezone": "America/Toronto",
        "hold": "0m",
        "allow_private_addresses": True,
        "disclaimer": {"full": DISCLAIMER, "short": SHORT},
        "sender": {
            "name": "Example Psychotherapy",
            "email": "news@blog.example",
            "mailing_address": "1 Example Street, Toronto",
            "contact": "416 555 0100",
        },
    }
    options = {name: channels.find(name).Options(**section) for name, section in sections.items()}
    return BlogFile(**{**defaults, **values, "channels": options})


def make_blog(slug: str = "example", **values: Any) -> Blog:
    """The row and, in settings.BLOGS, the file. tests/conftest.py takes the file away again."""
    settings.BLOGS = {**settings.BLOGS, slug: blog_file(slug, **values)}
    return Blog.objects.get_or_create(slug=slug)[0]


def make_post(blog: Blog, **values: Any) -> Post:
    number = next(_numbers)
    now = clocks.now()
    defaults = {
        "guid": f"https://blog.example/?p={number}",
        "url": f"https://blog.example/post-{number}/",
        "title": f"Coping with school stress {number}",
        "summary": "<p>School can be super exciting for some, and the main source of stress and worry for others.</p>",
        "content": "<p>School can be super exciting for some, and the main source of stress and worry for others. These strong feelings can happen.</p>",
        "author": "Sheema Khan",
        "image": "https://blog.example/picture.jpg",
        "image_alt": "A quiet path through a park",
        "published_at": now,
        "seen_at": now,
        "text_hash": f"{number:064d}",
        "page_looked_at": now,  # its page is in order, as far as anybody knows
    }
    return Post.objects.create(blog=blog, **{**defaults, **values})


def make_delivery(post: Post, channel: str = "facebook", **values: Any) -> Delivery:
    """Pending and due, with a rendition, unless told otherwise."""
    now = clocks.now()
    text = f"{post.title}\n\n{SHORT}"
    rendition = values.pop("rendition", {"text": text, "link": post.url, "disclaimer": SHORT, "length": len(text), "limit": 280})
    defaults = {
        "blog": post.blog,
        "state": "pending",
        "waits_for": "clock",
        "reason": "Goes out now.",
        "created_at": now,
        "due_at": now - timedelta(seconds=1),
        "first_due_at": now - timedelta(seconds=1),
    }
    delivery = Delivery.objects.create(post=post, channel=channel, **{**defaults, **values})
    if rendition:
        Rendition.objects.create(delivery=delivery, made_at=now, **rendition)
    return delivery


def is_due(delivery: Delivery, **fields: Any) -> None:
    """Bring its next moment forward, as the passing of time would."""
    Delivery.objects.filter(pk=delivery.pk).update(due_at=clocks.now() - timedelta(seconds=1), **fields)
    delivery.refresh_from_db()


def written_a_while_ago(delivery: Delivery) -> datetime:
    """When, for its words: nobody changes them within the millisecond in which they were made."""
    Rendition.objects.filter(delivery=delivery).update(made_at=F("made_at") - timedelta(minutes=1))
    delivery.rendition.refresh_from_db()
    return delivery.rendition.made_at


def make_staff(role: str = "office", email: str = "", blogs: tuple[Blog, ...] = (), password: str = "") -> Staff:
    """All blogs unless some are given; without a password they sign in by link."""
    staff = Staff(email=email or f"{role}@practice.example", role=role)
    if password:
        staff.set_password(password)
    else:
        staff.set_unusable_password()
    staff.save()
    staff.blogs.set(blogs)
    return staff
