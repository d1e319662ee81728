"""LinkedIn keeps the contract of a poster; what is its own: little text, cards, versions; and its section of a blog's file."""

import re
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.channels.contract import PATIENCE, SECRET, PosterContract
from tests.fakes.linkedin import MEMBER, PAGE
from tests.fakes.linkedin import Linkedin as Network
from tests.fakes.pictures import png
from tests.fakes.tokens import APP_ID, APP_SECRET
from worker.channels.base import (
    App,
    OutcomeUnknown,
    Picture,
    Place,
    RefusedAsDuplicate,
    Rejected,
    Transient,
    Unauthorized,
)
from worker.channels.linkedin import MEMBER_SCOPES, Linkedin, LinkedinOptions

RESERVED = r"\|{}@[]()<>#*_~"
PICTURE = Picture(png(1200, 627), "image/png", 1200, 627)
MESSAGE = replace(
    PosterContract.message,
    text=Linkedin.escape("Coping (with school) stress: #1_of *many*\n\nEducational only, not therapy."),
    title="Coping (with school) stress",
    description="One [small] step.",
    picture=PICTURE,
    alt="A path",
)
APP = App(APP_ID, APP_SECRET)
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def poster_at(url: str, app: App = App(), *, author: str = PAGE, version: str = "202608", **credentials: str) -> Linkedin:
    options = LinkedinOptions(base_url=url, author=author, version=version)
    poster = Linkedin(options, {"access_token": SECRET, **credentials}, app)
    poster.patience, poster.grace = PATIENCE, 0.01
    return poster


@pytest.fixture
def network() -> Generator[Network, None, None]:
    with Network(token=SECRET) as network:
        yield network


@pytest.fixture
def poster(network: Network) -> Linkedin:
    return poster_at(network.url)


@pytest.fixture
def since() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=5)


class TestLinkedinKeepsTheContract(PosterContract):
    message = MESSAGE

    @pytest.fixture
    def network(self, network: Network) -> Network:
        return network

    def poster_at(self, url: str) -> Linkedin:
        return poster_at(url)

    def test_a_text_over_the_limit_is_rejected(self, network: Network, poster: Linkedin) -> None:
        """Ours stays below LinkedIn's."""
        with pytest.raises(Rejected):
            poster.send(replace(MESSAGE, text="x" * 3001))


# Posting ------------------------------------------------------------------------------------------------------------------


def test_pitfall_5_the_card_is_sent_along_with_its_picture(network: Network, poster: Linkedin) -> None:
    receipt = poster.send(poster.prepare(MESSAGE))
    (post,) = network.posts
    article = post.body["content"]["article"]
    assert (article["source"], article["title"], article["description"]) == (MESSAGE.link, MESSAGE.title, MESSAGE.description)
    assert network.pictures[network.images[article["thumbnail"]]["kept"].rpartition("/")[2]] == PICTURE.data
    assert receipt.url == f"https://www.linkedin.com/feed/update/{receipt.remote_id}/"


def test_pitfall_4_only_the_commentary_is_little_text(network: Network, poster: Linkedin) -> None:
    poster.send(MESSAGE)
    sent = network.requests[0].json()
    assert sent["commentary"].startswith(r"Coping \(with school\) stress: \#1\_of \*many\*")
    assert sent["content"]["article"] == {
        "source": MESSAGE.link,
        "title": "Coping (with school) stress",
        "description": "One [small] step.",
    }


def test_every_request_names_its_version_and_protocol(network: Network, poster: Linkedin, since: datetime) -> None:
    posted = poster.send(poster.prepare(MESSAGE))
    poster.find(MESSAGE, since)
    poster.edit(posted.remote_id, MESSAGE)
    poster.delete(posted.remote_id)
    for asked in network.requests:
        if asked.path.startswith("/rest/"):
            assert (asked.headers["LinkedIn-Version"], asked.headers["X-Restli-Protocol-Version"]) == ("202608", "2.0.0")


def test_without_a_picture_nothing_is_uploaded(network: Network, poster: Linkedin) -> None:
    poster.send(poster.prepare(replace(MESSAGE, picture=None, image="https://blog.example/a.jpg")))
    assert [asked.path for asked in network.requests] == ["/rest/posts"]


def test_a_picture_that_is_not_ready_is_waited_for(network: Network, poster: Linkedin) -> None:
    network.looks_at_picture = 3
    poster.send(poster.prepare(MESSAGE))
    network.looks_at_picture = 99
    with pytest.raises(Transient, match="not done with the picture"):
        poster.prepare(MESSAGE)


def test_a_picture_that_failed_is_the_posts_own(network: Network, poster: Linkedin) -> None:
    broken = replace(MESSAGE, picture=Picture(b"no picture", "image/png", 1, 1))
    with pytest.raises(Rejected, match="another one"):
        poster.prepare(broken)


def test_a_member_may_not_see_whether_a_picture_is_ready_and_posts_all_the_same(network: Network) -> None:
    network.reads_images = False
    poster = poster_at(network.url, author=MEMBER)
    poster.send(poster.prepare(MESSAGE))
    assert network.posts[0].body["author"] == MEMBER


def test_the_token_follows_the_picture_to_linkedins_machines_only(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    poster, asked = poster_at("https://api.linkedin.com"), []
    monkeypatch.setattr(Linkedin, "call", lambda self, method, address, **sent: asked.append(address))
    poster._put("https://www.linkedin.com/dms-uploads/1", b"")
    for elsewhere in ("https://linkedin.com.evil.example/1", "https://evil.example/1", "http://www.linkedin.com/1", "http://127.0.0.1/1"):
        with pytest.raises(Transient, match="not LinkedIn's"):
            poster._put(elsewhere, b"")
    assert asked == ["https://www.linkedin.com/dms-uploads/1"]


# What its answers mean ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("401", "connect LinkedIn again"),
        ("401-expired", "run out"),
        ("401-revoked", "taken back"),
        ("403", "allow everything that is asked"),
        ("404", "check author"),
        ("author", "administrator"),
        ("for-pages", "Community Management API"),
        ("426", "newer one"),
        ("version-missing", "newer one"),
    ],
)
def test_what_only_a_person_can_mend_stops_the_connection_and_says_how(network: Network, poster: Linkedin, fault: str, told: str) -> None:
    network.misbehave(fault)
    with pytest.raises(Unauthorized, match=told) as raised:
        poster.send(MESSAGE)
    assert raised.value.detail


def test_pitfall_2_a_version_that_has_ended_is_a_matter_of_the_blogs_file_and_no_fault_of_the_post(network: Network) -> None:
    with pytest.raises(Unauthorized, match=r"write a newer one there \(version\)") as raised:
        poster_at(network.url, version="202511").send(MESSAGE)
    assert raised.value.status == "426"
    poster_at(network.url, version="202609").send(MESSAGE)


@pytest.mark.parametrize(
    ("version", "last"),
    [("202511", date(2026, 11, 16)), ("202601", date(2027, 1, 15)), ("202603", date(2027, 3, 16)), ("202608", date(2027, 8, 15))],
)
def test_pitfall_2_a_version_has_a_last_day(version: str, last: date) -> None:
    assert Linkedin.sunset(LinkedinOptions(version=version)) == last


def test_pitfall_15_a_page_without_the_community_management_api_is_told_what_it_lacks(network: Network, poster: Linkedin) -> None:
    network.misbehave("for-pages")
    with pytest.raises(Unauthorized, match="needs the Community Management API"):
        poster.send(MESSAGE)


def test_pitfall_9_a_duplicate_names_the_older_post_and_where_it_is(network: Network, poster: Linkedin) -> None:
    first = poster.send(MESSAGE)
    with pytest.raises(RefusedAsDuplicate) as raised:
        poster.send(MESSAGE)
    assert (raised.value.remote_id, raised.value.url) == (first.remote_id, first.url)
    assert poster.confirm(first.remote_id, MESSAGE) == first


def test_pitfall_15_a_ghost_is_named_and_not_there(network: Network, poster: Linkedin) -> None:
    network.misbehave("ghost")
    with pytest.raises(RefusedAsDuplicate) as raised:
        poster.send(MESSAGE)
    assert raised.value.remote_id
    assert poster.confirm(raised.value.remote_id, MESSAGE) is None


@pytest.mark.parametrize("fault", ["odd", "odd-403", "408", "503"])
def test_pitfall_1_what_may_have_been_done_is_not_taken_for_a_no(network: Network, poster: Linkedin, fault: str) -> None:
    network.misbehave(fault)
    with pytest.raises(OutcomeUnknown):
        poster.send(MESSAGE)


def test_a_days_limit_ends_at_midnight_in_greenwich(network: Network, poster: Linkedin) -> None:
    network.misbehave("429-day")
    with pytest.raises(Transient, match="today") as raised:
        poster.send(MESSAGE)
    assert raised.value.retry_after
    assert f"{datetime.now(UTC) + raised.value.retry_after + timedelta(seconds=5):%H:%M}" == "00:01"


def test_a_limit_without_an_end_is_left_to_our_own_growing_pauses(network: Network, poster: Linkedin) -> None:
    network.misbehave("429-bare")
    with pytest.raises(Transient) as raised:
        poster.send(MESSAGE)
    assert (raised.value.retry_after, raised.value.cooldown) == (None, True)


def test_a_token_a_few_seconds_old_is_not_yet_known_everywhere(network: Network) -> None:
    for age, error in ((5, Transient), (120, Unauthorized)):
        network.misbehave("401-revoked")
        ends = datetime.now(UTC) + timedelta(days=60) - timedelta(seconds=age)
        with pytest.raises(error):
            poster_at(network.url, expires_at=ends.isoformat()).send(MESSAGE)


# Reading back -------------------------------------------------------------------------------------------------------------


def test_a_pages_posts_can_be_read_back_and_a_members_cannot(network: Network) -> None:
    page, member = poster_at(network.url), poster_at(network.url, author=MEMBER)
    assert (page.reads_back, page.refuses_duplicates) == (True, True)
    assert (member.reads_back, member.refuses_duplicates) == (False, True)
    with pytest.raises(Rejected):
        member.confirm("urn:li:share:1", MESSAGE)


def test_the_list_is_asked_for_as_linkedin_wants_it(network: Network, poster: Linkedin, since: datetime) -> None:
    poster.find(MESSAGE, since)
    (asked,) = network.requests
    assert asked.query == {"q": "author", "author": PAGE, "count": "100", "start": "0", "sortBy": "LAST_MODIFIED"}
    assert asked.headers["X-RestLi-Method"] == "FINDER"


def test_what_is_only_a_draft_is_not_out(network: Network, poster: Linkedin, since: datetime) -> None:
    article = {"article": {"source": MESSAGE.link}}
    network.commit(
        "urn:li:share:1",
        MESSAGE.text,
        MESSAGE.link,
        {"author": PAGE, "lifecycleState": "DRAFT", "commentary": MESSAGE.text, "content": article},
    )
    assert poster.find(MESSAGE, since).found is None


@pytest.mark.parametrize("commentary", [MESSAGE.text, "Coping (with school) stress: #1_of *many*\nEducational only, not therapy."])
def test_its_words_are_known_again_escaped_or_not(network: Network, poster: Linkedin, since: datetime, commentary: str) -> None:
    article = {"article": {"source": MESSAGE.link + "?utm_source=linkedin"}}
    network.commit("urn:li:share:1", commentary, MESSAGE.link, {"author": PAGE, "commentary": commentary, "content": article})
    assert poster.find(MESSAGE, since).found


# Afterwards ---------------------------------------------------------------------------------------------------------------


def test_an_edit_that_changed_nothing_is_noticed(network: Network, poster: Linkedin) -> None:
    posted = poster.send(MESSAGE)
    network.edits_silently_nothing = True
    with pytest.raises(Transient, match="does not show them yet"):
        poster.edit(posted.remote_id, replace(MESSAGE, text="Mended"))


def test_an_edit_of_a_members_post_cannot_be_read_again(network: Network) -> None:
    poster = poster_at(network.url, author=MEMBER)
    posted = poster.send(MESSAGE)
    assert poster.edit(posted.remote_id, replace(MESSAGE, text="Mended")).remote_id == posted.remote_id
    assert network.posts[0].text == "Mended"


# The connection -----------------------------------------------------------------------------------------------------------


def test_a_check_reads_back_the_page_and_the_role_on_it(network: Network, poster: Linkedin) -> None:
    account = poster.check()
    assert (account.id, account.name) == (PAGE, "Example Psychotherapy")
    network.role = "ANALYST"
    with pytest.raises(Unauthorized, match="administrator must make it one"):
        poster.check()


def test_where_roles_may_not_be_read_the_posts_must_be(network: Network, poster: Linkedin) -> None:
    network.misbehave("403", on="read")
    assert poster.check().id == PAGE
    network.misbehave("403", on="read")
    network.misbehave("403", on="list")
    with pytest.raises(Unauthorized):
        poster.check()


def test_a_check_of_a_member_reads_who_it_is(network: Network) -> None:
    account = poster_at(network.url, author=MEMBER).check()
    assert (account.id, account.name) == (MEMBER, "Sheema Khan")
    assert "a person must look" in account.notes[0]
    with pytest.raises(Unauthorized, match="is Sheema Khan's, not that of the author"):
        poster_at(network.url, author="urn:li:person:another").check()


def test_with_the_app_known_a_check_reads_scopes_and_the_end(network: Network) -> None:
    account = poster_at(network.url, APP).check()
    assert account.scopes == ("w_organization_social", "r_organization_social", "r_organization_admin")
    assert account.expires_at == datetime(2030, 3, 17, 17, 46, 40, tzinfo=UTC)


def test_what_linkedin_thinks_of_the_app_says_nothing_about_the_connection(network: Network) -> None:
    assert poster_at(network.url, App(APP_ID, "another")).check().id == PAGE


def test_a_token_that_is_told_as_ended_is_for_a_person(network: Network) -> None:
    network.tokens.ended.add(SECRET)
    with pytest.raises(Unauthorized, match="connect LinkedIn again"):
        poster_at(network.url, APP).check()


def test_pitfall_15_a_connection_that_may_not_post_for_pages_is_told_at_connecting(network: Network) -> None:
    network.granted = "openid,profile,w_member_social"
    with pytest.raises(Unauthorized, match="allow everything that is asked"):
        poster_at(network.url, APP).check()


def test_the_pages_to_choose_from_are_those_with_a_role_that_posts(network: Network, poster: Linkedin) -> None:
    assert poster.places() == [Place(PAGE, "Example Psychotherapy")]
    network.names = {}
    assert poster.places() == [Place(PAGE, "Page 123456")]


def test_a_member_is_asked_for_a_members_permissions() -> None:
    assert Linkedin.asks(LinkedinOptions(author=MEMBER)).scopes == MEMBER_SCOPES
    assert Linkedin.asks(LinkedinOptions()).scopes[0] == "w_organization_social"


def test_without_an_author_nothing_is_asked(network: Network) -> None:
    with pytest.raises(Unauthorized, match="No page is chosen"):
        Linkedin(LinkedinOptions(base_url=network.url), {"access_token": SECRET}).send(MESSAGE)
    assert network.requests == []


def test_consent_becomes_credentials(network: Network) -> None:
    network.tokens.codes["the-code"] = "https://us.example/back"
    options = LinkedinOptions(base_url=network.url)
    given = Linkedin.connect(options, APP, "the-code", "", "https://us.example/back")
    assert set(given) == {"access_token", "refresh_token", "expires_at", "refresh_token_expires_at", "scope"}
    with pytest.raises(Rejected, match="press Connect again") as raised:
        Linkedin.connect(options, APP, "the-code", "", "https://us.example/back")
    assert APP_SECRET not in raised.value.detail


def test_a_partners_connection_is_renewed_a_week_before_its_end_and_the_refresh_token_stays(network: Network) -> None:
    network.tokens.refresh = "refresh-1"

    def ending(days: int) -> Linkedin:
        return poster_at(network.url, APP, refresh_token="refresh-1", expires_at=(NOW + timedelta(days=days)).isoformat())

    assert ending(8).refresh(NOW) is None
    fresh = ending(6).refresh(NOW)
    assert fresh
    assert (fresh["refresh_token"], fresh["expires_at"]) == ("refresh-1", (NOW + timedelta(days=60)).isoformat())
    network.misbehave("401", on="token")
    with pytest.raises(Transient, match="tried again"):
        ending(6).refresh(NOW)
    network.misbehave("401", on="token")
    with pytest.raises(Unauthorized, match="connect LinkedIn again"):
        ending(0).refresh(NOW)


def test_without_a_refresh_token_a_person_connects_it_every_sixty_days(network: Network) -> None:
    ends = datetime(2026, 12, 24, tzinfo=UTC)
    poster = poster_at(network.url, expires_at=ends.isoformat())
    assert poster.refresh(NOW) is None
    account = poster.check()
    assert account.expires_at == ends
    assert "every 60 days" in account.notes[0]


# Little text, and the section of a blog's file ----------------------------------------------------------------------------


def as_linkedin_shows(little_text: str) -> str:
    """The words that a reader sees; an unescaped reserved character would be markup."""
    return re.sub(r"\\(.)", r"\1", little_text, flags=re.DOTALL)


@pytest.mark.parametrize("character", RESERVED)
def test_pitfall_3_each_reserved_character_stands_behind_a_backslash(character: str) -> None:
    assert Linkedin.escape(f"a{character}b") == f"a\\{character}b"


@pytest.mark.parametrize(
    "text", ["Plain words, “quotes” & more; 100 % sure: yes!", "https://blog.example/a-b?c=d&e=f", "École — 日本語 👍🏽", ""]
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert Linkedin.escape(text) == text


@given(st.text())
def test_a_reader_sees_the_words_that_were_written(text: str) -> None:
    assert as_linkedin_shows(Linkedin.escape(text)) == text


@given(st.text(alphabet=RESERVED + "ab \n"))
def test_pitfall_3_nothing_reserved_is_left_bare(text: str) -> None:
    bare = re.sub(r"\\[" + re.escape(RESERVED) + "]", "", Linkedin.escape(text))
    assert not set(bare) & set(RESERVED)


@pytest.mark.parametrize(("text", "length"), [("abc", 3), ("é", 1), ("日本", 2), ("👍", 2), (r"\(", 2)])
def test_it_counts_generously(text: str, length: int) -> None:
    assert Linkedin.measure(text) == length


@pytest.mark.parametrize("author", ["urn:li:organization:123456", "urn:li:person:aB-c_1"])
def test_an_author_is_an_organization_or_a_person(author: str) -> None:
    assert LinkedinOptions(author=author).author == author


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("author", "123456"),
        ("author", "urn:li:organization:acme"),
        ("author", ""),
        ("version", "2026-08"),
        ("version", "202613"),
        ("version", "v26"),
    ],
)
def test_another_value_is_a_mistake_that_says_what_is_allowed(key: str, value: str) -> None:
    with pytest.raises(ValidationError, match=f"is '{value}'; allowed is"):
        LinkedinOptions(**{key: value})


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("https://www.linkedin.com/feed/update/urn:li:share:7123/", "urn:li:share:7123"),
        ("https://www.linkedin.com/feed/update/urn%3Ali%3AugcPost%3A7123?actorCompanyId=1", "urn:li:ugcPost:7123"),
        ("https://www.linkedin.com/feed/update/urn:li:activity:7123/", ""),
        ("https://www.linkedin.com/posts/heart-matter_coping-activity-7123-abcd", ""),
        ("https://linkedin.example/feed/update/urn:li:share:7123/", ""),
    ],
)
def test_an_address_of_a_share_names_it(address: str, number: str) -> None:
    assert Linkedin(LinkedinOptions(), {}).id_in(address) == number
