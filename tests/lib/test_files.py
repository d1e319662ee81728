"""Files that stand there whole, or not at all."""

import resource
from pathlib import Path

import pytest

from worker.lib.files import draft


def test_what_there_is_no_room_for_leaves_nothing_behind(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            draft(tmp_path, b"a" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_draft_is_whole_and_for_nobody_else(tmp_path: Path) -> None:
    made = draft(tmp_path, b"a" * 5000)
    assert (made.read_bytes(), made.stat().st_mode & 0o077) == (b"a" * 5000, 0)
