"""Everything that can happen to one delivery, in any order: at most one post, and always a way to an end.

Processes die and stop at every crash point, answers are lost, late or refusals, posts show late, the sweep, the
reconciliation and a person act in between. What runs is the real code on the real database; see world.py.
"""

from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from tests.deliver.world import REFUSALS, ModelPoster, World, world
from worker import channels
from worker.deliver import reconcile, send, staff, sweep

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
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=100,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            report_multiple_bugs=False,
            phases=[Phase.generate],
        ),
    )
