"""Whatever people do while newsletters go out: no mailbox has two copies of one, and none is written to that has been left."""

from collections import Counter
from itertools import count

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from tests.factories import make_post
from tests.newsletter.people import begin, live_blog, make_newsletter, send_to_the_end, send_what_is_due, the_sum
from worker import newsletter
from worker.channels.base import Rejected, Transient
from worker.channels.carrier import Carrier, Handed, Intent
from worker.lib.address import read_address
from worker.models import Blog, Delivery, Subscriber
from worker.newsletter import mail
from worker.newsletter.confirm import confirm
from worker.newsletter.leave import unsubscribe
from worker.newsletter.sign_up import Wish, ask
from worker.newsletter.suppress import suppression_of

pytestmark = pytest.mark.django_db
_numbers = count(1)
MAILBOXES = st.sampled_from(["ann@a.example", "ann@b.example", "bob@c.example"])
STEPS = st.one_of(
    st.tuples(st.just("signs up"), MAILBOXES),
    st.tuples(st.just("moves"), MAILBOXES, MAILBOXES),
    st.tuples(st.just("leaves"), MAILBOXES),
    st.tuples(st.just("goes out"), st.dictionaries(MAILBOXES, st.sampled_from(["busy", "refuses"]))),
    st.tuples(st.just("goes on")),
    st.tuples(st.just("is sent again"), st.sampled_from(["missing", "failed", "new"])),
)


class Mailboxes(Carrier):
    """`moods`: which of them are busy, or refuse. `has`: copies by newsletter and mailbox."""

    def __init__(self, blog: Blog) -> None:
        self.blog, self.moods, self.has = blog, dict[str, str](), Counter[tuple[str, str]]()

    def send(self, template, envelopes):
        title = dict(template.headers)["Subject"]
        for envelope in envelopes:
            mood = self.moods.get(envelope.address)
            if mood:
                yield Handed(envelope.key, (Transient if mood == "busy" else Rejected)("No."))
            elif (yield Intent(envelope.key)) is not False:
                assert suppression_of(self.blog.pk, envelope.address) is None, f"{envelope.address} was left"
                self.has[title, envelope.address] += 1
                yield Handed(envelope.key, None)


class World:
    def __init__(self, monkeypatch) -> None:
        self.blog = live_blog(slug=f"blog-{next(_numbers)}")
        self.mailboxes = Mailboxes(self.blog)
        self.deliveries: list[Delivery] = []
        self.moved_from: set[str] = set()
        monkeypatch.setattr(mail, "carrier", lambda relay, **options: self.mailboxes)

    def reader_at(self, mailbox: str) -> Subscriber | None:
        return Subscriber.objects.filter(blog=self.blog, address_key=mailbox, state="confirmed").select_related("blog").first()

    def says_yes(self, mailbox: str, kind: str, reader: Subscriber | None = None) -> None:
        machine = f"10.{next(_numbers) % 250}.{next(_numbers) % 250}.1"  # each from a network of their own: floods are another test's
        confirm(ask(self.blog, Wish(read_address(mailbox), "en-CA", [], "instant"), machine, kind=kind, subscriber=reader), "")

    def signs_up(self, mailbox: str) -> None:
        self.somebody_begins_at(mailbox)
        self.says_yes(mailbox, "join")

    def moves(self, mailbox: str, to: str) -> None:
        if reader := self.reader_at(mailbox):
            self.somebody_begins_at(to)
            self.says_yes(to, "move", reader)
            self.moved_from = (self.moved_from | {mailbox}) - {to}

    def somebody_begins_at(self, mailbox: str) -> None:
        """Where a reader has moved away from, nobody knows any more what came there."""
        if mailbox in self.moved_from:
            self.moved_from.discard(mailbox)
            self.mailboxes.has = Counter({had: copies for had, copies in self.mailboxes.has.items() if had[1] != mailbox})

    def leaves(self, mailbox: str) -> None:
        if reader := self.reader_at(mailbox):
            unsubscribe(reader)

    def goes_out(self, moods: dict[str, str]) -> None:
        self.begins(make_newsletter(make_post(self.blog)), moods)

    def is_sent_again(self, audience: str) -> None:
        if self.deliveries:
            self.goes_on()
            self.begins(make_newsletter(self.deliveries[-1].post, occasion="resend", audience=audience), {})

    def begins(self, delivery: Delivery, moods: dict[str, str]) -> None:
        self.mailboxes.moods = moods
        begin(delivery)
        send_what_is_due(delivery)
        newsletter.finish(delivery)
        self.mailboxes.moods = {}
        self.deliveries.append(delivery)

    def goes_on(self) -> None:
        for delivery in self.deliveries:
            delivery.refresh_from_db()
            send_to_the_end(delivery)
            the_sum(delivery)


@hypothesis(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=14))
@example(
    steps=[
        *(("signs up", "ann@a.example"), ("signs up", "ann@b.example"), ("goes out", {"ann@a.example": "busy"})),
        *(("moves", "ann@a.example", "ann@b.example"), ("goes on",), ("is sent again", "missing")),
    ]
)
def test_no_mailbox_has_two_copies_and_none_is_written_to_that_was_left(settings, monkeypatch, steps):
    world = World(monkeypatch)
    for step, *more in steps:
        getattr(world, step.replace(" ", "_"))(*more)
    world.goes_on()
    assert [had for had, copies in world.mailboxes.has.items() if copies > 1] == []
