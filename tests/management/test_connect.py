"""postlark connect, connections and doctor."""

import io
import json
import sys
from datetime import UTC, date, datetime

import pytest
from django.core.management import CommandError, call_command

from tests.connections.given import credentials_of
from tests.factories import make_blog, make_delivery, make_post
from tests.fakes.feeds import FeedSite
from tests.fakes.grants import APP
from tests.fakes.noticeboard import Noticeboard
from tests.fakes.relay import Relay
from worker.channels.base import App
from worker.channels.email import parse_relay
from worker.connections import keep
from worker.management.outside import near_its_end
from worker.models import Connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def board(settings):
    settings.APPS = {"noticeboard": App(*APP)}
    with Noticeboard() as board:
        board.grants.strict = True
        make_blog(channels={"noticeboard": {"mode": "live", "base_url": board.url}}, feed=f"{board.url}/feed/")
        yield board


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*words: str, given: object = None) -> dict:
        monkeypatch.setattr(sys, "stdin", io.StringIO(given if isinstance(given, str) else json.dumps(given)))
        call_command(*words, "--json")
        return json.loads(capsys.readouterr().out)

    return run


def test_connect_stores_encrypted_and_says_whose_it_is(board, run):
    board.grants.until = datetime(2099, 3, 1, tzinfo=UTC)
    given = credentials_of(board)
    said = run("connect", "example", "noticeboard", given=given)
    row = Connection.objects.get()
    assert (said["state"], said["account"], said["scopes"]) == ("connected", "The Practice", ["read", "write"])
    assert said["expires_at"] == "2099-03-01T00:00:00Z"
    assert keep.opened(row.credentials) == given
    for secret in (given["token"], given["refresh_token"]):
        assert secret not in row.credentials
        assert secret not in json.dumps(said)


def test_credentials_that_have_ended_are_renewed_at_once(board, run):
    assert run("connect", "example", "noticeboard", given=credentials_of(board, ended=True))["account"] == "The Practice"
    assert board.grants.renewals == 1


def test_connecting_again_lets_go_what_waited_for_it(board, run):
    blog = make_blog(channels={"noticeboard": {"mode": "live", "base_url": board.url}})
    Connection.objects.create(blog=blog, channel="noticeboard", broken="Refused.")
    waits = make_delivery(make_post(blog), "noticeboard", waits_for="person", due_at=None)
    run("connect", "example", "noticeboard", given=credentials_of(board))
    waits.refresh_from_db()
    assert (waits.waits_for, Connection.objects.get().broken) == ("clock", "")


def test_what_the_network_does_not_take_replaces_nothing(board, run):
    good = credentials_of(board)
    run("connect", "example", "noticeboard", given=good)
    with pytest.raises(CommandError, match=r"must be connected again\. Nothing was stored") as raised:
        run("connect", "example", "noticeboard", given={"token": "planted-token"})
    assert "planted-token" not in str(raised.value)
    assert keep.opened(Connection.objects.get().credentials) == good


def test_a_network_that_cannot_be_reached_is_no_reason_to_refuse(board, run):
    board.misbehave("503", on="read", times=2)
    said = run("connect", "example", "noticeboard", given=credentials_of(board))
    assert (said["state"], said["last_checked"] is not None) == ("unchecked", True)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("no json", "What came is not JSON. Noticeboard takes"),
        ("[1]", "What came is not one JSON object"),
        ('{"tokn": "planted"}', "Noticeboard has no use for tokn."),
        ('{"token": ""}', "token must be text on one line"),
        ('{"token": 5}', "token must be text on one line"),
        ('{"token": "planted\\nplanted"}', "token must be text on one line"),
        ('{"token": "planted", "expires_at": "soon"}', "expires_at is not a moment"),
        ('{"token": "planted", "expires_at": "2020-01-01T00:00:00Z"}', "have ended already"),
    ],
)
def test_credentials_of_another_shape_are_one_sentence_without_a_word_of_them(board, run, given, sentence):
    with pytest.raises(CommandError, match=sentence) as raised:
        run("connect", "example", "noticeboard", given=given)
    assert "planted" not in str(raised.value)
    assert not Connection.objects.exclude(credentials="").exists()


def test_a_channel_that_is_no_network_is_refused(run):
    make_blog()
    with pytest.raises(CommandError, match="E-mail is no network"):
        run("connect", "example", "email", given={"token": "x"})
    with pytest.raises(CommandError, match="has no channel 'myspace'"):
        run("connect", "example", "myspace", given={"token": "x"})


def test_connections_lists_every_network_connected_or_not(board, run):
    make_blog("second", channels={"email": {}, "noticeboard": {"base_url": board.url, "mode": "off"}})
    run("connect", "example", "noticeboard", given=credentials_of(board))
    said = run("connections")
    assert [(one["blog"], one["channel"], one["state"]) for one in said] == [("example", "noticeboard", "connected")]
    assert said[0]["sentence"] == "Connected as The Practice."
    assert run("connections", "second") == []


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (date(2027, 2, 1), ""),
        (date(2027, 1, 15), "ends on 15 Jan 2027, in 51 days"),
        (date(2026, 11, 16), "ended on 16 Nov 2026"),
    ],
)
def test_a_version_is_told_of_sixty_days_before_its_end(last, said):
    assert said in near_its_end("LinkedIn", last, date(2026, 11, 25))
    assert bool(near_its_end("LinkedIn", last, date(2026, 11, 25))) is bool(said)


def test_doctor_says_what_is_wrong_out_there(board, run, capsys):
    blog = make_blog(channels={"noticeboard": {"mode": "live", "base_url": board.url}}, feed=f"{board.url}/feed/")
    Connection.objects.create(blog=blog, channel="noticeboard", credentials=keep.close({"token": "planted-token"}))
    with pytest.raises(CommandError, match="2 things are wrong: example feed, example Noticeboard"):
        run("doctor")
    said = capsys.readouterr().out
    assert [(one["what"], one["ok"]) for one in json.loads(said)] == [("feed", False), ("Noticeboard", False)]
    assert "planted-token" not in said


def test_doctor_is_content_with_a_feed_a_relay_and_a_connection_that_answer(board, run, settings):
    with Relay() as relay, FeedSite() as site:
        site.feed = b"<rss/>"
        settings.RELAYS = {"default": parse_relay(relay.url)}
        blog = make_blog(feed=site.url, channels={"email": {"mode": "live"}, "noticeboard": {"mode": "live", "base_url": board.url}})
        Connection.objects.create(blog=blog, channel="noticeboard", credentials=keep.close(credentials_of(board)))
        said = run("doctor", "example")
    assert [(one["what"], one["ok"]) for one in said] == [("feed", True), ("mail relay", True), ("test mail", True), ("Noticeboard", True)]
    assert said[1]["sentence"] == "127.0.0.1 greets us."
