"""How the database stands beside the code."""

from django.db import connection
from django.db.migrations.loader import MigrationLoader


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


def described() -> str:
    """Where it is, for people; never with a password."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"SQLite in {settings['NAME']}"
    return f"PostgreSQL database {settings['NAME']} on {settings['HOST'] or 'this machine'}"
