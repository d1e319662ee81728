"""`postlark check`."""

from typing import Any

from django.core.management.base import CommandError

from worker.lib.blogs import blogs
from worker.lib.database import described
from worker.management import checks
from worker.management.command import PostlarkCommand
from worker.management.feeds import feeds


class Command(PostlarkCommand):
    help = "Look for mistakes in the configuration, the templates and the database."

    def act(self, **options: Any) -> tuple[Any, list[str]]:
        wrong = checks.mistakes()
        if wrong:
            raise CommandError("\n".join(wrong))
        told = feeds()
        if mistaken := [each.sentence for each in told.values() if each.mistake]:
            raise CommandError("\n".join(mistaken))
        modes = {slug: {name: section.mode for name, section in blog.channels.items()} for slug, blog in blogs().items()}
        files = checks.templates()
        lines = [
            *(f"Blog {slug}: {', '.join(f'{name} {mode}' for name, mode in sections.items())}." for slug, sections in modes.items()),
            *(f"Feed of {slug}: {each.sentence}" for slug, each in told.items()),
            f"Templates: all {len(files)} can be used.",
            f"Database: {described()}, up to date.",
        ]
        sentences = {slug: each.sentence for slug, each in told.items()}
        return {"ok": True, "blogs": modes, "feeds": sentences, "templates": len(files), "database": described()}, lines
