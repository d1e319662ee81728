from collections.abc import Callable, Generator
from typing import Any

import pytest

from tests.factories import make_blog
from tests.fakes.feeds import FeedSite
from worker.ingest import Looked, look
from worker.models import Blog


@pytest.fixture
def site() -> Generator[FeedSite, None, None]:
    with FeedSite() as site:
        yield site


@pytest.fixture
def blog(db: None, settings: Any, site: FeedSite) -> Blog:
    """Watches `site`; its file says nothing unusual."""
    settings.BLOGS = {}
    return make_blog(feed=site.url)


@pytest.fixture
def looks(blog: Blog, site: FeedSite) -> Callable[..., Looked]:
    """Look, at the feed as it is or at this one from now on."""

    def now(feed: bytes | None = None) -> Looked:
        if feed is not None:
            site.feed = feed
        return look(blog.slug)

    return now
