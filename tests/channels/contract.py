"""What every channel must do, whatever its network: a channel's test file subclasses one of these and gives it the network's fake.

class TestNoticeboardKeepsTheContract(PosterContract):
    @pytest.fixture
    def network(self): ...
    def poster_at(self, url): ...
"""

import logging
import re
import socket
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Protocol

import pytest

from tests.fakes.relay import Relay
from worker.channels import network as adapters
from worker.channels.base import DeliveryError, Message, OutcomeUnknown, Poster, RefusedAsDuplicate, Rejected, Transient, Unauthorized
from worker.channels.carrier import Carrier, Envelope, Handed, Intent, MailTemplate, mark

SECRET = "tok-9f2c-never-shown"
PATIENCE = 1.0  # seconds for one request in these tests
LONG = 60.0  # a fault that lasts longer than any patience; the network's end cuts it short


class Network(Protocol):
    """A fake network over HTTP; its faults are those of tests/fakes/network.py."""

    url: str
    lag: float
    refuses_duplicates: bool

    def misbehave(self, fault: str, *, times: int = 1, seconds: float = 1.0, on: str = "post") -> None: ...

    def count(self, text: str) -> int: ...


def are_for_the_front_desk(meanings: Iterable[Callable[..., DeliveryError] | None]) -> bool:
    """One sentence each, and no long one."""
    sentences = [meaning().sentence for meaning in meanings if meaning]
    return all(each[0].isupper() and each.endswith(".") and len(each) <= 150 for each in sentences) and bool(sentences)


@contextmanager
def nobody_listens() -> Generator[str, None, None]:
    """An address whose port refuses every connection."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def nobody_accepts() -> Generator[str, None, None]:
    """An address whose machine lets every connection wait: its queue is full (Linux then ignores the next)."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


class PosterContract(ABC):
    message: ClassVar[Message] = Message(
        text="Coping with school stress\n\nEducational only, not therapy.",
        link="https://blog.example/coping/",
        title="Coping with school stress",
    )
    refusals: ClassVar[dict[str, type[DeliveryError]]] = {"401": Unauthorized, "403": Unauthorized, "404": Unauthorized, "422": Rejected}
    """What this network means by a status."""

    def another(self, text: str) -> Message:
        """Not this message: another link."""
        return replace(self.message, text=text, link="https://blog.example/another/")

    @abstractmethod
    def poster_at(self, url: str) -> Poster:
        """The channel's poster for the network at `url`, with SECRET as its credentials and PATIENCE for a request."""

    @pytest.fixture
    def poster(self, network: Network) -> Poster:
        return self.poster_at(network.url)

    # Handing over -----------------------------------------------------------------------------------------------------

    def test_it_posts_once_and_gives_back_the_posts_name_and_address(self, network: Network, poster: Poster) -> None:
        receipt = poster.send(poster.prepare(self.message))
        assert network.count(self.message.text) == 1
        assert receipt.remote_id
        assert poster.id_in(receipt.url) == receipt.remote_id
        assert re.match(r"https?://", receipt.url)

    def test_an_empty_text_is_rejected(self, network: Network, poster: Poster) -> None:
        with pytest.raises(Rejected):
            poster.send(replace(self.message, text=""))

    def test_a_text_over_the_limit_is_rejected(self, network: Network, poster: Poster) -> None:
        with pytest.raises(Rejected):
            poster.send(replace(self.message, text="x" * (poster.limits.text + 1)))

    @pytest.mark.parametrize("status", ["401", "403", "404", "422"])
    def test_a_refusal_says_what_happens_next(self, network: Network, poster: Poster, status: str) -> None:
        network.misbehave(status)
        with pytest.raises(self.refusals[status]) as raised:
            poster.send(self.message)
        assert raised.value.status == status
        assert network.count(self.message.text) == 0

    def test_a_rate_limit_waits_as_long_as_the_network_says_and_for_the_whole_connection(self, network: Network, poster: Poster) -> None:
        network.misbehave("429", seconds=77)
        with pytest.raises(Transient) as raised:
            poster.send(self.message)
        assert raised.value.cooldown
        assert raised.value.retry_after
        assert abs(raised.value.retry_after - timedelta(seconds=77)) < timedelta(seconds=5)  # some name the moment, in whole seconds

    @pytest.mark.parametrize("fault", ["lose-before", "500-before"])
    def test_what_was_not_posted_but_could_have_been_is_unknown(self, network: Network, poster: Poster, fault: str) -> None:
        network.misbehave(fault)
        with pytest.raises(OutcomeUnknown):
            poster.send(self.message)
        assert network.count(self.message.text) == 0

    @pytest.mark.parametrize("fault", ["lose-after", "reset", "500-after", "late", "drip", "half", "garbage", "html"])
    def test_what_was_posted_without_a_clear_answer_is_unknown(self, network: Network, poster: Poster, fault: str) -> None:
        network.misbehave(fault, seconds=LONG)
        with pytest.raises(OutcomeUnknown):
            poster.send(self.message)
        assert network.count(self.message.text) == 1

    def test_a_refused_connection_is_tried_again(self) -> None:
        with nobody_listens() as url, pytest.raises(Transient):
            self.poster_at(url).send(self.message)

    def test_a_connection_that_does_not_come_about_is_tried_again(self) -> None:
        with nobody_accepts() as url, pytest.raises(Transient):
            self.poster_at(url).send(self.message)

    def test_a_refused_duplicate_names_the_older_post(self, network: Network, poster: Poster) -> None:
        network.refuses_duplicates = True
        first = poster.send(self.message)
        with pytest.raises(RefusedAsDuplicate) as raised:
            poster.send(self.message)
        assert raised.value.remote_id in ("", first.remote_id)
        assert network.count(self.message.text) == 1

    @pytest.mark.parametrize("fault", ["401", "422", "429", "500-after", "garbage", "half", "lose-after", "echo"])
    def test_the_secret_stays_secret(self, network: Network, poster: Poster, fault: str, caplog: pytest.LogCaptureFixture) -> None:
        network.misbehave(fault)
        with caplog.at_level(logging.DEBUG), pytest.raises(DeliveryError) as raised:
            poster.send(self.message)
        error = raised.value
        told = [repr(error), str(error), error.status, error.detail, *traceback.format_exception(error), caplog.text, repr(poster)]
        assert not [text for text in told if SECRET in text]

    def test_every_refusal_has_a_sentence_for_the_front_desk(self, poster: adapters.Network) -> None:
        assert are_for_the_front_desk([*poster.statuses.values(), *(meaning for _, meaning in poster.phrases)])

    def test_every_error_has_a_sentence_for_the_front_desk(self, network: Network, poster: Poster) -> None:
        for fault in ("401", "403", "404", "422", "429", "500-after", "garbage"):
            network.misbehave(fault)
            with pytest.raises(DeliveryError) as raised:
                poster.send(self.message)
            assert re.fullmatch(r"[A-Z][^{}<>\n]{10,150}\.", raised.value.sentence)

    # Preparing --------------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("fault", ["lose-before", "500-before", "late", "half", "garbage", "429"])
    def test_preparing_is_never_unknown_for_it_may_be_repeated(self, network: Network, poster: Poster, fault: str) -> None:
        network.misbehave(fault, on="upload", seconds=LONG)
        with pytest.raises(Transient):
            poster.prepare(replace(self.message, image="https://blog.example/picture.jpg", alt="A path"))
        assert network.count(self.message.text) == 0

    # Reading back -----------------------------------------------------------------------------------------------------

    @pytest.fixture
    def since(self) -> datetime:
        return datetime.now(UTC) - timedelta(minutes=5)

    def test_it_does_not_find_what_is_not_there(self, network: Network, poster: Poster, since: datetime) -> None:
        poster.send(self.another("Another"))
        look = poster.find(self.message, since)
        assert (look.found, look.seen) == (None, 1)

    def test_it_finds_what_is_there(self, network: Network, poster: Poster, since: datetime) -> None:
        posted = poster.send(self.message)
        found = poster.find(self.message, since).found
        assert found is not None
        assert (found.remote_id, found.url) == (posted.remote_id, posted.url)

    def test_it_reads_page_after_page(self, network: Network, poster: Poster, since: datetime) -> None:
        posted = poster.send(self.message)
        self.post_others(poster, 25)
        look = poster.find(self.message, since)
        assert look.found is not None
        assert look.found.remote_id == posted.remote_id

    def test_it_tells_posts_of_the_same_text_apart_by_their_link(self, network: Network, poster: Poster, since: datetime) -> None:
        poster.send(self.another(self.message.text))
        assert poster.find(self.message, since).found is None

    def test_it_leaves_out_what_was_posted_before(self, network: Network, poster: Poster) -> None:
        poster.send(self.message)
        assert poster.find(self.message, datetime.now(UTC) + timedelta(seconds=1)).found is None

    def test_what_shows_late_is_absent_until_it_shows(self, network: Network, poster: Poster, since: datetime) -> None:
        network.lag = 3600
        poster.send(self.message)
        assert poster.find(self.message, since).found is None
        network.lag = 0
        assert poster.find(self.message, since).found is not None

    def post_others(self, poster: Poster, number: int) -> None:
        """With all the time they need: it is not them that the test is about."""
        poster.patience = LONG
        for each in range(number):
            poster.send(self.another(f"Another {each}"))
        poster.patience = PATIENCE

    @pytest.mark.parametrize(
        "fault", ["lose-before", "reset", "500-before", "late", "drip", "half", "garbage", "html", "404", "422", "429", "503"]
    )
    @pytest.mark.parametrize("page", [1, 2])
    def test_an_incomplete_reading_is_no_reading(self, network: Network, poster: Poster, since: datetime, fault: str, page: int) -> None:
        self.post_others(poster, 25)
        network.misbehave("none", times=page - 1, on="list") if page > 1 else None
        network.misbehave(fault, on="list", seconds=LONG)
        with pytest.raises((Transient, Unauthorized, Rejected)):
            poster.find(self.message, since)

    @pytest.mark.parametrize("status", ["401", "403"])
    def test_a_reading_that_is_not_allowed_is_for_a_person(self, network: Network, poster: Poster, since: datetime, status: str) -> None:
        network.misbehave(status, on="list")
        with pytest.raises(Unauthorized):
            poster.find(self.message, since)

    # One post that is out ---------------------------------------------------------------------------------------------

    def test_it_deletes_what_it_says_it_deletes(self, network: Network, poster: Poster, since: datetime) -> None:
        if not poster.deletes:
            with pytest.raises(Rejected):
                poster.delete("1")
            return
        posted = poster.send(self.message)
        poster.delete(posted.remote_id)
        assert poster.find(self.message, since).found is None

    def test_it_changes_the_words_where_it_says_so(self, network: Network, poster: Poster, since: datetime) -> None:
        corrected = replace(self.message, text="Coping with school stress, corrected")
        if not poster.edits:
            with pytest.raises(Rejected):
                poster.edit("1", corrected)
            return
        poster.edit(poster.send(self.message).remote_id, corrected)
        assert poster.find(corrected, since).found is not None
        assert poster.find(self.message, since).found is None

    # The connection ---------------------------------------------------------------------------------------------------

    def test_its_reading_changes_nothing(self, network: Network, poster: Poster) -> None:
        poster.check()
        assert network.count(self.message.text) == 0


class ConfirmingContract:
    """For a network that lets one post be read (`Poster.confirm`), beside PosterContract."""

    message: Message

    def test_it_reads_the_one_post_that_the_network_names(self, network: Network, poster: Poster) -> None:
        posted = poster.send(self.message)
        read = poster.confirm(posted.remote_id, self.message)
        assert read is not None
        assert (read.remote_id, read.url) == (posted.remote_id, posted.url)

    def test_another_post_is_not_the_one(self, network: Network, poster: Poster) -> None:
        posted = poster.send(self.another("Another"))
        assert poster.confirm(posted.remote_id, self.message) is None

    def test_a_post_that_is_gone_is_not_the_one(self, network: Network, poster: Poster) -> None:
        posted = poster.send(self.message)
        poster.delete(posted.remote_id)
        assert poster.confirm(posted.remote_id, self.message) is None

    @pytest.mark.parametrize("fault", ["lose-before", "500-before", "half", "garbage", "html", "429"])
    def test_one_post_that_cannot_be_read_just_now_is_read_later(self, network: Network, poster: Poster, fault: str) -> None:
        posted = poster.send(self.message)
        network.misbehave(fault, on="read")
        with pytest.raises(Transient):
            poster.confirm(posted.remote_id, self.message)


class DeletingContract:
    """For a network that takes posts down (`Poster.delete`), beside PosterContract."""

    message: Message

    def test_what_is_gone_already_is_deleted(self, network: Network, poster: Poster) -> None:
        posted = poster.send(self.message)
        poster.delete(posted.remote_id)
        poster.delete(posted.remote_id)

    @pytest.mark.parametrize("fault", ["lose-before", "lose-after", "500-before", "500-after", "429"])
    def test_a_deletion_without_a_clear_answer_is_done_again(self, network: Network, poster: Poster, fault: str) -> None:
        posted = poster.send(self.message)
        network.misbehave(fault, on="delete")
        with pytest.raises(Transient):
            poster.delete(posted.remote_id)
        poster.delete(posted.remote_id)

    @pytest.mark.parametrize("status", ["401", "403"])
    def test_a_deletion_that_is_not_allowed_is_for_a_person(self, network: Network, poster: Poster, status: str) -> None:
        posted = poster.send(self.message)
        network.misbehave(status, on="delete")
        with pytest.raises(Unauthorized):
            poster.delete(posted.remote_id)


class ConnectedContract:
    """For a network that wants credentials (`Poster.check`), beside PosterContract."""

    message: Message

    def test_it_says_whose_connection_it_is(self, network: Network, poster: Poster) -> None:
        account = poster.check()
        assert account.id
        assert account.name
        assert all(note.endswith(".") for note in account.notes)

    def test_a_connection_that_is_refused_is_for_a_person(self, network: Network, poster: Poster) -> None:
        network.misbehave("401", on="read", times=9)
        with pytest.raises(Unauthorized):
            poster.check()

    @pytest.mark.parametrize("fault", ["lose-before", "500-before", "late", "half", "garbage", "html", "429"])
    def test_a_connection_that_cannot_be_read_just_now_is_read_later(self, network: Network, poster: Poster, fault: str) -> None:
        network.misbehave(fault, on="read", times=9, seconds=LONG)
        with pytest.raises(Transient):
            poster.check()

    def test_nothing_goes_out_without_credentials(self, network: Network, poster: Poster) -> None:
        poster.credentials = {}
        with pytest.raises(Unauthorized):
            poster.send(poster.prepare(self.message))
        assert network.count(self.message.text) == 0


class CarrierContract(ABC):
    """A way to many people: each copy is announced before it leaves."""

    template: ClassVar[MailTemplate] = MailTemplate(
        headers=(("From", "news@blog.example"), ("Subject", "Coping with school stress")),
        sender="news@blog.example",
        text=f"Hello\n{mark('unsubscribe')}\n",
        html=f"<p>Hello</p><a href='{mark('unsubscribe')}'>Leave</a>",
    )

    def relay(self, *, slowness: float = 0.0, login: bool = False) -> AbstractContextManager[Any]:
        """What takes the mail, counts it by address in `taken`, is slow with a reader called `slow`, and knows another `login` than ours."""
        return Relay(slowness=slowness, login=("me", "another") if login else None)

    @abstractmethod
    def carrier_at(self, relay: Any) -> Carrier:
        """The channel's carrier for this relay, with SECRET as its password where the relay asks for one."""

    def send(self, carrier: Carrier, *local_parts: str, allow: Callable[[int], bool] = lambda key: True) -> list[Intent | Handed]:
        """Every step of one conversation; `allow` answers the intents."""
        words = {"unsubscribe": "https://blog.example/u/1"}
        conversation = carrier.send(
            self.template, [Envelope(key, f"{local}@reader.example", words) for key, local in enumerate(local_parts)]
        )
        steps: list[Intent | Handed] = []
        answer: bool | None = None
        while True:
            try:
                step = conversation.send(answer)
            except StopIteration:
                return steps
            answer = allow(step.key) if isinstance(step, Intent) else None
            steps.append(step)

    def test_everybody_gets_one_copy_each_announced_before_it_leaves(self) -> None:
        with self.relay() as relay:
            steps = self.send(self.carrier_at(relay), "a", "b", "c")
        assert relay.taken == {"a@reader.example": 1, "b@reader.example": 1, "c@reader.example": 1}
        for key in range(3):
            kinds = [type(step) for step in steps if step.key == key]
            assert kinds == [Intent, Handed]

    def test_a_slow_answer_is_waited_for(self) -> None:
        with self.relay(slowness=0.3) as relay:
            steps = self.send(self.carrier_at(relay), "slow", "after")
        assert [step.error for step in steps if isinstance(step, Handed)] == [None, None]

    def test_a_copy_may_be_left_out_at_the_last_moment(self) -> None:
        with self.relay() as relay:
            self.send(self.carrier_at(relay), "a", "b", allow=lambda key: key == 1)
        assert relay.taken == {"b@reader.example": 1}

    def test_a_refused_login_is_for_a_person_and_shows_no_secret(self, caplog: pytest.LogCaptureFixture) -> None:
        with self.relay(login=True) as relay, caplog.at_level(logging.DEBUG), pytest.raises(Unauthorized) as raised:
            self.send(self.carrier_at(relay), "a")
        error = raised.value
        told = [repr(error), str(error), error.status, error.detail, *traceback.format_exception(error), caplog.text]
        assert not [text for text in told if SECRET in text]
        assert relay.taken == {}

    def test_a_relay_that_is_not_there_is_tried_again(self) -> None:
        with self.relay() as relay:
            carrier = self.carrier_at(relay)
        with pytest.raises(Transient):
            self.send(carrier, "a")


class RelayContract(CarrierContract):
    """One conversation a reader: what befalls one befalls nobody else."""

    @pytest.mark.parametrize(
        ("local", "error", "copies"),
        [
            ("grey", Transient, 0),
            ("later", Transient, 0),
            ("hangup", Transient, 0),
            ("gone", Rejected, 0),
            ("spam", Rejected, 0),
            ("lost", OutcomeUnknown, 0),
            ("kept", OutcomeUnknown, 1),
        ],
    )
    def test_what_a_relay_says_of_one_reader_says_what_happens_next(self, local: str, error: type[DeliveryError], copies: int) -> None:
        with Relay() as relay:
            steps = self.send(self.carrier_at(relay), "before", local, "after")
        came = {step.key: step.error for step in steps if isinstance(step, Handed)}
        assert (came[0], type(came[1]), came[2]) == (None, error, None)
        assert relay.taken[f"{local}@reader.example"] == copies
        assert relay.taken["after@reader.example"] == 1
