"""What every test may use. The database is the one that DATABASE_URL names, else SQLite; `python -m tests` runs on both."""

import os
import re
import shutil
import socket
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from tests import clocks
from tests.processes import Valkey
from tests.settings import NO_SKIPS

# No property is about time: a busy machine fails none of them.
hypothesis.register_profile("in any time", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("in any time")


def pytest_collection_modifyitems(config, items):
    """What is about one database is left out on the other: the two halves of `make test` run all of it."""
    elsewhere = "postgresql" if settings.DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3" else "sqlite"
    left_out = [item for item in items if item.get_closest_marker(elsewhere)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """POSTLARK_NO_SKIPS=1: where everything is meant to be installed, a skipped test is a failed one."""
    report = yield
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"Skipped, which POSTLARK_NO_SKIPS forbids: {report.longrepr[2]}"
    return report


@pytest.fixture(autouse=True)
def _blogs_files_go_away() -> Iterator[None]:
    """`make_blog` adds to settings.BLOGS; no test sees the blogs of another."""
    before = settings.BLOGS
    yield
    settings.BLOGS = before


@pytest.fixture(autouse=True)
def _no_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest-socket keeps connections on this machine; this does so with names. A picture on blog.example is simply not to be had."""
    look_up = socket.getaddrinfo

    def here_only(host, *rest, **more):
        if host in (None, "", "localhost") or re.fullmatch(r"[0-9:][0-9a-fA-FxX:.]*", str(host)):
            return look_up(host, *rest, **more)
        raise socket.gaierror(socket.EAI_NONAME, "no names in tests")

    monkeypatch.setattr(socket, "getaddrinfo", here_only)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Stands still until a test moves it, for the process and for the database."""
    with clocks.stopped(datetime.now(UTC)) as traveller:
        yield traveller


@pytest.fixture
def fresh_database_url() -> Iterator[str]:
    """For tests that start processes: an empty database of their own. Empty text: the SQLite file in their data folder."""
    server = os.environ.get("DATABASE_URL", "")
    if not server:
        yield ""
        return
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A real Valkey on a Unix socket; `valkey.url` is its BROKER_URL."""
    with Valkey(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a browser: CHROMIUM, or one on the PATH."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        pytest.skip("no browser: install chromium, or name one with CHROMIUM=/path/to/chromium")
    return found


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """For relay.example, which signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "relay.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("relay.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "relay.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path
