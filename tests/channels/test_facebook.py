"""Facebook keeps the contract of a poster; and what is its own. Tests of the pitfalls are named after them (docs/reliability.md)."""

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from tests.channels.contract import (
    PATIENCE,
    SECRET,
    ConfirmingContract,
    ConnectedContract,
    DeletingContract,
    PosterContract,
    are_for_the_front_desk,
)
from tests.fakes.facebook import LATER, NEVER, PERSON
from tests.fakes.facebook import Facebook as Graph
from worker.channels.base import (
    App,
    DeliveryError,
    Message,
    OutcomeUnknown,
    Place,
    RefusedAsDuplicate,
    Rejected,
    Transient,
    Unauthorized,
)
from worker.channels.facebook import CODES, Facebook, FacebookOptions

MESSAGE = PosterContract.message
PAGE = "100200300400500"
APP = App("1234567890", "app-s3cret")


def poster_at(url: str, app: App | None = None, credentials: dict[str, str] | None = None, **options: object) -> Facebook:
    options = {"page_id": PAGE} | options
    given = {"page_access_token": SECRET} if credentials is None else credentials
    poster = Facebook(FacebookOptions(base_url=url, **options), given, app or App())
    poster.patience = PATIENCE
    return poster


@pytest.fixture
def graph() -> Generator[Graph, None, None]:
    with Graph(token=SECRET) as network:
        yield network


@pytest.fixture
def since() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=5)


class TestFacebookKeepsTheContract(PosterContract, ConfirmingContract, DeletingContract, ConnectedContract):
    @pytest.fixture
    def network(self, graph: Graph) -> Graph:
        return graph

    def poster_at(self, url: str) -> Facebook:
        return poster_at(url)

    test_preparing_is_never_unknown_for_it_may_be_repeated = None  # the preview's picture is Facebook's own errand


# Posting ------------------------------------------------------------------------------------------------------------------


def test_it_posts_the_link_beside_the_words_and_asks_for_the_permalink_at_once(graph: Graph) -> None:
    receipt = poster_at(graph.url).send(MESSAGE)
    assert (graph.posts[0].text, graph.posts[0].link) == (MESSAGE.text, MESSAGE.link)
    assert receipt.url == f"{graph.url}/{receipt.remote_id}"
    assert len(graph.requests) == 1


def test_a_permalink_that_facebook_leaves_out_is_made_of_the_posts_number() -> None:
    from worker.channels.facebook import Posted

    assert Posted(id="1_2").receipt.url == "https://www.facebook.com/1_2"


def test_no_address_ever_holds_the_token(graph: Graph, since: datetime) -> None:
    poster = poster_at(graph.url)
    poster.send(MESSAGE)
    poster.find(MESSAGE, since)
    poster.check()
    assert not [asked for asked in graph.requests if SECRET in str(asked.query) + asked.path]


def test_where_the_app_has_a_secret_every_call_proves_that_we_know_it(graph: Graph, since: datetime) -> None:
    graph.app_secret = APP.secret
    poster = poster_at(graph.url, APP)
    posted = poster.send(MESSAGE)
    assert poster.find(MESSAGE, since).found
    poster.edit(posted.remote_id, replace(MESSAGE, text="Mended"))
    poster.delete(posted.remote_id)
    with pytest.raises(Rejected):
        poster_at(graph.url).send(MESSAGE)


def test_without_a_page_in_the_blogs_file_it_is_the_page_of_the_token(graph: Graph, since: datetime) -> None:
    poster = Facebook(FacebookOptions(base_url=graph.url), {"page_access_token": SECRET})
    poster.send(MESSAGE)
    assert poster.find(MESSAGE, since).found


def test_a_channel_without_a_token_waits_for_a_person_and_asks_nothing(graph: Graph) -> None:
    with pytest.raises(Unauthorized, match="not connected yet"):
        poster_at(graph.url, credentials={}).send(MESSAGE)
    assert graph.requests == []


def test_its_words_go_over_the_wire_as_they_are(graph: Graph, since: datetime) -> None:
    message = Message(text="Ça va? 100 % & more + “quotes”\n\n<b>=?& 😷</b>", link="https://blog.example/a/?b=c&d=é#f")
    poster_at(graph.url).send(message)
    assert (graph.posts[0].text, graph.posts[0].link) == (message.text, message.link)
    assert poster_at(graph.url).find(message, since).found


# What its answers mean ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", PERSON)
def test_what_only_a_person_can_mend_stops_the_connection(graph: Graph, code: str) -> None:
    graph.misbehave(f"code-{code}")
    with pytest.raises(Unauthorized) as raised:
        poster_at(graph.url).send(MESSAGE)
    assert raised.value.status == "400"
    assert "fbtrace_id AbCdEfGhIjKlMnO" in raised.value.detail


@pytest.mark.parametrize("code", [code for code in NEVER if code not in ("506", "100/1366051")])
def test_what_facebook_will_never_take_is_the_posts_own(graph: Graph, code: str) -> None:
    graph.misbehave(f"code-{code}")
    with pytest.raises(Rejected):
        poster_at(graph.url).send(MESSAGE)


@pytest.mark.parametrize("code", ["506", "100/1366051"])
def test_pitfall_1_a_duplicate_is_a_clue_and_no_failure(graph: Graph, code: str) -> None:
    graph.misbehave(f"code-{code}")
    with pytest.raises(RefusedAsDuplicate):
        poster_at(graph.url).send(MESSAGE)


@pytest.mark.parametrize("code", ["1", "2"])
def test_pitfall_1_a_hiccup_of_facebook_may_hide_a_post(graph: Graph, code: str) -> None:
    graph.misbehave(f"code-{code}")
    with pytest.raises(OutcomeUnknown):
        poster_at(graph.url).send(MESSAGE)


@pytest.mark.parametrize(
    ("code", "hours"), [("4", 1), ("17", 1), ("32", 1), ("80001", 1), ("341", 24), ("613/1996", 1), ("100/1390008", 1), ("613", None)]
)
def test_a_throttle_in_disguise_rests_the_whole_connection(graph: Graph, code: str, hours: int | None) -> None:
    assert code in LATER
    graph.misbehave(f"code-{code}", seconds=0)
    with pytest.raises(Transient) as raised:
        poster_at(graph.url).send(MESSAGE)
    assert raised.value.cooldown
    assert raised.value.retry_after == (timedelta(hours=hours) if hours else None)


def test_a_throttle_ends_when_facebooks_header_says_in_minutes(graph: Graph) -> None:
    graph.misbehave("code-80001", seconds=25 * 60)
    with pytest.raises(Transient) as raised:
        poster_at(graph.url).send(MESSAGE)
    assert raised.value.retry_after == timedelta(minutes=25)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("190/458", "removed from the account"),
        ("190/459", "log in at facebook.com"),
        ("190/460", "password was changed"),
        ("190/463", "run out"),
        ("190/464", "log in at facebook.com"),
        ("190/467", "no longer accepts"),
        ("190/492", "no role on the Page"),
        ("190/4854002", "identity confirmed"),
        ("190", "no longer accepts"),
    ],
)
def test_pitfall_12_a_token_that_never_ends_dies_and_the_front_desk_reads_of_what(graph: Graph, code: str, told: str) -> None:
    graph.misbehave(f"code-{code}", on="read")
    with pytest.raises(Unauthorized, match=told):
        poster_at(graph.url).check()


@pytest.mark.parametrize("fault", ["reset", "html", "503"])
def test_pitfall_1_no_unreadable_answer_is_taken_for_a_no(graph: Graph, fault: str) -> None:
    graph.misbehave(fault)
    with pytest.raises(OutcomeUnknown):
        poster_at(graph.url).send(MESSAGE)


def test_every_code_has_a_sentence_for_the_front_desk() -> None:
    assert are_for_the_front_desk(CODES.values())


# Reading back -------------------------------------------------------------------------------------------------------------


def test_what_is_not_published_is_not_out(graph: Graph, since: datetime) -> None:
    graph.commit(f"{PAGE}_1", MESSAGE.text, MESSAGE.link, {"is_published": False})
    look = poster_at(graph.url).find(MESSAGE, since)
    assert (look.found, look.seen) == (None, 0)


@pytest.mark.parametrize(
    ("attachment", "found"),
    [
        ({"unshimmed_url": MESSAGE.link}, True),
        ({"unshimmed_url": MESSAGE.link + "?fbclid=IwAR0"}, True),
        ({"unshimmed_url": MESSAGE.link.rstrip("/")}, True),
        ({"url": "https://l.facebook.com/l.php?u=https%3A%2F%2Fblog.example%2Fcoping%2F&h=AT0"}, True),
        ({"url": MESSAGE.link}, True),
        ({"unshimmed_url": "https://blog.example/another/"}, False),
        ({"url": "https://l.facebook.com/l.php?u=https%3A%2F%2Fblog.example%2Fanother%2F"}, False),
        ({}, True),
    ],
)
def test_a_post_is_ours_by_its_text_and_the_link_behind_facebooks_detours(attachment: dict[str, str], found: bool) -> None:
    from worker.channels.facebook import Attachment, Attachments, PagePost

    post = PagePost(
        id="1_2", message=MESSAGE.text, created_time="2026-11-25T04:00:00+0000", attachments=Attachments(data=[Attachment(**attachment)])
    )
    assert post.says(MESSAGE) is found


def test_the_next_page_is_asked_of_our_own_address_whatever_facebooks_says(graph: Graph, since: datetime) -> None:
    for number in range(11):
        graph.commit(f"{PAGE}_{number}", f"Another {number}", MESSAGE.link, {})
    assert poster_at(graph.url).find(MESSAGE, since).seen == 11
    assert [asked.query.get("after") for asked in graph.requests] == [None, "c10"]


def test_a_post_that_facebook_names_is_read_by_itself(graph: Graph) -> None:
    poster = poster_at(graph.url)
    posted = poster.send(MESSAGE)
    assert poster.confirm(posted.remote_id, MESSAGE) == posted
    assert poster.confirm(posted.remote_id, replace(MESSAGE, text="Another")) is None
    assert poster.confirm(f"{PAGE}_1", MESSAGE) is None


# Afterwards ---------------------------------------------------------------------------------------------------------------


def test_a_deleted_post_is_gone_and_deleting_it_again_is_done_too(graph: Graph, since: datetime) -> None:
    poster = poster_at(graph.url)
    posted = poster.send(MESSAGE)
    assert poster.delete(posted.remote_id)
    assert poster.find(MESSAGE, since).found is None
    assert "does not exist" in poster.delete(posted.remote_id)


def test_an_edit_changes_the_words_and_leaves_the_link(graph: Graph, since: datetime) -> None:
    poster = poster_at(graph.url)
    posted = poster.send(MESSAGE)
    assert poster.edit(posted.remote_id, replace(MESSAGE, text="Mended")).remote_id == posted.remote_id
    assert (graph.posts[0].text, graph.posts[0].link) == ("Mended", MESSAGE.link)


@pytest.mark.parametrize("fault", ["lose-after", "500-after", "html", "no-success"])
def test_what_may_be_repeated_is_tried_again_when_its_answer_is_lost(graph: Graph, fault: str) -> None:
    poster = poster_at(graph.url)
    posted = poster.send(MESSAGE)
    for kind, act in (("edit", lambda: poster.edit(posted.remote_id, MESSAGE)), ("delete", lambda: poster.delete(posted.remote_id))):
        graph.misbehave(fault, on=kind)
        with pytest.raises(Transient):
            act()
    assert poster.delete(posted.remote_id)


# The connection -----------------------------------------------------------------------------------------------------------


def test_a_check_reads_back_whose_page_it_is(graph: Graph) -> None:
    account = poster_at(graph.url).check()
    assert (account.id, account.name, account.expires_at) == (PAGE, "Example Psychotherapy", None)


def test_pitfall_13_connecting_says_that_a_page_may_be_invisible_to_the_public(graph: Graph) -> None:
    assert [note for note in poster_at(graph.url).check().notes if "is Live" in note]


def test_with_the_app_known_a_check_reads_scopes_and_ends(graph: Graph) -> None:
    graph.app_secret, graph.data_access_expires_at = APP.secret, 1_800_000_000
    account = poster_at(graph.url, APP).check()
    assert account.scopes == ("pages_show_list", "pages_manage_posts", "pages_read_engagement")
    assert account.expires_at is None
    assert account.notes[-1] == "Facebook lets the Page's posts be read until 15 January 2027; connect again before."
    graph.expires_at = 1_900_000_000
    assert poster_at(graph.url, APP).check().expires_at == datetime(2030, 3, 17, 17, 46, 40, tzinfo=UTC)


def test_a_connection_that_may_not_post_is_none(graph: Graph) -> None:
    graph.app_secret, graph.scopes = APP.secret, ["pages_show_list"]
    with pytest.raises(Unauthorized, match="allow everything that is asked"):
        poster_at(graph.url, APP).check()


def test_a_token_for_another_page_is_told_at_once(graph: Graph) -> None:
    with pytest.raises(Unauthorized, match="is for Example Psychotherapy, not for the Page that the blog's file names"):
        poster_at(graph.url, page_id="999").check()


@pytest.mark.parametrize(("fault", "error"), [("401", Unauthorized), ("403", Unauthorized), ("lose-before", Transient), ("503", Transient)])
def test_a_check_tells_an_ended_connection_from_a_network_away(graph: Graph, fault: str, error: type[DeliveryError]) -> None:
    graph.misbehave(fault, on="read")
    with pytest.raises(error):
        poster_at(graph.url).check()


def test_consent_becomes_a_token_of_60_days_and_that_the_pages_own(graph: Graph) -> None:
    graph.app_secret = APP.secret
    graph.accounts = [
        {"id": "11", "name": "One", "access_token": "page-one", "tasks": ["CREATE_CONTENT", "MANAGE"]},
        {"id": "22", "name": "Two", "access_token": "page-two", "tasks": ["ANALYZE"]},
        {"id": "33", "name": "Three", "access_token": "page-three", "tasks": ["CREATE_CONTENT"]},
    ]
    credentials = Facebook.connect(FacebookOptions(base_url=graph.url), APP, "the-code", "", "https://us.example/back")
    places = poster_at(graph.url, APP, credentials).places()
    assert places == [Place("11", "One", {"page_access_token": "page-one"}), Place("33", "Three", {"page_access_token": "page-three"})]


def test_a_code_that_was_used_before_says_what_to_do(graph: Graph) -> None:
    graph.app_secret = APP.secret
    with pytest.raises(Rejected, match="press Connect again") as raised:
        Facebook.connect(FacebookOptions(base_url=graph.url), APP, "used", "", "https://us.example/back")
    assert APP.secret not in raised.value.detail


def test_it_never_asks_for_a_refresh(graph: Graph) -> None:
    assert poster_at(graph.url).refresh(datetime.now(UTC)) is None
    assert graph.requests == []


@pytest.mark.parametrize(
    ("version", "last_day"),
    [
        ("v20.0", date(2026, 9, 24)),
        ("v24.0", date(2028, 2, 18)),
        ("v25.0", date(2028, 7, 29)),
        ("v26.0", None),
        ("v9.0", date(2026, 9, 24)),
    ],
)
def test_a_version_has_a_last_day_as_facebooks_calendar_says(version: str, last_day: date | None) -> None:
    assert Facebook.sunset(FacebookOptions(version=version)) == last_day


def test_its_page_of_consent_is_facebooks() -> None:
    assert urlsplit(Facebook.consent.page).hostname == "www.facebook.com"
    assert (Facebook.consent.separator, Facebook.consent.place) == (",", "page_id")
    assert Facebook.asks(FacebookOptions(version="v27.0")).page == "https://www.facebook.com/v27.0/dialog/oauth"


# The section of a blog's file ---------------------------------------------------------------------------------------------


def test_a_page_and_a_version_can_be_named() -> None:
    options = FacebookOptions(page_id="100200300400500", version="v27.0", settle="30m")
    assert (options.page_id, options.version, options.settle) == ("100200300400500", "v27.0", timedelta(minutes=30))


@pytest.mark.parametrize(
    ("key", "value"), [("page_id", "my-practice"), ("page_id", ""), ("version", "26"), ("version", "v26"), ("base_url", "http://x")]
)
def test_another_value_is_a_mistake_that_says_what_is_allowed(key: str, value: str) -> None:
    with pytest.raises(ValidationError, match=f"is '{value}'; allowed is"):
        FacebookOptions(**{key: value})


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("https://www.facebook.com/100200300400500_7", "100200300400500_7"),
        ("https://www.facebook.com/100200300400500/posts/7", "100200300400500_7"),
        ("https://www.facebook.com/100200300400500/posts/coping-skills/7/?mibextid=x", "100200300400500_7"),
        ("https://m.facebook.com/story.php?story_fbid=7&id=100200300400500", "100200300400500_7"),
        ("https://www.facebook.com/permalink.php?id=100200300400500&story_fbid=7", "100200300400500_7"),
        ("https://www.facebook.com/HeartOfTheMatter/posts/7", "100200300400500_7"),
        ("https://www.facebook.com/999/posts/7", ""),
        ("https://www.facebook.com/HeartOfTheMatter/posts/pfbid02abc", ""),
        ("https://www.facebook.com/permalink.php?story_fbid=pfbid02abc&id=100200300400500", ""),
        ("https://facebook.example/100200300400500_7", ""),
    ],
)
def test_an_address_of_the_pages_own_post_names_it(address: str, number: str) -> None:
    assert Facebook(FacebookOptions(page_id="100200300400500"), {}).id_in(address) == number
