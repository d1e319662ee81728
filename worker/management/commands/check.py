"""`postlark check`."""

from typing import Any

from django.core.management.base import CommandError

from worker.lib.blogs import blogs
from worker.lib.database import described
from worker.management import checks
from worker.management.command import PostlarkCommand


class Command(PostlarkCommand):
    help = "Look for mistakes in the configuration, the templates and the database."

    def act(self, **options: Any) -> tuple[Any, list[str]]:
        wrong = checks.mistakes()
        if wrong:
            raise CommandError("\n".join(wrong))
        modes = {slug: {name: section.mode for name, section in blog.channels.items()} for slug, blog in blogs().items()}
        files = checks.templates()
        lines = [
            *(f"Blog {slug}: {', '.join(f'{name} {mode}' for name, mode in sections.items())}." for slug, sections in modes.items()),
            f"Templates: all {len(files)} can be used.",
            f"Database: {described()}, up to date.",
        ]
        return {"ok": True, "blogs": modes, "templates": len(files), "database": described()}, lines
