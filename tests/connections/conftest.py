"""A noticeboard that gives tokens by consent, and an operator who has an app there."""

from collections.abc import Iterator

import pytest

from tests.fakes.grants import APP
from tests.fakes.noticeboard import Noticeboard
from worker.channels.base import App


@pytest.fixture
def board(settings) -> Iterator[Noticeboard]:
    settings.APPS = {"noticeboard": App(*APP)}
    with Noticeboard() as board:
        board.grants.strict = True
        yield board
