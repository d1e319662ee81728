"""A network costs four places: its file, its text, its tests, its section in a blog's file."""

from pathlib import Path

import pytest

from tests.house.tracked import tracked
from worker.channels import all_channels
from worker.channels.carrier import Carrier

NETWORKS = [slug for slug, channel in all_channels().items() if not issubclass(channel, Carrier)]


@pytest.mark.parametrize("slug", NETWORKS)
def test_a_network_has_its_file_its_text_and_its_tests(slug):
    for place in (f"worker/channels/{slug}.py", f"templates/social/{slug}.txt", f"tests/channels/test_{slug}.py"):
        assert Path(place).is_file(), place


def test_nothing_else_in_the_product_names_the_last_one_added():
    own = {Path("worker/channels/noticeboard.py"), Path("templates/social/noticeboard.txt")}
    product = [file for file in tracked() if file.parts[0] in ("worker", "config", "templates") and file not in own]
    assert [str(file) for file in product if "noticeboard" in file.read_text(errors="ignore").lower()] == []
