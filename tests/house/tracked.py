"""The files that the project is made of."""

import subprocess
from functools import cache
from pathlib import Path


@cache
def tracked() -> tuple[Path, ...]:
    names = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    return tuple(Path(name) for name in names.split("\0") if name and Path(name).is_file())
