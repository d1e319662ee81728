"""Hubs that ring when a feed has changed: found in the feed, asked, verified, renewed. https://www.w3.org/TR/websub/

A hub only ever rings: what it sends along is not read, the look goes to the feed itself. The regular looks go on beside it,
so that a hub that falls silent costs minutes and no post.
"""

import hmac
import secrets
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db.models import F, Q
from django.urls import reverse
from django.utils.crypto import salted_hmac

from worker.ingest.head import Head
from worker.lib import clock
from worker.lib.blogs import BlogFile, blog_file, blogs
from worker.lib.clock import Now
from worker.lib.http import NoAnswer, request
from worker.models import Blog, Hub

LEASE = timedelta(days=10)
SHORTEST, LONGEST = timedelta(seconds=10), timedelta(days=30)
RENEWED_AFTER = 0.8
"""Of what was granted."""
AGAIN, A_DAY = timedelta(minutes=30), timedelta(days=1)
SILENT_AFTER = 3
METHODS = ("sha1", "sha256", "sha384", "sha512")
State = Hub.State


def meet(blog: Blog, file: BlogFile, head: Head) -> None:
    """The feed names this hub, or none any more. A feed behind a password is between its web site and us: no hub hears of it."""
    topic = head.topic or file.feed
    if not _is_web_address(head.hub) or not _is_web_address(topic) or "@" in urlsplit(file.feed).netloc:
        Hub.objects.filter(blog=blog).delete()
    elif not Hub.objects.filter(blog=blog, url=head.hub, topic=topic).exists():
        Hub.objects.filter(blog=blog).delete()
        Hub.objects.create(
            blog=blog, key=secrets.token_urlsafe(32), url=head.hub, topic=topic, sentence=_unreachable(file) or "Not asked yet."
        )


def found_new_posts(blog: Blog) -> None:
    """A look has found new posts. When the hub has not rung since the look before, it has missed them; three times, and it is asked anew.

    `blog`: as it stood before the look.
    """
    rang = Q(heard_at__gte=blog.last_good_at) if blog.last_good_at else Q(pk=None)
    active = Hub.objects.filter(blog=blog, state=State.ACTIVE)
    active.filter(~rang | Q(heard_at=None)).update(missed=F("missed") + 1)
    active.filter(missed__gte=SILENT_AFTER).update(
        state=State.ASKED,
        missed=0,
        next_at=None,
        sentence=f"The hub did not ring for the last {SILENT_AFTER} posts, so it is asked once more; Postlark found them by itself.",
    )


def due() -> list[int]:
    """Hubs to ask, for the first time or again."""
    usable = [slug for slug, file in blogs().items() if not _unreachable(file)]
    return list(Hub.objects.filter(Q(next_at=None) | Q(next_at__lte=Now()), blog__slug__in=usable).values_list("pk", flat=True))


def ask(hub_id: int) -> None:
    """Ask the hub to ring, once for all workers. It confirms by asking back: `confirmed`."""
    free = Q(next_at=None) | Q(next_at__lte=Now())
    hub = Hub.objects.select_related("blog").filter(pk=hub_id).first()
    file = blog_file(hub.blog.slug) if hub else None
    if (
        hub is None
        or file is None
        or not Hub.objects.filter(free, pk=hub_id).update(next_at=Now() + _pause(hub), failures=F("failures") + 1)
    ):
        return
    wrong = _refusal(hub, file)
    if wrong:
        Hub.objects.filter(pk=hub_id).update(sentence=wrong)
    else:
        # Not where it has confirmed already: some do before they answer.
        Hub.objects.filter(pk=hub_id, failures__gt=0).update(sentence="The hub was asked to ring, and has yet to confirm it.")


def _refusal(hub: Hub, file: BlogFile) -> str:
    """Ask; the sentence that says what went wrong, or nothing."""
    wish = {
        "hub.mode": "subscribe",
        "hub.topic": hub.topic,
        "hub.callback": f"{settings.PUBLIC_URL}{reverse('websub', args=[hub.key])}",
        "hub.secret": next(_secrets(hub.key)),
        "hub.lease_seconds": str(int(LEASE.total_seconds())),
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        answer = request("POST", hub.url, headers=headers, body=urlencode(wish), max_bytes=100_000, private=file.allow_private_addresses)
    except NoAnswer as error:
        return f"The hub could not be asked: {error.sentence} Postlark's own looks go on."
    if answer.status // 100 == 2:
        return ""
    return f"The hub refused to ring (status {answer.status}); Postlark's own looks go on, and it is asked again later."


def _pause(hub: Hub) -> timedelta:
    return min(AGAIN * (1 << min(hub.failures, 8)), A_DAY)


def confirmed(key: str, topic: str, lease: str) -> bool:
    """The hub asks whether we have asked. True: we have, and it rings from now on."""
    stated = int(lease) if lease.isdecimal() and len(lease) < 10 else 0
    granted = min(max(timedelta(seconds=stated), SHORTEST), LONGEST) if stated else LEASE
    now = clock.now()
    active = {"state": State.ACTIVE, "active_until": now + granted, "next_at": now + granted * RENEWED_AFTER, "failures": 0}
    return bool(Hub.objects.filter(key=key, topic=topic, blog__slug__in=list(blogs())).update(sentence="The hub rings.", **active))


def denied(key: str, topic: str) -> bool:
    """The hub will not ring. It is asked again tomorrow."""
    sentence = "The hub does not ring for this feed; Postlark's own looks go on, and it is asked again tomorrow."
    return bool(Hub.objects.filter(key=key, topic=topic).update(state=State.REFUSED, sentence=sentence, next_at=clock.now() + A_DAY))


def hub_of(key: str) -> Hub | None:
    return Hub.objects.select_related("blog").filter(key=key, blog__slug__in=list(blogs())).first()


def heard(hub: Hub) -> None:
    Hub.objects.filter(pk=hub.pk).update(heard_at=clock.now(), missed=0)


class Signature:
    """Checks X-Hub-Signature over a body that is read piece by piece."""

    def __init__(self, key: str, header: str) -> None:
        method, _, self._stated = header.strip().partition("=")
        known = method.lower() in METHODS
        self._running = [hmac.new(secret.encode(), digestmod=method.lower()) for secret in _secrets(key)] if known else []

    def update(self, piece: bytes) -> None:
        for each in self._running:
            each.update(piece)

    @property
    def is_right(self) -> bool:
        stated = self._stated.strip().lower().encode()
        return any(hmac.compare_digest(each.hexdigest().encode(), stated) for each in self._running)


def _secrets(key: str) -> Iterator[str]:
    """What the hub signs with, by our present key and by former ones. Nothing of it is stored."""
    for ours in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield salted_hmac("postlark.websub", key, secret=ours, algorithm="sha256").hexdigest()


def _unreachable(file: BlogFile) -> str:
    """Why no hub can ring here; nothing where it can."""
    if urlsplit(settings.PUBLIC_URL).scheme == "https" or file.allow_private_addresses:
        return ""
    return f"A hub could ring at once, but it cannot reach PUBLIC_URL ({settings.PUBLIC_URL}), which must be https; Postlark's own looks go on."


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and len(url) <= 2000 and url.isprintable()
