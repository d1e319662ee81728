"""Pinterest keeps the contract of a poster; what is its own; and its section of a blog's file."""

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from tests.channels.contract import (
    PATIENCE,
    SECRET,
    ConfirmingContract,
    ConnectedContract,
    DeletingContract,
    PosterContract,
    nobody_listens,
)
from tests.fakes.pictures import png
from tests.fakes.pinterest import BOARD
from tests.fakes.pinterest import Pinterest as Network
from tests.fakes.tokens import APP_ID, APP_SECRET
from worker.channels.base import App, DeliveryError, Message, OutcomeUnknown, Picture, Rejected, Transient, Unauthorized
from worker.channels.pinterest import Pinterest, PinterestOptions

PICTURE = Picture(png(1000, 1500), "image/png", 1000, 1500)
MESSAGE = replace(PosterContract.message, picture=PICTURE, alt="A path through a wood")
APP = App(APP_ID, APP_SECRET)
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
REFRESH = "refresh-never-shown"


def poster_at(url: str, app: App = App(), *, board: str = BOARD, **credentials: str) -> Pinterest:
    poster = Pinterest(PinterestOptions(base_url=url, board_id=board), {"access_token": SECRET, **credentials}, app)
    poster.patience = PATIENCE
    return poster


@pytest.fixture
def network() -> Generator[Network, None, None]:
    with Network(token=SECRET) as network:
        network.tokens.refresh = REFRESH
        yield network


@pytest.fixture
def poster(network: Network) -> Pinterest:
    return poster_at(network.url)


@pytest.fixture
def since() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=5)


class TestPinterestKeepsTheContract(PosterContract, ConfirmingContract, DeletingContract, ConnectedContract):
    message = MESSAGE
    test_a_refused_duplicate_names_the_older_post = None  # it refuses none
    test_preparing_is_never_unknown_for_it_may_be_repeated = None  # the picture goes along in the one request

    @pytest.fixture
    def network(self, network: Network) -> Network:
        return network

    def poster_at(self, url: str) -> Pinterest:
        return poster_at(url)


# Pinning ------------------------------------------------------------------------------------------------------------------


def test_it_pins_the_picture_its_words_and_the_link_to_the_board(network: Network, poster: Pinterest) -> None:
    receipt = poster.send(MESSAGE)
    (post,) = network.posts
    assert post.body == {
        "board_id": BOARD,
        "title": MESSAGE.title,
        "description": MESSAGE.text,
        "link": MESSAGE.link,
        "alt_text": "A path through a wood",
        "picture": post.body["picture"],
    }
    assert network.pictures[post.body["picture"].rpartition("/")[2]] == PICTURE.data
    assert receipt.url == f"https://www.pinterest.com/pin/{receipt.remote_id}/"


def test_preparing_asks_nothing_of_the_network(network: Network, poster: Pinterest) -> None:
    assert poster.prepare(MESSAGE) is MESSAGE
    assert network.requests == []


def test_a_picture_that_is_only_an_address_is_left_to_pinterest_to_fetch(network: Network, poster: Pinterest) -> None:
    poster.send(replace(MESSAGE, picture=None, image="https://blog.example/a.jpg"))
    assert network.posts[0].body["picture"] == "https://blog.example/a.jpg"


def test_without_a_picture_nothing_is_asked(network: Network, poster: Pinterest) -> None:
    with pytest.raises(Rejected, match="without a picture"):
        poster.send(replace(MESSAGE, picture=None))
    assert network.requests == []


def test_parts_that_are_empty_are_left_out(network: Network, poster: Pinterest) -> None:
    poster.send(Message(text="Only words", picture=PICTURE))
    assert set(network.posts[0].body) == {"board_id", "description", "picture"}


def test_without_a_board_nothing_is_asked(network: Network) -> None:
    options = PinterestOptions(base_url=network.url)
    with pytest.raises(Unauthorized, match="No board is chosen"):
        Pinterest(options, {"access_token": SECRET}).send(MESSAGE)
    assert network.requests == []


def test_pitfall_14_a_trial_app_waits_for_a_person_who_is_told_of_the_sandbox(network: Network, poster: Pinterest) -> None:
    network.misbehave("trial")
    with pytest.raises(Unauthorized, match=r"on trial.*Standard access.*sandbox") as raised:
        poster.send(MESSAGE)
    assert raised.value.status == "403"


@pytest.mark.parametrize("base", ["https://api-sandbox.pinterest.com", "https://api.pinterest.com"])
def test_pitfall_14_the_sandbox_is_an_address_in_the_blogs_file(base: str) -> None:
    assert PinterestOptions(base_url=base).base_url == base


@pytest.mark.parametrize(
    ("fault", "error", "sentence"),
    [
        ("site", Rejected, "lead to this web site"),
        ("spam", Rejected, "lead to this web site"),
        ("small", Rejected, "too small"),
        ("unfetched", Transient, "could not fetch the picture"),
        ("408", OutcomeUnknown, "no clear answer"),
        ("403", Unauthorized, "does not let this account pin"),
        ("404", Unauthorized, "no board by the number"),
        ("503", OutcomeUnknown, "no clear answer"),
    ],
)
def test_each_refusal_of_pinterests_own_says_what_happens_next(
    network: Network, poster: Pinterest, fault: str, error: type[DeliveryError], sentence: str
) -> None:
    network.misbehave(fault)
    with pytest.raises(error, match=sentence):
        poster.send(MESSAGE)


def test_a_refused_link_keeps_pinterests_own_words(network: Network, poster: Pinterest) -> None:
    network.misbehave("spam")
    with pytest.raises(Rejected) as raised:
        poster.send(MESSAGE)
    assert "may lead to spam" in raised.value.detail


@pytest.mark.parametrize(("fault", "least", "most"), [("429", 77, 77), ("429-epoch", 70, 78)])
def test_a_limit_ends_when_its_header_says(network: Network, poster: Pinterest, fault: str, least: int, most: int) -> None:
    network.misbehave(fault, seconds=77)
    with pytest.raises(Transient) as raised:
        poster.send(MESSAGE)
    assert timedelta(seconds=least) <= raised.value.retry_after <= timedelta(seconds=most)
    assert raised.value.cooldown


def test_a_limit_without_a_header_leaves_the_wait_to_us(network: Network, poster: Pinterest) -> None:
    network.misbehave("429-bare")
    with pytest.raises(Transient) as raised:
        poster.send(MESSAGE)
    assert (raised.value.retry_after, raised.value.cooldown) == (None, True)


# Reading back -------------------------------------------------------------------------------------------------------------


def test_pitfall_1_pinterest_would_take_it_twice_so_no_repeat_follows_absence(network: Network, poster: Pinterest) -> None:
    poster.send(MESSAGE)
    poster.send(MESSAGE)
    assert network.count(MESSAGE.text) == 2
    assert poster.reads_back
    assert not poster.refuses_duplicates


def test_it_reads_its_own_board_only(network: Network, poster: Pinterest, since: datetime) -> None:
    network.boards["1"] = {"id": "1", "name": "Another", "privacy": "PUBLIC"}
    poster_at(network.url, board="1").send(MESSAGE)
    assert poster.find(MESSAGE, since).seen == 0


def test_it_knows_a_pin_by_its_words_too(network: Network, poster: Pinterest, since: datetime) -> None:
    poster.send(replace(MESSAGE, text="The same link, with other words"))
    assert poster.find(MESSAGE, since).found is None


@pytest.mark.parametrize(
    "stored", [{"title": None}, {"description": None}, {"description": "Coping with school stress Educational only, not therapy."}]
)
def test_what_pinterest_leaves_out_or_respaces_does_not_hide_a_pin(
    network: Network, poster: Pinterest, since: datetime, stored: dict[str, Any]
) -> None:
    poster.send(MESSAGE)
    network.replace(network.posts[0], MESSAGE.text, network.posts[0].body | stored)
    assert poster.find(MESSAGE, since).found is not None


@pytest.mark.parametrize(
    "link", ["https://blog.example/coping", "https://BLOG.example/coping/?utm_source=pinterest", "http://blog.example/coping/#top"]
)
def test_what_pinterest_changes_in_a_link_does_not_hide_a_pin(network: Network, poster: Pinterest, since: datetime, link: str) -> None:
    poster.send(MESSAGE)
    network.replace(network.posts[0], MESSAGE.text, network.posts[0].body | {"link": link})
    assert poster.find(MESSAGE, since).found is not None


def test_a_pin_that_somebody_made_by_hand_may_lead_anywhere(network: Network, poster: Pinterest, since: datetime) -> None:
    poster.send(MESSAGE)
    network.replace(network.posts[0], MESSAGE.text, network.posts[0].body | {"link": "http://[broken"})
    assert poster.find(MESSAGE, since).found is None


def test_a_list_without_an_end_is_no_reading(network: Network, poster: Pinterest, since: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.channels.pinterest.PAGES", 2)
    for number in range(25):
        poster.send(replace(MESSAGE, text=f"Another {number}", link="https://blog.example/another/"))
    with pytest.raises(Transient, match="does not end"):
        poster.find(MESSAGE, since)


# The connection -----------------------------------------------------------------------------------------------------------


def credentials(ends_in: timedelta, **more: str) -> dict[str, str]:
    return {"refresh_token": REFRESH, "expires_at": (NOW + ends_in).isoformat(), **more}


def test_it_says_when_a_connection_ends_that_nobody_renews(network: Network) -> None:
    account = poster_at(network.url, **credentials(timedelta(days=20))).check()
    assert (account.name, account.expires_at) == ("Example Practice", NOW + timedelta(days=20))
    assert any("cannot be renewed by itself" in note for note in account.notes)


def test_of_a_connection_that_is_renewed_the_end_is_the_renewals(network: Network) -> None:
    given = credentials(timedelta(days=20), refresh_token_expires_at=(NOW + timedelta(days=60)).isoformat())
    account = poster_at(network.url, APP, **given).check()
    assert account.expires_at == NOW + timedelta(days=60)
    assert not any("renewed" in note for note in account.notes)


def test_a_board_that_is_gone_shows_when_the_connection_is_checked(network: Network) -> None:
    with pytest.raises(Unauthorized, match="no board by the number"):
        poster_at(network.url, board="1").check()


def test_pitfall_14_staff_are_told_that_pins_may_be_unseen(network: Network, poster: Pinterest) -> None:
    assert any("Standard access" in note for note in poster.check().notes)


def test_a_connection_that_may_too_little_is_for_a_person(network: Network) -> None:
    with pytest.raises(Unauthorized, match="may not do all that is needed"):
        poster_at(network.url, scope="boards:read pins:read").check()


@pytest.mark.parametrize("days", [22, 1, -1])
def test_it_is_renewed_weekly_and_keeps_the_new_refresh_token(network: Network, days: int) -> None:
    poster = poster_at(network.url, APP, **credentials(timedelta(days=days)))
    fresh = poster.refresh(NOW)
    assert fresh is not None
    assert (fresh["access_token"], fresh["refresh_token"]) == (network.tokens.access, network.tokens.refresh)
    assert fresh["refresh_token"] != REFRESH
    assert fresh["expires_at"] == (NOW + timedelta(days=30)).isoformat()
    assert fresh["refresh_token_expires_at"] == (NOW + timedelta(days=60)).isoformat()
    assert poster_at(network.url, APP, **fresh).check().scopes


def test_sixty_idle_days_do_not_end_it(network: Network) -> None:
    """Asked once a day, and renewed whenever it says so."""
    now, held, renewals = NOW, {"access_token": SECRET, **credentials(timedelta(days=30))}, []
    for day in range(70):
        fresh = poster_at(network.url, APP, **held).refresh(now + timedelta(days=day))
        if fresh:
            held = fresh
            renewals.append(day)
    gaps = [later - earlier for earlier, later in zip([0, *renewals], renewals, strict=False)]
    assert max(gaps) <= 8
    assert network.tokens.admits(held["access_token"])


def test_there_is_nothing_to_renew_in_the_first_week(network: Network) -> None:
    assert poster_at(network.url, APP, **credentials(timedelta(days=24))).refresh(NOW) is None
    assert network.requests == []


@pytest.mark.parametrize("app", [App(), App(APP_ID, "")])
def test_without_an_app_it_cannot_be_renewed(network: Network, app: App) -> None:
    assert poster_at(network.url, app, **credentials(timedelta(days=1))).refresh(NOW) is None


@pytest.mark.parametrize(("days", "error"), [(10, Transient), (0, Unauthorized), (-1, Unauthorized)])
def test_a_refused_renewal_ends_nothing_that_still_works(network: Network, days: int, error: type[DeliveryError]) -> None:
    network.tokens.refresh = "another"
    with pytest.raises(error):
        poster_at(network.url, APP, **credentials(timedelta(days=days))).refresh(NOW)


@pytest.mark.parametrize("fault", ["lose-before", "500-before", "late", "half", "garbage", "html", "429", "503"])
def test_a_renewal_without_an_answer_is_tried_again(network: Network, fault: str) -> None:
    network.misbehave(fault, on="token", seconds=3)
    with pytest.raises(Transient):
        poster_at(network.url, APP, **credentials(timedelta(days=1))).refresh(NOW)


def test_no_network_no_renewal() -> None:
    with nobody_listens() as url, pytest.raises(Transient):
        poster_at(url, APP, **credentials(timedelta(days=1))).refresh(NOW)


@pytest.mark.parametrize("fault", ["401", "429", "echo", "garbage"])
def test_a_renewal_tells_no_secret(network: Network, fault: str) -> None:
    network.misbehave(fault, on="token")
    poster = poster_at(network.url, APP, **credentials(timedelta(0)))
    with pytest.raises(DeliveryError) as raised:
        poster.refresh(NOW)
    basic = network.requests[-1].headers["Authorization"].removeprefix("Basic ")
    assert not [secret for secret in (SECRET, REFRESH, APP_SECRET, basic) if secret in f"{raised.value!r} {raised.value.detail}"]


def consent(network: Network, redirect: str) -> str:
    """A person opens the page that asks; the code that "Allow" brings."""
    query = {"client_id": APP_ID, "redirect_uri": redirect, "response_type": "code", "scope": "boards:read,pins:write", "state": "s"}
    assert network.tokens.consent(query, ",").status == 200
    return list(network.tokens.codes)[-1]


def test_a_code_becomes_credentials(network: Network) -> None:
    code = consent(network, "https://postlark.example/connections/back")
    given = Pinterest.connect(PinterestOptions(base_url=network.url), APP, code, "", "https://postlark.example/connections/back")
    assert (given["access_token"], given["refresh_token"]) == (network.tokens.access, network.tokens.refresh)
    assert set(given) == {"access_token", "refresh_token", "expires_at", "refresh_token_expires_at", "scope"}
    assert poster_at(network.url, APP, **given).check().id


@pytest.mark.parametrize(("app", "code"), [(APP, "a guess"), (App(APP_ID, "wrong"), "code-1")])
def test_a_consent_that_is_not_taken_says_what_to_do(network: Network, app: App, code: str) -> None:
    consent(network, "https://postlark.example/back")
    with pytest.raises(Rejected, match="press Connect again"):
        Pinterest.connect(PinterestOptions(base_url=network.url), app, code, "", "https://postlark.example/back")


def test_its_boards_can_be_picked(network: Network, poster: Pinterest) -> None:
    network.boards |= {str(number): {"id": str(number), "name": f"Board {number}", "privacy": "SECRET"} for number in range(25)}
    places = poster.places()
    assert len(places) == 26
    assert (places[0].id, places[0].name) == (BOARD, "From our blog")
    assert places[1].name == "Board 0 (secret)"


# The section --------------------------------------------------------------------------------------------------------------


def test_a_board_can_be_named() -> None:
    options = PinterestOptions(board_id="600700800900", settle="30m")
    assert (options.board_id, Pinterest(options, {}).settle) == ("600700800900", timedelta(minutes=30))


@pytest.mark.parametrize("value", ["Our blog", "", "12 34", "１２"])
def test_another_board_is_a_mistake_that_says_what_is_allowed(value: str) -> None:
    with pytest.raises(ValidationError, match="allowed is the board's number, digits only"):
        PinterestOptions(board_id=value)


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("https://www.pinterest.com/pin/813744226420795884/", "813744226420795884"),
        ("https://ca.pinterest.com/pin/coping-with-school-stress--813744226420795884/", "813744226420795884"),
        ("https://www.pinterest.ca/pin/813744226420795884/?mt=login", "813744226420795884"),
        ("https://www.pinterest.com/heartmatter/blog/", ""),
        ("https://pin.it/4Kxyz", ""),
        ("https://pinterest.example.com/pin/813744226420795884/", ""),
    ],
)
def test_an_address_of_a_pin_names_it(address: str, number: str) -> None:
    assert Pinterest(PinterestOptions(), {}).id_in(address) == number
