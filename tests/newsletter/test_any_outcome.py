"""Whatever a relay answers, in whatever order: nobody twice, the sum balances at every look, and it ends."""

from itertools import count

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from tests.newsletter.people import live_blog, make_subscriber, planned, send_to_the_end, the_sum
from worker import newsletter
from worker.channels.base import OutcomeUnknown, Rejected, Transient, Unauthorized
from worker.channels.carrier import Carrier, Handed, Intent
from worker.models import Connection, Delivery, Subscriber
from worker.newsletter import mail
from worker.newsletter.leave import unsubscribe

_numbers = count(1)
pytestmark = pytest.mark.django_db

ANSWERS = (
    "taken",
    "refused",
    "later",
    "later before the body",
    "refused before the body",
    "dropped",
    "leaves meanwhile",
    "relay gone",
    "login refused",
    "worker stops",
)


class Stopped(BaseException):
    """The worker is gone in the middle of a copy."""


class Whimsical(Carrier):
    """Answers as the script says; once the script is at its end, everything is taken."""

    def __init__(self, script: list[str], look) -> None:
        self.script, self.look = script, look
        self.copies: dict[int, list[str]] = {}

    def send(self, template, envelopes):
        for envelope in envelopes:
            self.look()
            answer = self.script.pop() if self.script else "taken"
            if answer == "relay gone":
                raise Transient("The relay is gone.")
            if answer == "login refused":
                raise Unauthorized("The relay knows nobody of that name.")
            if answer.endswith("before the body"):
                yield Handed(envelope.key, (Transient if answer.startswith("later") else Rejected)("No."))
                continue
            if answer == "leaves meanwhile":
                unsubscribe(Subscriber.objects.get(recipients=envelope.key))
            if (yield Intent(envelope.key)) is False:
                continue
            self.look()
            self.copies.setdefault(envelope.key, []).append(answer)
            if answer == "worker stops":
                raise Stopped
            error = {"refused": Rejected, "later": Transient, "dropped": OutcomeUnknown}.get(answer)
            yield Handed(envelope.key, error("No.") if error else None)


@hypothesis(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(st.sampled_from(ANSWERS), max_size=25))
def test_the_sum_balances_whatever_happens(settings, monkeypatch, script):
    blog = live_blog(slug=f"blog-{next(_numbers)}")
    for _ in range(5):
        make_subscriber(blog)
    delivery = planned(blog)
    carrier = Whimsical(script, lambda: the_sum(delivery))
    monkeypatch.setattr(mail, "carrier", lambda relay, **options: carrier)

    while delivery.state in ("sending", "pending"):
        try:
            send_to_the_end(delivery)
        except Stopped:
            the_next_one_looks(delivery)
        Connection.objects.update(broken="")
        Delivery.objects.filter(pk=delivery.pk, waits_for="person", state="pending").update(state="sending", waits_for="network")
        delivery.refresh_from_db()

    total = the_sum(delivery)
    assert total.waiting == 0
    for key, answers in carrier.copies.items():
        assert answers.count("taken") + answers.count("dropped") + answers.count("worker stops") <= 1, f"recipient {key} may have it twice"
    assert total.unknown == sum("dropped" in answers or "worker stops" in answers for answers in carrier.copies.values())
    assert total.sent == sum("taken" in answers for answers in carrier.copies.values())


def the_next_one_looks(delivery: Delivery) -> None:
    """The process is gone, and with it the lock on its journal: the sweep need not wait for the end of the lease."""
    newsletter.sweep()
    delivery.refresh_from_db()
    the_sum(delivery)
