"""Rows of connected noticeboards."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.factories import make_blog
from tests.fakes.noticeboard import Noticeboard
from worker.channels.base import Credentials
from worker.connections import keep
from worker.lib.blogs import BlogFile, blog_file
from worker.models import Connection


def credentials_of(board: Noticeboard, *, ended: bool = False) -> Credentials:
    """As the board gave them some time ago; `ended`: so long ago that they must be renewed."""
    given = board.grants.issue(ended=ended)
    ends = datetime.now(UTC) + timedelta(hours=-1 if ended else 2)
    return {"token": given["token"], "refresh_token": given["refresh_token"], "expires_at": ends.isoformat()}


def connected(board: Noticeboard, *, ended: bool = False, mode: str = "live", **values: Any) -> Connection:
    blog = make_blog(channels={"noticeboard": {"mode": mode, "base_url": board.url}})
    closed = keep.close(credentials_of(board, ended=ended))
    return Connection.objects.create(blog=blog, channel="noticeboard", credentials=closed, **values)


def file_of(row: Connection) -> BlogFile:
    file = blog_file(row.blog.slug)
    assert file
    return file
