"""Pinterest's section of a blog's file."""

import pytest
from pydantic import ValidationError

from worker.channels.pinterest import PinterestOptions


def test_a_board_can_be_named() -> None:
    assert PinterestOptions(board_id="600700800900").board_id == "600700800900"


@pytest.mark.parametrize("value", ["Our blog", "", "12 34", "１２"])
def test_another_board_is_a_mistake_that_says_what_is_allowed(value: str) -> None:
    with pytest.raises(ValidationError, match="allowed is the board's number, digits only"):
        PinterestOptions(board_id=value)
