"""The connections' pages: what everybody sees, what only the owner does, and the way to a network's consent and back."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from django.test import Client

from tests import clocks
from tests.console.conftest import client_of
from tests.factories import make_blog, make_delivery, make_post
from tests.fakes.grants import APP
from tests.fakes.noticeboard import Noticeboard
from worker.channels.base import App, Consent, Place
from worker.connections import keep
from worker.connections.consent import page_at, question, the_place
from worker.connections.poster import poster_for
from worker.lib.blogs import blog_file
from worker.lib.http import request
from worker.models import Blog, Connection, Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def board(settings) -> Iterator[Noticeboard]:
    settings.APPS = {"noticeboard": App(*APP)}
    with Noticeboard() as board:
        board.grants.strict = True
        yield board


@pytest.fixture
def blog(board) -> Blog:
    return make_blog(channels={"noticeboard": {"mode": "live", "base_url": board.url}})


@pytest.fixture
def owner(blog) -> Client:
    return client_of("owner")


def begin(client: Client) -> str:
    """The address of the board's page of consent."""
    answer = client.post("/connections/example/noticeboard/connect")
    assert answer.status_code == 302
    return answer["Location"]


def answer_of(page: str, said: str = "allow") -> str:
    """Where the board sends the person back to."""
    body = request("GET", page, private=True).body.decode()
    link = re.search(rf'id="{said}" href="([^"]+)"', body)
    assert link
    parts = urlsplit(link[1].replace("&amp;", "&"))
    return f"{parts.path}?{parts.query}"


def told(client: Client, address: str) -> str:
    """What the page says to which an address leads."""
    answer = client.get(address, follow=True)
    assert answer.status_code == 200
    found = re.search(r'<p class="message [^"]*" role="status">(.+?)</p>', answer.content.decode(), re.DOTALL)
    return found[1].replace("&#39;", "'") if found else ""


def test_the_way_to_consent_and_back_connects(owner, board, blog):
    waits = make_delivery(make_post(blog), "noticeboard", waits_for="person", due_at=None)
    page = begin(owner)
    asked = parse_qs(urlsplit(page).query)
    assert page.startswith(f"{board.url}/consent?")
    assert (asked["client_id"], asked["scope"], asked["code_challenge_method"]) == ([APP[0]], ["read write"], ["S256"])
    assert asked["redirect_uri"] == ["http://127.0.0.1:8000/connections/callback/noticeboard"]
    assert told(owner, answer_of(page)) == "The connection to Noticeboard was made: The Practice."
    row = Connection.objects.get()
    assert board.grants.knows(keep.opened(row.credentials)["token"])
    assert (row.account, row.place_id, row.connected_by) == ("The Practice", "postlark", "owner0@practice.example")
    waits.refresh_from_db()
    assert waits.waits_for == "clock"


def test_a_person_chooses_among_several_places(owner, board, blog):
    board.authors = [{"id": "north", "name": "The north wall"}, {"id": "south", "name": "The south wall"}]
    answer = owner.get(answer_of(begin(owner)), follow=True)
    assert answer.redirect_chain[-1][0] == "/connections/example/noticeboard/place"
    assert "The south wall" in answer.content.decode()
    answer = owner.post("/connections/example/noticeboard/place", {"place": "south"}, follow=True)
    assert "posts to The south wall from now on" in answer.content.decode()
    file = blog_file("example")
    assert file
    assert poster_for(file, "noticeboard").options.author == "south"
    assert told(owner, answer_of(begin(owner))).startswith("The connection to Noticeboard was made")
    assert Connection.objects.get().place_id == "south"


def test_a_place_that_is_none_of_theirs_is_not_taken(owner, board):
    board.authors = [{"id": "north", "name": "The north wall"}, {"id": "south", "name": "The south wall"}]
    owner.get(answer_of(begin(owner)))
    assert owner.post("/connections/example/noticeboard/place", {"place": "west"}).status_code == 200
    assert Connection.objects.get().place_id == ""


def test_the_file_goes_before_the_choice(owner, board):
    make_blog(channels={"noticeboard": {"mode": "live", "base_url": board.url, "author": "south"}})
    board.authors = [{"id": "north", "name": "North"}, {"id": "south", "name": "South"}]
    assert told(owner, answer_of(begin(owner))).startswith("The connection to Noticeboard was made")
    page = owner.get("/connections").content.decode()
    assert "The blog's file names south." in page.replace("&#39;", "'")
    assert "Choose where it posts" not in page


def test_a_place_in_the_file_that_the_account_may_not_post_to_is_told(owner, board):
    make_blog(channels={"noticeboard": {"mode": "live", "base_url": board.url, "author": "west"}})
    said = told(owner, answer_of(begin(owner)))
    assert said == "Noticeboard is connected, but this account may not post to west, which the blog's file names."


def test_two_tabs_do_not_disturb_each_other_and_each_answer_is_used_once(owner, board):
    first, second = begin(owner), begin(owner)
    back = answer_of(second)
    assert told(owner, back).startswith("The connection to Noticeboard was made")
    assert told(owner, back) == "This answer from Noticeboard was used already, or was begun in another browser. Press Connect again."
    assert told(owner, answer_of(first)).startswith("The connection to Noticeboard was made")


def test_somebody_else_s_consent_cannot_be_slipped_in(owner, board):
    back = answer_of(begin(owner))
    victim = client_of("owner", make_blog())
    assert told(victim, back) == "This answer from Noticeboard was used already, or was begun in another browser. Press Connect again."
    forged = "/connections/callback/noticeboard?" + urlencode({"state": "made-up", "code": "x"})
    assert "belongs to nothing that was begun here" in told(owner, forged)
    assert "belongs to nothing that was begun here" in told(owner, "/connections/callback/noticeboard")
    assert not Connection.objects.exists()


def test_a_consent_that_is_declined_changes_nothing(owner, board):
    assert told(owner, answer_of(begin(owner), "deny")) == "Consent was declined at Noticeboard, so nothing was changed."
    assert not Connection.objects.exists()


def test_an_error_in_place_of_a_code_is_told(owner):
    state = parse_qs(urlsplit(begin(owner)).query)["state"][0]
    said = told(owner, "/connections/callback/noticeboard?" + urlencode({"state": state, "error": "server_error"}))
    assert said == "Noticeboard sent no consent back, so nothing was changed. Press Connect again."


def test_a_code_that_has_expired_is_told(owner, board):
    state = parse_qs(urlsplit(begin(owner)).query)["state"][0]
    said = told(owner, "/connections/callback/noticeboard?" + urlencode({"state": state, "code": "long-gone"}))
    assert said.endswith("Press Connect again.")
    assert not Connection.objects.exists()


def test_a_consent_that_took_too_long_is_told(owner, board):
    back = answer_of(begin(owner))
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2)):
        assert "took longer than an hour" in told(owner, back)


def test_the_owner_looks_and_disconnects(owner, board):
    owner.get(answer_of(begin(owner)))
    answer = owner.post("/connections/example/noticeboard/check", follow=True)
    assert "The connection to Noticeboard works: The Practice." in answer.content.decode()
    board.misbehave("401", on="read")
    answer = owner.post("/connections/example/noticeboard/check", follow=True)
    assert "Noticeboard does not accept the connection" in answer.content.decode()
    owner.post("/connections/example/noticeboard/disconnect")
    row = Connection.objects.get()
    assert (row.credentials, row.account, row.scopes) == ("", "", [])
    assert Event.objects.order_by("-pk")[0].what.startswith("Noticeboard of example was disconnected")


def test_without_an_app_there_is_no_button_and_the_page_says_what_else(owner, settings):
    settings.APPS = {}
    page = owner.get("/connections").content.decode()
    assert "postlark connect example noticeboard" in page
    answer = owner.post("/connections/example/noticeboard/connect", follow=True)
    assert "cannot be connected with a button here" in answer.content.decode()


@pytest.mark.parametrize("role", ["office", "reader"])
def test_others_see_the_connections_and_change_none(board, blog, role):
    Connection.objects.create(blog=blog, channel="noticeboard", credentials=keep.close({"token": "planted-token"}), account="The Practice")
    client = client_of(role)
    page = client.get("/connections").content.decode()
    assert "The Practice" in page
    assert "planted-token" not in page
    assert page.count("<form") == page.count('action="/sign-out"') + page.count('action="/language"')
    for act in ("connect", "check", "disconnect", "place"):
        assert client.post(f"/connections/example/noticeboard/{act}").status_code == 403
    assert client.get("/connections/example/noticeboard/place").status_code == 403
    assert client.get("/connections/callback/noticeboard?state=x").status_code == 403


def test_an_owner_of_other_blogs_finds_nothing_here(board, blog):
    stranger = client_of("owner", make_blog("other", channels={}))
    Connection.objects.create(blog=blog, channel="noticeboard", credentials=keep.close({"token": "t"}))
    for act in ("connect", "check", "disconnect", "place"):
        assert stranger.post(f"/connections/example/noticeboard/{act}").status_code == 404
    assert 'id="example"' not in stranger.get("/connections").content.decode()


def test_a_browser_may_follow_the_button_to_the_network_and_nowhere_else(owner, board):
    allowed = re.search(r"form-action ([^;]+)", owner.get("/connections")["Content-Security-Policy"])
    assert allowed
    assert allowed[1].split() == ["'self'", board.url]


def test_an_end_within_two_weeks_needs_somebody(owner, blog):
    Connection.objects.create(
        blog=blog, channel="noticeboard", credentials=keep.close({"token": "t"}), expires_at=clocks.now() + timedelta(days=6, hours=1)
    )
    home = owner.get("/").content.decode()
    assert "The connection to Noticeboard ends in 6 days" in home
    assert "Ready, 6 days left" in home


def test_the_page_of_consent_is_the_stand_in_s_where_the_file_names_one(board):
    real = Consent("https://www.network.example/v1/dialog", ("a",))
    file = blog_file("example") or (make_blog(channels={"noticeboard": {"base_url": board.url}}) and blog_file("example"))
    assert file
    assert page_at(real, file.channels["noticeboard"]) == f"{board.url}/v1/dialog"
    at_home = type(file.channels["noticeboard"])(base_url="https://board.example")
    assert page_at(real, at_home) == "https://www.network.example/v1/dialog"
    assert "code_challenge" not in question(real, at_home, App("id", "secret"), "s", "https://here.example/").address


A, B = Place("a", "A"), Place("b", "B")


@pytest.mark.parametrize(
    ("places", "named", "before", "chosen"),
    [
        ([A], "", "", A),
        ([A, B], "", "", None),
        ([A, B], "", "b", B),
        ([A, B], "a", "b", A),
        ([A, B], "c", "b", None),
        ([A], "", "gone", A),
        ([], "", "", None),
    ],
)
def test_nobody_is_asked_where_it_is_clear(places, named, before, chosen):
    assert the_place(places, named=named, before=before) == chosen
