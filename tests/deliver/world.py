"""A world in which time, processes and the network do as they are told, around the real worker.deliver on a real database.

A process is a greenlet: it runs until it reaches a crash point or talks to the network, and lies there until it is told to
go on, or dies. Stopping it there for as long as one likes is what SIGSTOP does, dropping it what kill -9 does. Only one
runs at a time and none stops inside a transaction, so one database connection serves all of them.
"""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from unittest import mock

import time_machine
from django.db import connection, transaction
from greenlet import getcurrent, greenlet

from tests import clocks
from tests.factories import NOON, make_blog, make_delivery, make_post
from worker import channels
from worker.channels.base import (
    CredentialKeys,
    Limits,
    Look,
    Message,
    OutcomeUnknown,
    Poster,
    Receipt,
    RefusedAsDuplicate,
    Rejected,
    Transient,
    Unauthorized,
)
from worker.deliver import reconcile, send, staff, sweep
from worker.lib import crash
from worker.models import Delivery

SETTLE = timedelta(minutes=15)
LEASE = timedelta(minutes=2)
REFUSALS = {
    "slow down": Transient("Slow down.", retry_after=timedelta(seconds=90), cooldown=True),
    "not like this": Rejected("Not like this."),
    "who are you": Unauthorized("Who are you?"),
}


class Died(BaseException):
    """What is thrown where a process is killed: nothing of ours may catch it."""


class Process(greenlet):
    """One operating system process at its one task. `at` names the place where it lies."""

    at = ""
    deadline: datetime | None = None

    def __init__(self, world: "World", job: Callable[[], object]) -> None:
        super().__init__(self._live)
        self._world, self._job = world, job

    def _live(self) -> None:
        try:
            self._job()
        except Died:
            self.at = "dead"

    def go_on(self) -> None:
        """Woken after its deadline, the alarm rings before anything else happens."""
        if self.deadline and clocks.now() >= self.deadline:
            self.die()
        else:
            self._wake(self.switch)

    def die(self) -> None:
        self._wake(lambda: self.throw(Died))

    def _wake(self, call: Callable[[], object]) -> None:
        try:
            call()
        finally:
            if self.dead:
                self._world.processes.remove(self)


@dataclass
class Request:
    """A request that has left. Its network may take it for as long as a post may take to show."""

    sender: Process
    message: Message
    gone_at: datetime
    answer: Receipt | Exception | None = None
    judged: bool = False


@dataclass
class Posted:
    number: int
    message: Message
    at: datetime
    shows_at: datetime


@dataclass
class Network:
    refuses_duplicates: bool
    reads_back: bool
    posts: list[Posted] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    unreadable: bool = False

    @property
    def travelling(self) -> list[Request]:
        return [request for request in self.requests if not request.judged]

    def twin(self, message: Message) -> Posted | None:
        return next((post for post in self.posts if (post.message.text, post.message.link) == (message.text, message.link)), None)

    def take(self, request: Request, *, hidden: float = 0.0, answered: bool = True) -> None:
        """It arrives. `hidden`: for which share of the longest time the post does not show when reading back."""
        request.judged = True
        twin = self.twin(request.message)
        if twin and self.refuses_duplicates:
            answer: Receipt | Exception = RefusedAsDuplicate("It is there already.", remote_id=str(twin.number))
        else:
            now = clocks.now()
            latest = max(request.gone_at + SETTLE, now)
            self.posts.append(Posted(len(self.posts) + 1, request.message, now, now + (latest - now) * hidden))
            answer = Receipt(str(len(self.posts)), f"https://network.example/{len(self.posts)}")
        if answered:
            request.answer = answer

    def refuse(self, request: Request, error: Exception) -> None:
        request.judged, request.answer = True, error

    def lose(self, request: Request) -> None:
        request.judged = True

    def show(self, message: Message, since: datetime) -> Look:
        if self.unreadable:
            self.unreadable = False
            raise Transient("It can't be read.")
        seen = [post for post in self.posts if post.shows_at <= clocks.now() and post.at >= since]
        ours = [post for post in seen if (post.message.text, post.message.link) == (message.text, message.link)]
        return Look(Receipt(str(ours[-1].number), f"https://network.example/{ours[-1].number}") if ours else None, len(seen))


class ModelPoster(Poster):
    """Stands in the place of the noticeboard's adapter, so that blog files can name it."""

    slug, name = "noticeboard", "Noticeboard"
    limits = Limits(text=500)
    settle = SETTLE
    shapes = (CredentialKeys(),)
    world: ClassVar["World"]

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.reads_back = self.world.network.reads_back
        self.refuses_duplicates = self.world.network.refuses_duplicates

    def prepare(self, message: Message) -> Message:
        self.world.pause("uploading")
        return message

    def send(self, message: Message) -> Receipt:
        request = Request(self.world.running(), message, clocks.now())
        self.world.network.requests.append(request)
        self.world.pause("requested")
        if isinstance(request.answer, Receipt):
            return request.answer
        raise request.answer or OutcomeUnknown("No answer came.")

    def find(self, message: Message, since: datetime) -> Look:
        self.world.pause("about to look")
        look = self.world.network.show(message, since)
        self.world.pause("looked")
        return look


class World:
    """One post of one blog that is due on one network; everything else happens by calling methods."""

    def __init__(self, clock: time_machine.Traveller, *, refuses_duplicates: bool, reads_back: bool) -> None:
        self.clock = clock
        self.network = Network(refuses_duplicates, reads_back)
        self.processes: list[Process] = []
        self.main = getcurrent()
        ModelPoster.world = self
        blog = make_blog(channels={"noticeboard": {"mode": "live"}})
        self.post = make_post(blog, page_looked_at=NOON + timedelta(days=365))  # its page stays in order, and is no part of this
        self.deliveries = [make_delivery(self.post, "noticeboard")]
        self._depth = len(connection.savepoint_ids)

    # Processes --------------------------------------------------------------------------------------------------------

    def start(self, job: Callable[[], object]) -> Process:
        process = Process(self, job)
        self.processes.append(process)
        process.go_on()
        return process

    def running(self) -> Process:
        process = getcurrent()
        assert isinstance(process, Process)
        return process

    def pause(self, where: str) -> None:
        assert len(connection.savepoint_ids) == self._depth, f"a transaction is open at {where}"
        process = self.running()
        process.at = where
        self.main.switch()

    @contextmanager
    def deadly(self, length: timedelta) -> Generator[None, None, None]:
        process = self.running()
        process.deadline = clocks.now() + length
        yield
        process.deadline = None

    def run_out(self, process: Process) -> None:
        """Let it go on to its end; the network takes what it asks for."""
        while not process.dead:
            for request in self.network.travelling:
                if request.sender is process:
                    self.network.take(request)
            process.go_on()

    # Time and its consequences ----------------------------------------------------------------------------------------

    def pass_time(self, seconds: float, *, late_arrivals: bool = False) -> None:
        """A request is on its way for no longer than a post may take to show: then it has arrived, or never will."""
        until = clocks.now() + timedelta(seconds=seconds)
        for request in self.network.travelling:
            if request.gone_at + SETTLE <= until:
                self.clock.move_to(max(request.gone_at + SETTLE, clocks.now()))
                self.network.take(request, answered=False) if late_arrivals else self.network.lose(request)
        self.clock.move_to(until)

    def delivery(self, number: int = 0) -> Delivery:
        return Delivery.objects.select_related("blog", "post", "rendition").get(pk=self.deliveries[number].pk)

    def posts_of(self, delivery: Delivery) -> int:
        return sum(post.message.text == delivery.rendition.text for post in self.network.posts)

    def settle_everything(self) -> None:
        """Nobody dies any more, the network is kind, and whoever is asked for acts: every delivery must come to an end."""
        for process in list(self.processes):
            self.run_out(process)
        for _ in range(60):
            open_ones = [each for number in range(len(self.deliveries)) if (each := self.delivery(number)).state not in ENDS]
            if not open_ones:
                return
            for delivery in open_ones:
                self._person(delivery)
            for job in self._due():
                self.run_out(self.start(job))
            self.pass_time(300)
        raise AssertionError(f"a dead end: {[(each.state, each.waits_for, each.reason) for each in open_ones]}")

    def _due(self) -> Generator[Callable[[], object], None, None]:
        yield sweep.sweep
        for pk in sweep.deliveries_due():
            yield lambda pk=pk: send.send(pk)
        for pk in sweep.looks_due():
            yield lambda pk=pk: reconcile.reconcile(pk)

    def _person(self, delivery: Delivery) -> None:
        if delivery.waits_for != "person":
            return
        if delivery.state == "unknown":
            with suppress(staff.Refused):  # too early: the request may still be on its way
                staff.settle(delivery, "staff", sent=bool(self.posts_of(delivery)))
        elif delivery.state == "held":
            staff.release(delivery, "staff")
        else:
            staff.resume(delivery.blog, delivery.channel, "staff")


ENDS = {"sent", "failed", "cancelled"}


@contextmanager
def world(*, refuses_duplicates: bool, reads_back: bool) -> Generator[World, None, None]:
    """Whatever happens in it is taken back at its end."""
    before = transaction.savepoint()
    with ExitStack() as stack:
        clock = stack.enter_context(clocks.stopped(NOON))
        made = World(clock, refuses_duplicates=refuses_duplicates, reads_back=reads_back)
        for target, name, value in _wiring(made):
            stack.enter_context(mock.patch.object(target, name, value))
        yield made
        for process in list(made.processes):
            process.die()
    transaction.savepoint_rollback(before)


def _wiring(made: World) -> list[tuple[Any, str, Any]]:
    """Crash points and the deadline's alarm belong to the world."""
    admit, died_before, died_calling = send.admit, sweep._holder_died_before, sweep._holder_died_calling

    def after_pause(where: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def paused(*args: Any) -> Any:
            made.pause(where)
            return function(*args)

        return paused

    return [
        (crash, "_armed", _Every()),
        (crash, "_fire", made.pause),
        (send, "deadly", made.deadly),
        (send, "admit", after_pause("read", admit)),
        (sweep, "_holder_died_before", after_pause("found abandoned", died_before)),
        (sweep, "_holder_died_calling", after_pause("found abandoned", died_calling)),
    ]


class _Every:
    def __bool__(self) -> bool:
        return True

    def __contains__(self, name: str) -> bool:
        return True


assert channels  # ModelPoster is put among them by the test
