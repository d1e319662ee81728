from datetime import datetime
from typing import Any

from worker.ingest import bell
from worker.ingest.health import health
from worker.lib import clock
from worker.lib.blogs import BlogFile, blogs
from worker.lib.log import without_secrets
from worker.management.command import PostlarkCommand, no_blogs
from worker.models import Blog


class Command(PostlarkCommand):
    help = "Blogs with the health of their feeds: state, last good look, next look, what is wrong."

    def act(self, **_: Any) -> tuple[Any, list[str]]:
        rows = Blog.objects.in_bulk(list(blogs()), field_name="slug")
        now = clock.now()
        document = [_shape(file, rows.get(slug) or Blog(slug=slug), now) for slug, file in blogs().items()]
        lines = []
        for each in document:
            lines += [f"{each['slug']}: {each['sentence']} {each['then']}", f"    feed         {each['feed']}"]
            lines += [f"    {label:<12} {each[key]:%Y-%m-%d %H:%M} UTC" for label, key in _TIMES.items() if each[key]]
            lines += [f"    publish hook {each['publish_hook']}"]
        return document, lines or [no_blogs()]


_TIMES = {"last good": "last_good", "next look": "next"}


def _shape(file: BlogFile, row: Blog, now: datetime) -> dict[str, Any]:
    how = health(row, file, now)
    return {
        "slug": file.slug,
        "name": file.name,
        "feed": without_secrets(file.feed),
        "state": how.state,
        "sentence": how.sentence,
        "then": how.then,
        "last_good": row.last_good_at,
        "next": row.next_look_at,
        "error": how.sentence if how.wrong else None,
        "publish_hook": bell.address(file.slug),
    }
