import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import ROOT, until
from worker.management.supervisor import Child, pause_before_restart

FAMILY = """
import sys, time
from pathlib import Path
from worker.management.supervisor import Child, Supervisor, program
folder = Path(sys.argv[1])
def note(name): (folder / "order").open("a").write(name + "\\n")
def stubborn():
    import signal
    signal.signal(signal.SIGTERM, lambda *_: note("stubborn was asked"))
    (folder / "stubborn").touch()
    while True: time.sleep(1)
def tidy():
    import signal
    signal.signal(signal.SIGTERM, lambda *_: (note("tidy was asked"), sys.exit(0)))
    (folder / "tidy").touch()
    time.sleep(1000)
children = [Child("tidy", tidy), Child("stubborn", stubborn, patience=2), Child("sleeper", program(["/bin/sleep", "1000"], folder))]
Supervisor(children, lambda line: note(line)).run(lambda: True, lambda: (folder / "ready").touch())
note("left")
"""


@contextmanager
def supervising(folder: Path, script: str) -> Iterator["subprocess.Popen[bytes]"]:
    (folder / "order").touch()
    process = subprocess.Popen([sys.executable, "-c", script, str(folder)], cwd=ROOT)
    try:
        until(lambda: all((folder / name).exists() for name in ("tidy", "stubborn", "ready")), "all run")
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(("deaths", "seconds"), [(1, 0.5), (2, 1), (3, 2), (4, 4), (7, 30), (100_000, 30)])
def test_the_pause_doubles_and_has_a_limit(deaths, seconds):
    assert pause_before_restart(deaths) == seconds


def test_a_child_that_ran_a_while_starts_from_the_shortest_pause_again():
    child = Child("web", lambda: None)
    child.started = 0
    child.note_death(now=1)
    child.note_death(now=2)
    assert child.deaths == 2
    assert "started again in 0.5 s" in child.note_death(now=100)
    assert child.restart_at == 100.5


@pytest.mark.processes
def test_it_stops_its_children_in_order_and_kills_who_does_not_listen(tmp_path):
    with supervising(tmp_path, FAMILY) as process:
        process.terminate()
        assert process.wait(30) == 0
    assert (tmp_path / "order").read_text().splitlines() == ["Stopping ...", "tidy was asked", "stubborn was asked", "left"]


@pytest.mark.processes
def test_a_second_ctrl_c_ends_the_patience(tmp_path):
    with supervising(tmp_path, FAMILY.replace("patience=2", "patience=1000")) as process:
        process.send_signal(signal.SIGINT)
        until(lambda: "stubborn was asked" in (tmp_path / "order").read_text(), "it waits for the stubborn one")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


@pytest.mark.processes
# prctl(PR_SET_PDEATHSIG) is Linux's own: https://man7.org/linux/man-pages/man2/prctl.2.html
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_a_grandchild_that_asks_for_it_dies_with_its_parent(tmp_path):
    script = """
import os, sys, time
from pathlib import Path
from worker.lib.parent import die_with_parent
if os.fork() == 0:
    die_with_parent()
    Path(sys.argv[1], "child").write_text(str(os.getpid()))
    time.sleep(1000)
time.sleep(1000)
"""
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT)
    child = int(until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text(), "the child runs"))
    process.kill()
    process.wait()
    until(lambda: not _runs(child), "the child is gone")


def _runs(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.processes
def test_a_fork_whose_parent_is_gone_already_ends_itself():
    script = """
import os, time
from worker.lib import parent
if os.fork() == 0:
    while os.getppid() == parent._forked_by:
        time.sleep(0.01)
    parent.die_with_parent()
    os.write(1, b"alive")
"""
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=30, check=False)
    assert answer.stdout == (b"" if sys.platform == "linux" else b"alive")
