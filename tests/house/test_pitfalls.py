"""The fifteen failure modes that posters elsewhere meet most: each has a test by its number."""

import re
from pathlib import Path

TESTS = [*Path("tests/channels").glob("test_*.py"), *Path("tests/deliver").glob("test_*.py")]


def test_each_of_the_fifteen_pitfalls_has_a_test_by_name():
    numbers = {int(number) for file in TESTS for number in re.findall(r"def test_pitfall_(\d+)_", file.read_text())}
    assert sorted(numbers) == list(range(1, 16))
