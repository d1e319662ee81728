"""A process that has loaded everything once, and forks for every command it reads: loading it each time would be most of the work.

    once                       as `postlark once`
    @calling:kill once         with a crash armed, as POSTLARK_CRASH does it
    !4711                      wake the stopped process

It says `ready` once it has. Each line is answered with how it ended: an exit code, a signal's number below zero, or `stopped 4711`.
"""

import os
import signal
import sys
import traceback
from io import StringIO
from pathlib import Path

import django
from django.core.management import call_command, load_command_class
from django.db import connections

from worker.lib import crash


def main() -> None:
    django.setup()
    for name in ("settle", "resume"):
        load_command_class("worker", name)
    call_command("once", stdout=StringIO())
    connections.close_all()
    _say("ready")
    for line in sys.stdin:
        words = line.split()
        pid = _woken(int(words[0][1:])) if words[0].startswith("!") else _forked(words)
        _, status = os.waitpid(pid, os.WUNTRACED)
        _say(f"stopped {pid}" if os.WIFSTOPPED(status) else f"{os.waitstatus_to_exitcode(status)}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _woken(pid: int) -> int:
    os.kill(pid, signal.SIGCONT)
    return pid


def _forked(words: list[str]) -> int:
    pid = os.fork()
    if pid == 0:
        if words[0].startswith("@"):
            _arm(words.pop(0)[1:])
        try:
            call_command(*words, stdout=StringIO())
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return pid


def _arm(armed: str) -> None:
    name, _, what = armed.partition(":")
    (Path(os.environ["POSTLARK_DATA"]) / f"crash-{name}").unlink(missing_ok=True)
    crash._armed[name] = what


if __name__ == "__main__":
    main()
