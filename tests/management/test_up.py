"""`postlark up`, as real processes in a folder of their own."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.processes import ROOT, Installation, alive_in, end, free_port, until
from worker.management.commands import up as command

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(240),
    # The product needs no /proc; only these tests' way of finding every child does.
    pytest.mark.skipif(sys.platform != "linux", reason="it looks for processes in /proc"),
]

EXAMPLE = (ROOT / "config" / "blogs" / "example.toml").read_text()


class Running:
    """An installation that is up, and what it has printed so far."""

    def __init__(self, here: Installation, process: "subprocess.Popen[bytes]", output: Path) -> None:
        self.here = here
        self.process = process
        self._output = output
        self.address = f"http://{here.environment['LISTEN']}"

    @property
    def said(self) -> str:
        return self._output.read_text()

    def page(self, path: str = "/healthz") -> str:
        """The page, or nothing while it does not answer."""
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(self.address + path, timeout=5) as response:
            text: str = response.read().decode()
            return text
        return ""

    def rehearsed(self) -> list[str]:
        """The channels for which the newest post has been rehearsed."""
        answer = self.here.run("log", "--json", "--state", "rehearsed")
        return sorted(delivery["channel"] for delivery in json.loads(answer.stdout or "[]"))

    def child(self, name: str) -> int:
        """The process id of one child, by what it does."""
        for pid in alive_in(self.here.data):
            if _parent(pid) == self.process.pid and self._does(pid) == name:
                return pid
        return 0

    def _does(self, pid: int) -> str:
        try:
            name, command = Path(f"/proc/{pid}/comm").read_text().strip(), Path(f"/proc/{pid}/cmdline").read_text()
        except OSError:  # it has ended since
            return ""
        return {"valkey-server": "broker"}.get(name, "example blog" if "examples.blog" in command else name)


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def installation(folder: Path, **environment: str) -> Installation:
    here = Installation(folder, LISTEN=f"127.0.0.1:{free_port()}", SWEEP="1s", **environment)
    (here.blogs / "example.toml").write_text(EXAMPLE.replace(":8010/", f":{free_port()}/"))
    return here


@contextmanager
def up(here: Installation, *options: str) -> Iterator[Running]:
    output = here.data.parent / "output"
    output.unlink(missing_ok=True)
    with here.running("up", *(options or ("--example",)), output=output) as process:
        running = Running(here, process, output)
        until(lambda: "Postlark is running" in running.said or process.poll() is not None, "it says that it runs", 90)
        yield running


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return installation(tmp_path)


def left_behind(here: Installation) -> list[str]:
    """Files that only a running copy may have."""
    kept = re.compile(r"postlark\.sqlite3|rehearsal|journal|images|tidied|.*_keys?")
    return sorted(path.name for path in here.data.iterdir() if not kept.fullmatch(path.name))


def test_the_example_stands_in_the_console_on_all_five_channels_and_a_stop_leaves_nothing(here):
    with up(here) as running:
        assert json.loads(running.page()) == {"ok": True, "sentence": "The database answers and fits the code."}
        assert "postlark_oldest_due_seconds" in running.page("/metrics")
        assert f"{running.address}/" in running.said
        assert re.search(rf"{running.address}/\S{{30,}}", running.said), "a sign-in link is printed"
        five = ["email", "facebook", "linkedin", "pinterest", "twitter"]
        until(lambda: running.rehearsed() == five, "the newest post is rehearsed on all five channels", 60)
        assert end(running.process) == 0
        assert alive_in(here.data) == []
        assert left_behind(here) == []
        assert "Traceback" not in running.said


def test_ctrl_c_stops_it_too_and_it_goes_on_where_it_stopped(here):
    with up(here) as running:
        until(lambda: len(running.rehearsed()) == 5, "the newest post is rehearsed", 60)
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(60) == 0
        assert alive_in(here.data) == []
    with up(here) as again:
        assert again.page()
        assert len(again.rehearsed()) == 5


def test_its_children_die_with_it_when_it_is_killed_and_it_starts_again_at_once(here):
    with up(here) as running:
        assert len(alive_in(here.data)) > 4
        running.process.kill()
        running.process.wait()
        until(lambda: alive_in(here.data) == [], "every child is gone", 10)
    with up(here) as again:
        assert again.page()


def test_with_stand_ins_the_newest_post_is_live_on_every_network_without_an_account(tmp_path):
    here = Installation(tmp_path, LISTEN=f"127.0.0.1:{free_port()}", SWEEP="1s")
    file = (ROOT / "examples" / "stand-ins" / "example-live.toml").read_text()
    ports = {port: str(free_port()) for port in sorted(set(re.findall(r":(80\d\d)", file)))}
    (here.blogs / "example-live.toml").write_text(re.sub(r":(80\d\d)", lambda match: f":{ports[match[1]]}", file))
    with up(here, "--example", "--stand-ins") as running:
        five = ["facebook", "linkedin", "noticeboard", "pinterest", "twitter"]

        def posted() -> list[str]:
            return sorted(delivery["channel"] for delivery in json.loads(here.run("log", "--json", "--state", "sent").stdout or "[]"))

        try:
            until(lambda: posted() == five, "the newest post is out on all five networks", 90)
        except AssertionError as never:
            raise AssertionError(f"{never}\n{here.run('log').stdout}") from None
        for port in ("8020", "8021", "8022", "8023", "8024"):
            with urllib.request.urlopen(f"http://127.0.0.1:{ports[port]}/", timeout=5) as page:
                assert "<article>" in page.read().decode()
        assert end(running.process) == 0
        assert alive_in(here.data) == []
        assert "Traceback" not in running.said


def test_stand_ins_keep_rows_of_their_own_out_of_the_practices_record(monkeypatch, settings, tmp_path, capsys):
    settings.POSTLARK_DATA = tmp_path
    for name in ("POSTLARK_BLOGS", "POSTLARK_DATA"):
        monkeypatch.setenv(name, "")  # so that what the command sets is taken back afterwards
        monkeypatch.delenv(name)
    monkeypatch.setattr(command.os, "execv", lambda program, words: sys.exit(" ".join(words[-3:])))  # as it does, it never comes back
    with pytest.raises(SystemExit, match=r"^up --example --stand-ins$"):
        call_command("up", "--stand-ins")
    assert os.environ["POSTLARK_DATA"] == str(tmp_path / "stand-ins")
    assert f"POSTLARK_DATA={tmp_path / 'stand-ins'}" in capsys.readouterr().out


def test_the_worker_waits_for_the_stand_ins_it_will_ask(monkeypatch):
    happened = []
    with socket.socket() as late:
        late.bind(("127.0.0.1", 0))

        def listen(seconds: float) -> None:
            happened.append("the stand-in listens")
            late.listen()

        monkeypatch.setattr(command.time, "sleep", listen)
        served = [command.Served("stand-in for facebook", "tests.fakes.facebook", late.getsockname()[1])]
        command._once_they_answer(served, lambda: happened.append("the worker begins"))()
    assert happened == ["the stand-in listens", "the worker begins"]


@pytest.mark.parametrize("name", ["web", "worker", "broker", "example blog"])
def test_a_child_that_is_killed_is_started_again(here, name):
    with up(here) as running:
        victim = until(lambda: running.child(name), f"the {name} runs")
        os.kill(victim, signal.SIGKILL)
        until(lambda: running.child(name) not in (0, victim), f"another {name} runs")
        until(running.page, "the page answers")
        assert f"The {name} was killed by SIGKILL; it is started again in 0.5 s." in running.said
        assert end(running.process) == 0
        assert alive_in(here.data) == []


def test_a_worker_whose_clock_is_killed_ends_and_another_is_started(here):
    with up(here) as running:
        worker = until(lambda: running.child("worker"), "the worker runs")
        clock = until(lambda: clock_of(worker), "its clock runs")
        os.kill(clock, signal.SIGKILL)
        another = until(lambda: running.child("worker") not in (0, worker) and running.child("worker"), "another worker runs", 60)
        until(lambda: clock_of(another), "with another clock")
        assert "the clock has ended" in running.said


def clock_of(worker: int) -> int:
    with suppress(OSError):  # one of them has ended since
        children = map(int, Path(f"/proc/{worker}/task/{worker}/children").read_text().split())
        return next((pid for pid in children if Path(f"/proc/{pid}/comm").read_text() == "clock\n"), 0)
    return 0


def test_a_second_copy_on_the_same_data_is_refused(here):
    with up(here):
        answer = here.run("up", LISTEN=f"127.0.0.1:{free_port()}")
        assert answer.returncode == 1
        assert answer.stderr == f"Postlark is running already on {here.data}. Stop that one first, or set another POSTLARK_DATA.\n"


def test_a_port_that_is_taken_is_said_and_nothing_starts(here, tmp_path):
    with up(here):
        other = installation(tmp_path / "other")
        answer = other.run("up", LISTEN=here.environment["LISTEN"])
        assert answer.returncode == 1
        assert answer.stderr.startswith(f"{here.environment['LISTEN']} is taken by another program.")
        assert alive_in(other.data) == []


def test_a_feed_gets_a_file_of_its_own_that_is_kept(here, tmp_path):
    answer = here.run("up", "--feed", "blog.example")
    assert answer.returncode == 2
    assert answer.stderr == "'blog.example' is not the address of a feed; an example is https://blog.example/feed/\n"
    with up(here, "--feed", "http://127.0.0.1:9/feed/") as running:
        assert running.page()
        file = here.data / "blogs" / "127-0-0-1.toml"
        file.write_text(file.read_text().replace('name = "127.0.0.1"', 'name = "My practice"', 1))
    with up(here, "--feed", "http://127.0.0.1:9/feed/"):
        assert "My practice" in file.read_text()
        assert [path.name for path in file.parent.iterdir()] == ["127-0-0-1.toml"]


def test_a_data_folder_with_a_long_path_can_have_a_broker_too(tmp_path):
    here = installation(tmp_path / ("long" * 30))
    with up(here) as running:
        assert running.page()
        until(lambda: len(running.rehearsed()) == 5, "the newest post is rehearsed", 60)


def test_it_says_what_is_wrong_before_it_starts_anything(here):
    (here.blogs / "example.toml").unlink()
    answer = here.run("up")
    assert answer.returncode == 1
    assert answer.stderr.startswith("There is no blog:")
    assert alive_in(here.data) == []


def test_the_script_behind_make_says_what_it_wants(tmp_path):
    answer = subprocess.run(["./run", "fly"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert answer.stderr.startswith("Usage: ./run up")
    (tmp_path / "run").write_text((ROOT / "run").read_text())
    (tmp_path / "dirname").symlink_to(shutil.which("dirname"))
    script = subprocess.run(
        ["/bin/sh", "./run", "up"], cwd=tmp_path, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert script.returncode == 1
    assert "Postlark needs Python 3.11" in script.stderr
