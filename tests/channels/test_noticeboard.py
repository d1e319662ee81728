"""The noticeboard keeps the contract of a poster; and what is its own."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from tests.channels.contract import PATIENCE, SECRET, PosterContract
from tests.fakes.noticeboard import Noticeboard as Board
from worker.channels.base import Message, RefusedAsDuplicate
from worker.channels.noticeboard import Noticeboard, NoticeboardOptions

MESSAGE = PosterContract.message


def poster_at(url: str, **options: object) -> Noticeboard:
    poster = Noticeboard(NoticeboardOptions(base_url=url, **options), {"token": SECRET})
    poster.patience = PATIENCE
    return poster


@pytest.fixture
def network() -> Generator[Board, None, None]:
    with Board(token=SECRET) as board:
        yield board


class TestNoticeboardKeepsTheContract(PosterContract):
    @pytest.fixture
    def network(self, network: Board) -> Board:
        return network

    def poster_at(self, url: str) -> Noticeboard:
        return poster_at(url)


def test_it_declares_what_the_blogs_file_says() -> None:
    strict = poster_at("https://board.example", settle="3s", refuses_duplicates=True)
    easy = poster_at("https://board.example")
    assert (strict.settle, strict.refuses_duplicates) == (timedelta(seconds=3), True)
    assert (easy.settle, easy.refuses_duplicates) == (timedelta(minutes=15), False)
    assert easy.reads_back


def test_a_token_is_left_out_where_the_board_asks_for_none() -> None:
    with Board() as board:
        receipt = Noticeboard(NoticeboardOptions(base_url=board.url), {}).send(MESSAGE)
    assert receipt.url == f"{board.url}/n/1"


def test_it_posts_the_picture_with_its_description(network: Board) -> None:
    poster = poster_at(network.url)
    poster.send(poster.prepare(Message(text="Hello", link="https://blog.example/", image="https://blog.example/a.jpg", alt="A path")))
    assert network.addresses == ["https://blog.example/a.jpg"]
    assert (network.posts[0].body["image"], network.posts[0].body["alt"]) == ("picture-1", "A path")


def test_a_message_without_a_picture_is_ready_as_it_is(network: Board) -> None:
    assert poster_at(network.url).prepare(MESSAGE) is MESSAGE
    assert network.requests == []


def test_it_reads_only_its_own_authors_notices(network: Board) -> None:
    poster_at(network.url, author="somebody-else").send(MESSAGE)
    assert poster_at(network.url).find(MESSAGE, datetime.now(UTC) - timedelta(minutes=5)).seen == 0


def test_a_duplicate_may_name_a_post_that_nobody_can_find(network: Board) -> None:
    network.misbehave("ghost")
    with pytest.raises(RefusedAsDuplicate) as raised:
        poster_at(network.url).send(MESSAGE)
    assert raised.value.remote_id == "999999"
    assert poster_at(network.url).find(MESSAGE, datetime.now(UTC) - timedelta(minutes=5)).found is None


@pytest.mark.parametrize("address", ["https://board.example", "http://127.0.0.1:8020", "http://localhost:8020/", "http://[::1]:8020"])
def test_it_speaks_https_or_to_a_stand_in_on_this_machine(address: str) -> None:
    assert NoticeboardOptions(base_url=address).base_url == address.rstrip("/")


@pytest.mark.parametrize(
    "address", ["http://board.example", "http://127.0.0.1.board.example", "http://localhost@board.example", "ftp://127.0.0.1", ""]
)
def test_it_never_sends_a_token_in_the_clear_over_a_network(address: str) -> None:
    with pytest.raises(ValidationError, match="allowed is an https:// address"):
        NoticeboardOptions(base_url=address)
