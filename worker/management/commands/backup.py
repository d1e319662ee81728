from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker.management import archive
from worker.management.command import PostlarkCommand


class Command(PostlarkCommand):
    help = "Everything in one file: all rows, pictures and rehearsed mails. Postlark may go on running meanwhile."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="where to write it; an older backup of that name is replaced")

    def act(self, *, file: Path, **_: Any) -> tuple[Any, list[str]]:
        try:
            manifest = archive.write(file)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror or error}.") from None
        rows = sum(manifest.rows.values())
        size = file.stat().st_size
        document = {"file": str(file), "made_at": manifest.made_at, "migration": manifest.migration, "rows": manifest.rows, "bytes": size}
        return document, [
            f"{file}: {rows} rows as they stood at {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC, {size / 1_000_000:.1f} MB. It holds your readers' addresses: keep it safe.",
            "The keys are not in it, and without them neither connections nor unsubscribe links work. Keep POSTLARK_KEYS, SECRET_KEY and ADDRESS_KEY elsewhere (the files postlark_keys, secret_key and address_key in POSTLARK_DATA).",
        ]
