"""How the database stands beside the code, and whether it has room."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

from worker.lib import room


@contextmanager
def impatient() -> Iterator[BaseDatabaseWrapper]:
    """A connection that soon raises OperationalError where a server keeps silent: on one that is open already, whoever asks waits for ever."""
    if connection.vendor == "sqlite":
        yield connection  # a file keeps nobody waiting
        return
    own = connection.copy()
    options = own.settings_dict["OPTIONS"]
    options |= {"connect_timeout": 3, "options": f"{options['options']} -c statement_timeout=3s"}
    try:
        own.ensure_connection()
        yield own
    finally:
        own.close()


def unapplied(its: BaseDatabaseWrapper | None = None) -> list[str]:
    """Names of the migrations that the code has and the database has not. Empty: the code fits. `its`: the connection to ask on."""
    loader = MigrationLoader(its or connection)
    return [f"{app}.{name}" for app, name in sorted(loader.disk_migrations) if (app, name) not in loader.applied_migrations]


def newer() -> list[str]:
    """Names of Postlark's migrations that the database has and the code has not: a newer Postlark wrote it."""
    loader = MigrationLoader(connection)
    return [
        f"{app}.{name}" for app, name in sorted(loader.applied_migrations) if app == "worker" and (app, name) not in loader.disk_migrations
    ]


def no_room(said: str) -> str:
    """The sentence for an error of the database that comes of a full disk; empty for any other.

    SQLite calls it a "disk I/O error" where there is no room for the index of its log: https://www.sqlite.org/rescode.html#ioerr_shmsize
    """
    if "is full" in said or "No space left" in said or ("disk I/O error" in said and not room.is_left()):
        return f"There is no room left on the disk of the database ({described()}). Make room, then try again."
    return ""


def described() -> str:
    """Where it is, for people; never with a password."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"SQLite in {settings['NAME']}"
    return f"PostgreSQL database {settings['NAME']} on {settings['HOST'] or 'this machine'}"
