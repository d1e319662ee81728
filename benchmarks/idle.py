"""F10: what `postlark up` costs while nothing happens, everything together.

    python -m benchmarks.idle [--seconds 60]

Prints the time until the page answers, the memory (PSS: shared pages counted once) and the CPU. Linux only.
"""

import argparse
import os
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.processes import Installation, free_port, until

EXAMPLE = Path(__file__).resolve().parent.parent / "config" / "blogs" / "example.toml"
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60, help="how long to watch (60)")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="postlark-idle-") as folder:
        web, feed = free_port(), free_port()
        here = Installation(Path(folder), LISTEN=f"127.0.0.1:{web}")
        (here.blogs / "example.toml").write_text(EXAMPLE.read_text().replace(":8010/", f":{feed}/"))
        started = time.monotonic()
        with here.running("up", "--example", output=Path(folder) / "output") as process:
            until(lambda: answers(f"http://127.0.0.1:{web}/healthz"), "the page answers", 60)
            page = time.monotonic() - started
            time.sleep(20)  # the first look and its five rehearsals are over by then
            processes = family(process.pid)
            before = cpu(processes)
            time.sleep(seconds)
            share = (cpu(processes) - before) / seconds
            memory = sum(map(pss, processes))
    print(f"F10 page answers after {page:.1f} s (reach: 5)")
    print(f"F10 memory of {len(processes)} processes: {memory / 1024:.0f} MB PSS (reach: 350)")
    print(f"F10 CPU while idle: {share:.2%} of one core (reach: 1 %)")


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def family(root: int) -> list[int]:
    """The process and all that descend from it."""
    parents = {int(entry.name): int(stat(int(entry.name))[1]) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu(processes: list[int]) -> float:
    """Seconds of CPU used so far, in user and system mode."""
    return sum(sum(map(int, stat(pid)[11:13])) for pid in processes) / TICKS


def pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent, ..."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["X", "0", *["0"] * 20]


if __name__ == "__main__":
    main()
