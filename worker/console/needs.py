"""What stands on top: each thing that only a person can move on, with the one button that does."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.db.models import Sum as Total
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from worker.connections import warn
from worker.console import words
from worker.console.access import Desk, file_of, name_of
from worker.deliver.approval import is_approver
from worker.lib import room
from worker.lib.language import said
from worker.models import Batch, Connection, Delivery, Post
from worker.newsletter import complaints, lapse
from worker.newsletter.mail import mailbox_name
from worker.newsletter.returns import mailboxes
from worker.record.needs import HELD_TOGETHER, NEEDS_YOU

MOST_SHOWN = 10
THE_COMPUTER = "The computer that Postlark runs on:"
NO_ROOM = "Its disk is full, so nothing goes out. Tell whoever looks after it; once there is room, Postlark goes on by itself."
State = Delivery.State


@dataclass(frozen=True)
class Need:
    about: str
    """Which post and channel, or which blog."""
    sentence: str
    button: str
    address: str


@dataclass(frozen=True)
class Needs:
    shown: tuple[Need, ...]
    more: bool
    """There are others; the last one shown leads to all of them."""

    @property
    def number(self) -> int:
        return len(self.shown) - self.more


def what_needs_a_person(desk: Desk) -> Needs:
    """The newest first, the machine and blogs in trouble before all."""
    together = _together(desk)
    found = [
        *_no_room(),
        *_troubled_blogs(desk),
        *_complaints(desk),
        *_lapses(desk),
        *_mailboxes(desk),
        *_ending_connections(desk),
        *(_need_together(desk, *of_a_cause, number) for of_a_cause, number in together.items()),
        *_deliveries(desk, but_for=together),
        *_unknown_readers(desk),
    ]
    rest = len(found) - MOST_SHOWN
    if rest <= 0:
        return Needs(tuple(found), more=False)
    many = "More things wait" if rest > 1 else "One more thing waits"
    last = Need(f"{many} for a person.", "The record shows them all.", "Show them", reverse("log") + "?state=needs-you")
    return Needs((*found[:MOST_SHOWN], last), more=True)


def _no_room() -> Iterator[Need]:
    if not room.is_left():
        yield Need(THE_COMPUTER, NO_ROOM, "See the health…", reverse("health"))


def _troubled_blogs(desk: Desk) -> Iterator[Need]:
    for blog in desk.blogs.values():
        if blog.told:
            yield Need(name_of(blog), blog.told, "See the blog", reverse("health") + f"#{blog.slug}")


def _complaints(desk: Desk) -> Iterator[Need]:
    for pk, sentence in complaints.warnings(desk.blogs, timezone.now()).items():
        yield Need(name_of(desk.blogs[pk]), sentence, "See who reads…", reverse("subscribers"))


def _lapses(desk: Desk) -> Iterator[Need]:
    for blog in desk.blogs.values():
        if sentence := lapse.warning(blog):
            yield Need(name_of(blog), sentence, "Ask them…", reverse("subscribers") + f"?state=ending&blog={blog.slug}")


def _mailboxes(desk: Desk) -> Iterator[Need]:
    """Once each, however many of the desk's blogs share it."""
    for name in sorted({mailbox_name(file) for blog in desk.blogs.values() if (file := file_of(blog))}):
        if sentence := mailboxes.sentence(name):
            yield Need("What comes back:", sentence, "See the health…", reverse("health"))


def _ending_connections(desk: Desk) -> Iterator[Need]:
    """Of channels that are live; what is broken already shows by the posts that wait for it."""
    now = timezone.now()
    soon = now + timedelta(days=max(warn.DAYS))
    rows = Connection.objects.filter(blog__in=desk.blogs, expires_at__lte=soon, broken="").exclude(credentials="").select_related("blog")
    for row in rows.order_by("expires_at"):
        file = file_of(row.blog)
        if file and row.channel in file.channels and file.channels[row.channel].mode == "live":
            yield Need(name_of(row.blog), warn.sentence(row, now), "Connect again…", reverse("connections") + f"#{row.blog.slug}")


def _together(desk: Desk) -> dict[tuple[int, str], int]:
    """(blog, cause) -> how many are held for it, where it is more than one."""
    of_a_cause = {cause: Count("pk", filter=held) for cause, held in HELD_TOGETHER.items()}
    held = Delivery.objects.filter(NEEDS_YOU, state=State.HELD, blog__in=desk.blogs).order_by().values("blog")
    rows = held.annotate(**of_a_cause).values_list("blog", *of_a_cause)
    return {(blog, cause): number for blog, *numbers in rows for cause, number in zip(of_a_cause, numbers, strict=True) if number > 1}


def _need_together(desk: Desk, blog: int, cause: str, number: int) -> Need:
    sentence = {
        "held-burst": f"Many posts appeared at once, so {number} deliveries are held. Send them or leave them out, one by one or all together.",
        "held-late": f"{number} deliveries have waited too long to go out by themselves. Send them or leave them out, one by one or all together.",
        "held-page": f"The pages that {number} deliveries lead to are not in order, or closed to Postlark. Look at them; then send these or leave them out, one by one or all together.",
    }[cause]
    name, slug = name_of(desk.blogs[blog]), desk.blogs[blog].slug
    return Need(name, sentence, "Send or cancel them…", reverse("log") + "?" + urlencode({"blog": slug, "state": cause}))


def _deliveries(desk: Desk, but_for: Collection[tuple[int, str]]) -> Iterator[Need]:
    """Those that wait for the same mending (a paused or broken connection) or the same answer are one line."""
    rows = Delivery.objects.filter(NEEDS_YOU, blog__in=desk.blogs).select_related("blog", "post", "issue").order_by("-created_at", "-pk")
    for blog, held_for in but_for:
        rows = rows.exclude(Q(blog=blog) & HELD_TOGETHER[held_for])
    told: set[tuple[object, ...]] = set()
    for delivery in rows[: MOST_SHOWN * 10]:
        asked = _once_for_its_post(delivery)
        cause = (delivery.post_id,) if asked else (delivery.blog_id, delivery.channel, delivery.reason)
        if (delivery.state != State.PENDING and not asked) or cause not in told:
            told.add(cause)
            yield _need(delivery, desk)


def _is_asked(delivery: Delivery) -> bool:
    """Whether its post is one we know: answered once for all channels."""
    return bool(
        delivery.state == State.HELD and delivery.post and delivery.post.origin == Post.Origin.UNSURE and delivery.post.resembles_id
    )


def _for_approval(delivery: Delivery) -> bool:
    """Read and given once for all channels of a post."""
    return delivery.state == State.HELD and delivery.held_for == Delivery.HeldFor.APPROVAL


def _once_for_its_post(delivery: Delivery) -> bool:
    return _is_asked(delivery) or (_for_approval(delivery) and delivery.post_id is not None)


def _need(delivery: Delivery, desk: Desk) -> Need:
    title = words.title(delivery)
    about = _("“{title}”, {channel}:").format(title=title, channel=said(words.channel_name(delivery.channel)))
    if _once_for_its_post(delivery):
        about = _("“{title}”:").format(title=title)
    return Need(about, delivery.reason, *_way_out(delivery, desk))


def _way_out(delivery: Delivery, desk: Desk) -> tuple[str, str]:
    """The button, and where it leads."""
    page = reverse("delivery", args=[delivery.pk])
    if _is_asked(delivery):
        return "Compare them…", reverse("post", args=[delivery.post_id])
    if _for_approval(delivery):
        button = "Read and approve…" if is_approver(file_of(delivery.blog), desk.staff.email) else "Read it…"
        return button, reverse("approve", args=[delivery.post_id]) if delivery.post_id else page
    if delivery.state == State.PENDING:
        place = "health" if "paused by" in delivery.reason or delivery.channel == "email" else "connections"
        return "Mend it…", reverse(place) + f"#{desk.blogs[delivery.blog_id].slug}"
    if delivery.held_for == Delivery.HeldFor.REFUSALS:
        return "Go on or stop…", page
    if delivery.state in _ON_ITS_PAGE:
        return _ON_ITS_PAGE[delivery.state], page
    return "Resend…", reverse("send", args=[delivery.post_id, delivery.channel]) if delivery.post_id else page


_ON_ITS_PAGE: dict[str, str] = {
    State.HELD: "Release or skip…",
    State.UNKNOWN: "Answer…",
    State.SENT: "Withdraw or leave…",
}


def _unknown_readers(desk: Desk) -> Iterator[Need]:
    rows = Batch.objects.filter(unknown__gt=0, delivery__blog__in=desk.blogs, delivery__state__in=[State.SENT, State.CANCELLED])
    found = list(rows.values("delivery").annotate(people=Total("unknown")).order_by("-delivery")[:MOST_SHOWN])
    about = Delivery.objects.select_related("post", "issue").in_bulk([row["delivery"] for row in found])
    for row in found:
        sentence = (
            "The line broke while 1 reader was being mailed, so they may or may not have it."
            if row["people"] == 1
            else f"The line broke while {row['people']} readers were being mailed, so they may or may not have it."
        )
        yield Need(
            _("“{title}”, {channel}:").format(title=words.title(about[row["delivery"]]), channel=said("E-mail")),
            sentence,
            "Answer…",
            reverse("delivery", args=[row["delivery"]]),
        )
