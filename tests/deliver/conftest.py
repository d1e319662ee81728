"""A blog that posts live to a noticeboard on this machine, and a Facebook of our own."""

from collections.abc import Callable, Generator
from typing import Any

import pytest

from tests.deliver.on_facebook import TOKEN
from tests.factories import make_blog, make_delivery, make_post
from tests.fakes.facebook import Facebook
from tests.fakes.noticeboard import Noticeboard
from worker.models import Delivery


@pytest.fixture
def board() -> Generator[Noticeboard, None, None]:
    with Noticeboard() as board:
        yield board


@pytest.fixture
def graph(settings: Any) -> Generator[Facebook, None, None]:
    settings.BLOGS = {}
    with Facebook(token=TOKEN) as network:
        yield network


@pytest.fixture
def deliver(db: None, settings: Any, board: Noticeboard) -> Callable[..., Delivery]:
    """Makes a delivery that is due on the noticeboard; `options` go into the channel's section, `file` into the blog's file."""

    def make(options: dict[str, Any] | None = None, file: dict[str, Any] | None = None, **values: Any) -> Delivery:
        section = {"mode": "live", "base_url": board.url, "settle": "1s", **(options or {})}
        blog = make_blog(channels={"noticeboard": section}, **(file or {}))
        return make_delivery(make_post(blog), "noticeboard", **values)

    settings.BLOGS = {}
    return make
