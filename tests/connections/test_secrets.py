"""Planted secrets are looked for in everything that Postlark shows, prints, logs and keeps."""

import io
import json
import logging
import sys

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from tests.console.conftest import client_of
from tests.factories import make_blog, make_delivery, make_post
from tests.fakes.facebook import Facebook
from tests.fakes.grants import APP
from tests.fakes.linkedin import PAGE, Linkedin
from tests.fakes.network import Network
from tests.fakes.noticeboard import Noticeboard
from tests.fakes.pinterest import BOARD, Pinterest
from tests.fakes.twitter import Twitter
from worker.channels.base import App
from worker.connections import check, keep
from worker.deliver.send import send
from worker.lib.log import KeyValueFormatter
from worker.models import Connection

pytestmark = pytest.mark.django_db

TOKEN, REFRESH, APP_SECRET = "planted-access-a81f", "planted-refresh-77c2", "planted-app-secret-3d09"
PLANTED = (TOKEN, REFRESH, APP_SECRET)
LATER = "2099-01-01T00:00:00+00:00"
NETWORKS: dict[str, tuple[type[Network], dict[str, str], dict[str, str]]] = {
    "noticeboard": (Noticeboard, {"token": TOKEN, "refresh_token": REFRESH, "expires_at": LATER}, {}),
    "facebook": (Facebook, {"page_access_token": TOKEN}, {"page_id": "100200300400500"}),
    "pinterest": (Pinterest, {"access_token": TOKEN, "refresh_token": REFRESH, "expires_at": LATER}, {"board_id": BOARD}),
    "twitter": (Twitter, {"oauth2_access_token": TOKEN, "oauth2_refresh_token": REFRESH, "expires_at": LATER}, {}),
    "twitter, signed": (
        *(Twitter, {"access_token": TOKEN, "access_token_secret": REFRESH, "api_key": "key", "api_secret": APP_SECRET}, {}),
    ),
    "linkedin": (Linkedin, {"access_token": TOKEN, "refresh_token": REFRESH, "expires_at": LATER}, {"author": PAGE}),
}


@pytest.fixture(params=["noticeboard"])
def network(request, settings):
    kind, _, _ = NETWORKS[request.param]
    settings.APPS = {request.param.partition(",")[0]: App(APP[0], APP_SECRET)}
    with kind(token=TOKEN) as network:
        network.called = request.param
        yield network


@pytest.fixture
def connection(network) -> Connection:
    channel = network.called.partition(",")[0]
    _, credentials, options = NETWORKS[network.called]
    blog = make_blog(channels={channel: {"mode": "live", "base_url": network.url, **options}})
    return Connection.objects.create(blog=blog, channel=channel, credentials=keep.close(credentials))


def clean(text: str) -> bool:
    return not any(secret in text for secret in PLANTED)


@pytest.mark.parametrize("network", NETWORKS, indirect=True)
@pytest.mark.parametrize("fault", ["echo", "401", "500-before", "garbage", "html", "lose-after"])
def test_no_secret_is_kept_or_shown_whatever_the_network_says(connection, network, fault, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    delivery = make_delivery(make_post(connection.blog), connection.channel)
    for kind in ("post", "read", "list", "token"):
        network.misbehave(fault, times=3, on=kind)
    send(delivery.pk)
    check.check(connection.pk)
    assert [asked for asked in network.requests if TOKEN in str(asked.headers)]
    for words in (["connections"], ["log"], ["posts"], ["blogs"], ["show", str(delivery.pk)]):
        call_command(*words, "--json")
    with pytest.raises(CommandError) as refused:
        call_command("doctor", "--json")
    owner = client_of("owner")
    pages = [owner.get(page).content.decode() for page in ("/", "/connections", "/health", "/log", f"/deliveries/{delivery.pk}")]
    printed = capsys.readouterr()
    assert clean(str(refused.value))
    assert clean(printed.out + printed.err)
    assert [page for page in pages if not clean(page)] == []
    assert [line for line in map(KeyValueFormatter().format, caplog.records) if not clean(line)] == []
    assert [str(row) for model in apps.get_models() for row in model.objects.values() if not clean(str(row))] == []


def test_what_a_person_pastes_is_never_repeated(connection, monkeypatch):
    for given in (f'{{"token": "{TOKEN}", "odd": "{REFRESH}"}}', f'{{"token": "{TOKEN}"', f'["{TOKEN}"]'):
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        with pytest.raises(CommandError) as refused:
            call_command("connect", "example", "noticeboard")
        assert clean(str(refused.value))


def test_a_page_that_breaks_shows_and_logs_none(connection, monkeypatch, caplog):
    def broken(*_: object) -> None:
        raise RuntimeError(json.dumps({"access_token": TOKEN, "refresh_token": REFRESH, "app_secret": APP_SECRET}))

    monkeypatch.setattr("worker.channels.noticeboard.Noticeboard.check", broken)
    owner = client_of("owner")
    owner.raise_request_exception = False
    answer = owner.post("/connections/example/noticeboard/check")
    assert answer.status_code == 500
    assert clean(answer.content.decode())
    assert [line for line in map(KeyValueFormatter().format, caplog.records) if not clean(line)] == []


def test_no_value_that_holds_a_secret_shows_it_when_printed():
    assert clean(repr(App("id", APP_SECRET)))
