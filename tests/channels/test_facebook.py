"""Facebook's section of a blog's file."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from worker.channels.facebook import FacebookOptions


def test_a_page_and_a_version_can_be_named() -> None:
    options = FacebookOptions(page_id="100200300400500", version="v27.0", settle="30m")
    assert (options.page_id, options.version, options.settle) == ("100200300400500", "v27.0", timedelta(minutes=30))


@pytest.mark.parametrize(
    ("key", "value"), [("page_id", "my-practice"), ("page_id", ""), ("version", "26"), ("version", "v26"), ("base_url", "http://x")]
)
def test_another_value_is_a_mistake_that_says_what_is_allowed(key: str, value: str) -> None:
    with pytest.raises(ValidationError, match=f"is '{value}'; allowed is"):
        FacebookOptions(**{key: value})
