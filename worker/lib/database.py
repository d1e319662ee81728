"""How the database stands beside the code, and whether it has room."""

from django.db import connection
from django.db.migrations.loader import MigrationLoader

from worker.lib import room


def unapplied() -> list[str]:
    """Names of the migrations that the code has and the database has not. Empty: the code fits."""
    loader = MigrationLoader(connection)
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
