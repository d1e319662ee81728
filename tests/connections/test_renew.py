"""Credentials are renewed once, by whoever is first, and stored before they are used."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest

from tests import clocks
from tests.connections.given import connected, file_of
from tests.fakes.grants import APP
from tests.processes import Installation
from worker.channels.base import Transient, Unauthorized
from worker.connections import keep, renew
from worker.connections.poster import poster_for
from worker.models import Connection

NOW_AND_THEN = timedelta(seconds=1)


@pytest.fixture
def _impatient(monkeypatch):
    monkeypatch.setattr(renew, "PATIENCE", 0.2)


@pytest.mark.django_db
def test_what_ended_is_renewed_and_stored_before_it_is_used(board):
    row = connected(board, ended=True)
    poster = poster_for(file_of(row), "noticeboard")
    row.refresh_from_db()
    assert keep.opened(row.credentials) == poster.credentials
    assert board.grants.knows(poster.credentials["token"])
    assert (board.grants.renewals, row.renewing_until, row.renewals_begun) == (1, None, 0)


@pytest.mark.django_db
def test_what_still_holds_is_left_alone(board):
    poster_for(file_of(connected(board)), "noticeboard")
    assert board.grants.renewals == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("_impatient")
def test_nobody_renews_while_somebody_else_does(board):
    row = connected(board, ended=True, renewing_until=clocks.now() + renew.LEASE, renewing_by="another")
    with pytest.raises(Transient, match="has not finished"):
        poster_for(file_of(row), "noticeboard")
    assert board.grants.renewals == 0


@pytest.mark.django_db
def test_a_renewal_whose_holder_died_before_it_asked_is_made_up_for(board):
    row = connected(board, ended=True, renewing_until=clocks.now() - NOW_AND_THEN, renewing_by="the dead", renewals_begun=1)
    poster_for(file_of(row), "noticeboard")
    assert board.grants.renewals == 1


@pytest.mark.django_db
def test_a_renewal_whose_answer_was_lost_is_tried_once_more_and_then_told_as_it_was(board):
    row = connected(board, ended=True)
    board.misbehave("lose-after", on="token")
    with pytest.raises(Transient):
        poster_for(file_of(row), "noticeboard")
    with pytest.raises(Unauthorized, match="was cut off before its answer was stored, and the old key is no longer accepted"):
        poster_for(file_of(row), "noticeboard")
    assert (board.grants.renewals, board.grants.replays) == (1, 1)


@pytest.mark.django_db
def test_a_network_in_trouble_stops_nobody_whose_access_still_holds(board, monkeypatch):
    row = connected(board)
    monkeypatch.setattr("worker.channels.noticeboard.EARLY", timedelta(days=1))
    board.misbehave("503", on="token")
    assert poster_for(file_of(row), "noticeboard").credentials == keep.opened(row.credentials)


@pytest.mark.django_db
def test_who_wakes_up_late_still_stores_what_only_it_has(board, monkeypatch):
    """Stopped for longer than the lease, while nobody took over."""
    row = connected(board, ended=True)
    monkeypatch.setattr(renew, "LEASE", timedelta(seconds=-1))
    poster_for(file_of(row), "noticeboard")
    row.refresh_from_db()
    assert board.grants.knows(keep.opened(row.credentials)["token"])


@pytest.mark.django_db
def test_a_person_who_connects_meanwhile_is_not_overwritten(board, monkeypatch):
    row = connected(board, ended=True)

    def meanwhile(poster, now):
        Connection.objects.filter(pk=row.pk).update(credentials=keep.close({"token": "by-hand"}), renewing_until=None, renewing_by="")
        return {"token": "by-machine"}

    monkeypatch.setattr("worker.channels.noticeboard.Noticeboard.refresh", meanwhile)
    assert poster_for(file_of(row), "noticeboard").credentials == {"token": "by-hand"}


WORKER = """
import sys, django
django.setup()
from worker.connections.poster import poster_for
from worker.lib.blogs import blog_file
print("ready", flush=True)
sys.stdin.readline()
print(poster_for(blog_file("example"), "noticeboard").check().name)
"""


@pytest.mark.processes
def test_ten_workers_at_once_renew_once_and_none_is_lost(board, tmp_path, fresh_database_url):
    here = Installation(
        tmp_path,
        DATABASE_URL=fresh_database_url,
        NOTICEBOARD_CLIENT_ID=APP[0],
        NOTICEBOARD_CLIENT_SECRET=APP[1],
        DJANGO_SETTINGS_MODULE="config.settings",
    )
    (here.blogs / "example.toml").write_text(
        f'name = "Example"\nfeed = "{board.url}/feed"\ndisclaimer.required = false\n'
        f'channels.noticeboard = {{ mode = "live", base_url = "{board.url}" }}\n'
    )
    given = board.grants.issue(ended=True)
    del given["expires_in"]
    board.misbehave("late", seconds=1.0, on="token")
    assert here.run("migrate").returncode == 0
    workers = [_worker(here) for _ in range(10)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    _put(here, given | {"expires_at": "2020-01-01T00:00:00Z"})
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    said = [worker.communicate(timeout=60) for worker in workers]
    assert [out for out, _ in said] == ["The Practice\n"] * 10, said
    assert (board.grants.renewals, board.grants.replays) == (1, 0)


def _worker(here):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", WORKER], env=here.environment, text=True, **pipes)


def _put(here, credentials):
    script = (
        "import json, sys, django; django.setup()\n"
        "from worker.connections import connect\nfrom worker.ingest import blog_row\n"
        "connect.store(blog_row('example'), 'noticeboard', json.load(sys.stdin), 'test')"
    )
    subprocess.run([sys.executable, "-c", script], env=here.environment, input=json.dumps(credentials), text=True, check=True)
