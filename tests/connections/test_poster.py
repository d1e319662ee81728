"""What an adapter is given: the file's options, the credentials in the clear, the picked place, the operator's app."""

from typing import ClassVar

import pytest
from pydantic import BaseModel

from tests.factories import blog_file, make_blog
from worker import channels
from worker.channels.base import App, Consent, CredentialKeys, Credentials, Look, Message, Poster, Receipt, Rejected, Unauthorized
from worker.channels.noticeboard import Noticeboard
from worker.connections import keep
from worker.connections.poster import declared, poster_for
from worker.lib.blogs import ChannelOptions
from worker.lib.crypto import new_key
from worker.models import Connection

pytestmark = pytest.mark.django_db


class BillboardOptions(ChannelOptions):
    wall: str = ""


class Billboard(Poster):
    """A network of the simplest kind that lets one choose where to post."""

    slug, name = "billboard", "Billboard"
    Options = BillboardOptions
    consent: ClassVar[Consent] = Consent("https://billboard.example/consent", ("post",), place="wall")
    shapes = (CredentialKeys(("token",)),)

    def send(self, message: Message) -> Receipt:
        return Receipt("1")

    def find(self, message: Message, since: object) -> Look:
        return Look(None, 0)


@pytest.fixture
def billboard(monkeypatch):
    monkeypatch.setattr(channels, "find", {"billboard": Billboard, **channels.all_channels()}.__getitem__)


def file(**options: object):
    section: BaseModel = BillboardOptions(**options)
    return blog_file(channels={}).model_copy(update={"channels": {"billboard": section}})


def connect(credentials: Credentials, **values: object) -> Connection:
    return Connection.objects.create(blog=make_blog(), channel="billboard", credentials=keep.close(credentials), **values)


def test_it_opens_the_credentials_and_adds_the_operators_app(billboard, settings):
    settings.APPS = {"billboard": App("id", "secret")}
    connect({"token": "t"}, account_id="42")
    poster = poster_for(file(wall="north"), "billboard")
    assert (poster.credentials, poster.app, poster.account_id) == ({"token": "t"}, App("id", "secret"), "42")


def test_the_picked_place_counts_where_the_file_is_silent(billboard):
    connect({"token": "t"}, place_id="south")
    assert poster_for(file(), "billboard").options.wall == "south"
    assert poster_for(file(wall="north"), "billboard").options.wall == "north"


def test_a_channel_that_is_not_connected_waits_for_a_person(billboard):
    with pytest.raises(Unauthorized, match="Billboard is not connected for this blog"):
        poster_for(file(wall="north"), "billboard")


def test_credentials_under_a_lost_key_are_a_sentence_and_never_handed_on(billboard, settings):
    connect({"token": "t"})
    settings.KEPT_POSTLARK_KEYS, settings.POSTLARK_KEYS = None, [new_key()]
    with pytest.raises(Unauthorized, match="not among POSTLARK_KEYS"):
        poster_for(file(wall="north"), "billboard")


def test_a_network_that_asks_for_no_credentials_needs_none():
    make_blog()
    assert isinstance(poster_for(blog_file(channels={"noticeboard": {"base_url": "http://127.0.0.1:1"}}), "noticeboard"), Noticeboard)


def test_a_channel_that_is_no_network_is_refused():
    with pytest.raises(Rejected):
        poster_for(blog_file(), "email")


def test_what_an_adapter_declares_can_be_asked_without_credentials(billboard):
    assert declared(file(), "billboard").reads_back is False
