"""A whole installation as one file, the same for SQLite and PostgreSQL: a zip of rows as JSON lines, pictures, and a manifest.

Keys are never part of it, so nobody who finds the file can read credentials or make links; keep them elsewhere.
"""

import errno
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, is_zipfile

from django.apps import apps
from django.conf import settings
from django.core import serializers
from django.core.management.color import no_style
from django.core.serializers.base import DeserializedObject
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder

from worker.models import Staff

KEPT_FOLDERS = ("images", "rehearsal")
AT_ONCE = 1000


class Unusable(Exception):
    """One sentence: why this file cannot be restored here."""


@dataclass(frozen=True)
class Manifest:
    made_at: datetime
    migration: str
    rows: dict[str, int]


def write(target: Path) -> Manifest:
    """All rows as they are at one moment, while everything else goes on. The file is there whole, or not at all. OSError."""
    with draft_of(target) as draft, ZipFile(draft, "w", ZIP_DEFLATED) as file, _one_moment():
        made_at = datetime.now(UTC)
        rows = {name: _write_rows(file, name, model) for name, model in _models().items()}
        _write_files(file)
        manifest = Manifest(made_at, _migration(), rows)
        file.writestr("manifest.json", json.dumps(_as_json(manifest), indent=2))
    return manifest


@contextmanager
def draft_of(target: Path) -> Iterator[Path]:
    """Takes the place of `target` when the block has ended well: of an older zip there or an empty file, and of nothing else. OSError."""
    if target.exists() and not (target.is_file() and (is_zipfile(target) or not target.stat().st_size)):
        raise FileExistsError(errno.EEXIST, "something else is there already; choose another name")
    draft = only_for_us(target.with_name(f".{target.name}.draft"))
    try:
        yield draft
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def only_for_us(file: Path) -> Path:
    """A new, empty file that nobody else may read, from its first byte on."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600, exist_ok=False)
    return file


@contextmanager
def opened(source: Path) -> Iterator[tuple[Manifest, ZipFile]]:
    """Raises Unusable for what is no backup, or was made by another version."""
    try:
        with ZipFile(source) as file:
            if broken := file.testzip():
                raise Unusable(f"{source} is damaged: {broken} in it does not read back. Take another backup.")
            said = json.loads(file.read("manifest.json"))
            manifest = Manifest(datetime.fromisoformat(said["made_at"]), said["migration"], said["rows"])
            if manifest.migration != _migration():
                raise Unusable(
                    f"{source} was made by a version of Postlark whose database stands at {manifest.migration}; this one stands at {_migration()}. "
                    "Restore it with that version, then upgrade."
                )
            yield manifest, file
    except (BadZipFile, zlib.error, KeyError, ValueError):
        raise Unusable(f"{source} is not a backup of Postlark.") from None
    except OSError as error:
        raise Unusable(f"{source} cannot be read: {error.strerror or error}.") from None


def read(manifest: Manifest, file: ZipFile) -> None:
    """Into an empty database, within the caller's transaction. Raises Unusable when there is something in it."""
    found = {name: model for name, model in _models().items() if model._default_manager.exists()}
    if found:
        raise Unusable(
            f"This database is not empty: it has {', '.join(sorted(found))}. Restore into a new one: another POSTLARK_DATA or DATABASE_URL."
        )
    for name in manifest.rows:
        with file.open(f"rows/{name}.jsonl") as rows:
            _read_rows(rows)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(_models().values())):
            cursor.execute(statement)
    for name in file.namelist():
        folder, _, entry = name.partition("/")
        if folder in KEPT_FOLDERS and entry == Path(entry).name:
            _keep(settings.POSTLARK_DATA / folder / entry, file.read(name))


def _models() -> dict[str, type[models.Model]]:
    """Every row of Postlark's own; sessions and counts of wrong passwords stay where they are."""
    return {model._meta.model_name or "": model for model in apps.get_app_config("worker").get_models()}


def _write_rows(file: ZipFile, name: str, model: type[models.Model]) -> int:
    rows = model._default_manager.order_by("pk")
    with file.open(f"rows/{name}.jsonl", "w", force_zip64=True) as stream, TextIOWrapper(stream, "utf-8") as text:
        serializers.serialize("jsonl", rows.iterator(chunk_size=AT_ONCE), stream=text, cls=_ToTheMicrosecond)
    return rows.count()


class _ToTheMicrosecond(DjangoJSONEncoder):
    """Django's own cuts moments to the millisecond, and then the seals over the record would not hold."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def _read_rows(rows: IO[bytes]) -> None:
    entries = serializers.deserialize("jsonl", TextIOWrapper(rows, "utf-8"))
    while some := list(islice(entries, AT_ONCE)):
        if isinstance(some[0].object, Staff):  # few; bulk_create would say that they were added today
            for each in some:
                each.save()
        else:
            type(some[0].object)._default_manager.bulk_create(each.object for each in some)
            _read_links(some)


def _read_links(entries: Iterable[DeserializedObject]) -> None:
    """What a row names of another table, many to many: most name nothing."""
    for each in entries:
        for name, keys in (each.m2m_data or {}).items():
            if keys:
                getattr(each.object, name).set(keys)


def _write_files(file: ZipFile) -> None:
    for folder in KEPT_FOLDERS:
        for path in sorted((settings.POSTLARK_DATA / folder).glob("*")):
            with suppress(FileNotFoundError):  # tidied away meanwhile
                file.write(path, f"{folder}/{path.name}")


def _keep(path: Path, data: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)


@contextmanager
def _one_moment() -> Iterator[None]:
    """What is read inside is the database as it was at one moment; nobody who writes is kept waiting."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")  # Postlark's own transactions are IMMEDIATE, which would lock writers out
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
    else:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield


def _migration() -> str:
    names = [name for app, name in MigrationRecorder(connection).applied_migrations() if app == "worker"]
    return max(names, default="nothing")


def _as_json(manifest: Manifest) -> dict[str, Any]:
    return {"made_at": manifest.made_at.isoformat(), "migration": manifest.migration, "rows": manifest.rows}
