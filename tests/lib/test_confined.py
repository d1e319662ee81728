"""What a stranger's text may cost, and that it costs no more."""

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from worker.lib.confined import Limits, Stopped, confined

LIMITS = Limits(cpu=0.3, memory=50_000_000, answer=1_000_000, patience=20.0)
# Elsewhere the product sets no limit of memory (worker/lib/confined.py), so there is none to test.
linux = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is limited on Linux only")


def test_what_it_yields_comes_back_whole() -> None:
    pieces = [b"a" * 300_000, b"", b"b" * 300_000]
    assert confined(lambda: pieces, LIMITS) == b"".join(pieces)


def test_it_changes_nothing_here() -> None:
    here: list[int] = []

    def work() -> Iterator[bytes]:
        here.append(1)
        yield b"done"

    assert confined(work, LIMITS) == b"done"
    assert here == []


def _endless() -> Iterator[bytes]:
    while True:
        pass
    yield b""


def _in_a_regular_expression() -> Iterable[bytes]:
    re.match(r"(a+)+$", "a" * 60 + "b")
    return []


def _hungry() -> Iterable[bytes]:
    return [bytes(400_000_000)[:1]]


def _talkative() -> Iterator[bytes]:
    while True:
        yield b"word " * 10_000


def _killed() -> Iterable[bytes]:
    os.kill(os.getpid(), signal.SIGKILL)
    return []


@pytest.mark.parametrize(
    "work",
    [_endless, _in_a_regular_expression, pytest.param(_hungry, marks=linux), _talkative, _killed],
    ids=lambda work: work.__name__.strip("_"),
)
def test_what_goes_too_far_is_stopped(work: Callable[[], Iterable[bytes]]) -> None:
    with pytest.raises(Stopped):
        confined(work, LIMITS)


def test_what_sleeps_is_not_waited_for_longer_than_told() -> None:
    limits = Limits(cpu=1.0, memory=50_000_000, answer=1000, patience=0.2)
    with pytest.raises(Stopped):
        confined(lambda: iter([time.sleep(100) or b""]), limits)


def test_a_mistake_in_the_work_is_told_and_stops_it(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Stopped):
        confined(lambda: [bytes(1 // 0)], LIMITS)
    assert "ZeroDivisionError" in capfd.readouterr().err


@linux
def test_it_leaves_no_process_behind() -> None:
    def children() -> str:
        return Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text()

    before = children()
    with pytest.raises(Stopped):
        confined(_endless, LIMITS)
    confined(lambda: [b"done"], LIMITS)
    assert children() == before


def test_threads_of_a_web_process_can_use_it_at_once() -> None:
    answers: list[bytes] = []
    threads = [threading.Thread(target=lambda n=n: answers.append(confined(lambda: [b"%d" % n], LIMITS))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [b"%d" % n for n in range(8)]
