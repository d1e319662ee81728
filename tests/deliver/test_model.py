"""Everything that can happen to one delivery, in any order: at most one post, and always a way to an end.

Processes die and stop at every crash point, answers are lost, late or refusals, posts show late, the sweep, the
reconciliation and a person act in between. What runs is the real code on the real database; see world.py.
"""

from collections.abc import Generator
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from tests.deliver.world import REFUSALS, ModelPoster, Process, World, world
from tests.factories import make_delivery
from worker import channels
from worker.deliver import reconcile, send, staff, sweep
from worker.models import Delivery

which = st.integers(0, 2)
MOST = 3


class Ledger(RuleBasedStateMachine):
    @initialize(refuses_duplicates=st.booleans(), reads_back=st.booleans())
    def begin(self, refuses_duplicates: bool, reads_back: bool) -> None:
        self.entered = world(refuses_duplicates=refuses_duplicates, reads_back=reads_back)
        self.world: World = self.entered.__enter__()

    def teardown(self) -> None:
        if not hasattr(self, "entered"):
            return
        try:
            self.world.settle_everything()
            delivery = self.world.delivery()
            there = self.world.posts_of(delivery)
            assert there == (delivery.state == "sent"), f"{delivery.state} with {there} posts: {delivery.reason}"
        finally:
            self.entered.__exit__(None, None, None)

    # Processes --------------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.world.processes) < MOST)
    @rule(job=st.sampled_from([send.send, send.send, reconcile.reconcile]))
    def a_process_starts(self, job: Any) -> None:
        self.world.start(lambda: job(self.world.deliveries[0].pk))

    @precondition(lambda self: len(self.world.processes) < MOST)
    @rule()
    def a_sweep_starts(self) -> None:
        self.world.start(sweep.sweep)

    @precondition(lambda self: self.world.processes)
    @rule(number=which, steps=st.integers(1, 6))
    def a_process_goes_on(self, number: int, steps: int) -> None:
        process = self.world.processes[number % len(self.world.processes)]
        for _ in range(steps):
            if not process.dead:
                process.go_on()

    @precondition(lambda self: self.world.processes)
    @rule(number=which)
    def a_process_dies(self, number: int) -> None:
        self.world.processes[number % len(self.world.processes)].die()

    # The network ------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.network.travelling)
    @rule(number=which, answered=st.booleans(), hidden=st.sampled_from([0.0, 0.5, 1.0]))
    def the_network_takes_it(self, number: int, answered: bool, hidden: float) -> None:
        travelling = self.world.network.travelling
        self.world.network.take(travelling[number % len(travelling)], answered=answered, hidden=hidden)

    @precondition(lambda self: self.world.network.travelling)
    @rule(number=which, error=st.sampled_from(list(REFUSALS.values())))
    def the_network_refuses_it(self, number: int, error: Exception) -> None:
        travelling = self.world.network.travelling
        self.world.network.refuse(travelling[number % len(travelling)], error)

    @precondition(lambda self: self.world.network.travelling)
    @rule(number=which)
    def it_is_lost_on_the_way(self, number: int) -> None:
        travelling = self.world.network.travelling
        self.world.network.lose(travelling[number % len(travelling)])

    @rule()
    def the_next_reading_fails(self) -> None:
        self.world.network.unreadable = True

    # Time and people --------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 11, 40, 89, 91, 121, 899, 901, 4000]), late_arrivals=st.booleans())
    def time_passes(self, seconds: int, late_arrivals: bool) -> None:
        self.world.pass_time(seconds, late_arrivals=late_arrivals)

    @rule(act=st.sampled_from(["hold", "release", "cancel", "resume", "pause", "settle"]), wait=st.booleans())
    def a_person_acts(self, act: str, wait: bool) -> None:
        """On what stands on the page; with `wait` the page has been open for a while."""
        process = self.world.start(lambda: self._act(act, wait))
        if not wait:
            assert process.dead

    def _act(self, act: str, wait: bool) -> None:
        delivery = self.world.delivery()
        if wait:
            self.world.pause("page open")
        with suppress(staff.Refused):
            if act in ("pause", "resume"):
                getattr(staff, act)(delivery.blog, delivery.channel, "staff")
            elif act == "settle":
                self._settle(delivery)
            else:
                getattr(staff, act)(delivery, "staff", "as agreed")

    def _settle(self, delivery: Any) -> None:
        """A person says what is so. Where Postlark cannot look, "not there" is said once nothing can be on its way."""
        there = self.world.posts_of(delivery)
        if there or self.world.network.reads_back or not self.world.network.travelling:
            staff.settle(delivery, "staff", sent=bool(there))

    # What always holds ------------------------------------------------------------------------------------------------

    @invariant()
    def at_most_one_post(self) -> None:
        if hasattr(self, "world"):
            assert self.world.posts_of(self.world.delivery()) <= 1

    @invariant()
    def the_row_says_what_happens_next(self) -> None:
        if not hasattr(self, "world"):
            return
        delivery = self.world.delivery()
        assert delivery.reason.endswith((".", "?")), delivery.reason
        moves_by_itself = {"clock": delivery.due_at, "network": delivery.due_at or delivery.lease_until}
        assert moves_by_itself.get(delivery.waits_for, True), f"{delivery.state} waits for {delivery.waits_for} without a time"
        assert (delivery.waits_for == "nothing") == (delivery.state in ("sent", "cancelled")), (
            f"{delivery.state} waits for {delivery.waits_for}"
        )


@pytest.fixture
def model_network(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Generator[None, None, None]:
    settings.BLOGS = {}
    monkeypatch.setitem(channels.all_channels(), "noticeboard", ModelPoster)
    return


def test_at_most_one_post_and_no_dead_end_whatever_happens(model_network: None) -> None:
    explore(60)


def explore(examples: int) -> None:
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            suppress_health_check=list(HealthCheck),
            database=None,
            report_multiple_bugs=False,
            phases=[Phase.generate],
        ),
    )


def test_a_resend_is_not_taken_for_the_post_that_went_out_before_it(model_network: None) -> None:
    """Same words, minutes later, and its answer lost: only a person can tell, and is asked."""
    with world(refuses_duplicates=False, reads_back=True) as there:
        there.run_out(there.start(lambda: send.send(there.deliveries[0].pk)))
        there.deliveries.append(make_delivery(there.post, "noticeboard", occasion="resend"))
        again = there.start(lambda: send.send(there.deliveries[1].pk))
        while again.at != "requested":
            again.go_on()
        again.die()
        there.pass_time(130)
        there.run_out(there.start(sweep.sweep))
        for _ in range(3):
            there.pass_time(920)
            there.run_out(there.start(lambda: reconcile.reconcile(there.deliveries[1].pk)))
        assert (there.delivery(0).state, there.delivery(1).state, there.delivery(1).waits_for) == ("sent", "unknown", "person")


# What each part of the protocol is for: one course of events, with the part and without it.


def request_lost_and_late(there: World) -> None:
    """The sender dies with its request under way; everybody is quick; then the request arrives after all."""
    sender = reach(there, "requested")
    sender.die()
    give_up_on_it(there)
    take_all(there)


def stopped_at_the_call(there: World) -> None:
    """The sender is stopped just before its request, for so long that a person has settled the matter; then it wakes."""
    sender = reach(there, "calling")
    give_up_on_it(there, between_looks=920)
    there.run_out(sender)
    take_all(there)


def frozen_before_the_call(there: World) -> None:
    """A machine whose clock stood still: no alarm rings when it wakes, and its claim has long been given away."""
    with mock.patch.object(send, "deadly", no_alarm):
        sender = reach(there, "opened")
    give_up_on_it(there)
    there.run_out(sender)
    take_all(there)


def reach(there: World, place: str) -> Process:
    sender = there.start(lambda: send.send(there.deliveries[0].pk))
    while sender.at != place:
        sender.go_on()
    return sender


def give_up_on_it(there: World, between_looks: float = 11) -> None:
    """The lease ends, Postlark looks twice, a person says that it is not there, it goes out again."""
    there.pass_time(121)
    there.run_out(there.start(sweep.sweep))
    for _ in range(2):
        there.pass_time(between_looks)
        there.run_out(there.start(lambda: reconcile.reconcile(there.deliveries[0].pk)))
    with suppress(staff.Refused):
        staff.settle(there.delivery(), "staff", sent=False)
    again = there.start(lambda: send.send(there.deliveries[0].pk))
    while not again.dead:
        for request in there.network.travelling:
            if request.sender is again:
                there.network.take(request)
        again.go_on()


def take_all(there: World) -> None:
    for request in there.network.travelling:
        there.network.take(request, answered=False)


def no_alarm(length: timedelta) -> AbstractContextManager[None]:
    return nullcontext()


def never_ask_the_row(delivery: Delivery, reason: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("events", "where", "part", "left_out"),
    [
        (request_lost_and_late, send, "commit_calling", never_ask_the_row),
        (request_lost_and_late, ModelPoster, "settle", timedelta(0)),
        (stopped_at_the_call, send, "deadly", no_alarm),
        (frozen_before_the_call, send, "commit_calling", never_ask_the_row),
    ],
    ids=["the second commit", "the settling time", "the deadline that kills", "the row asked before the call"],
)
def test_without_this_part_it_would_be_doubled(model_network: None, events: Any, where: Any, part: str, left_out: Any) -> None:
    with world(refuses_duplicates=False, reads_back=True) as there:
        events(there)
        assert there.posts_of(there.delivery()) == 1
    with world(refuses_duplicates=False, reads_back=True) as there, mock.patch.object(where, part, left_out):
        events(there)
        assert there.posts_of(there.delivery()) == 2
