"""X keeps the contract of a poster, by either way of signing; what is its own; and its section of a blog's file."""

import logging
import time
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from tests.channels.contract import PATIENCE, SECRET, PosterContract
from tests.fakes.pictures import png
from tests.fakes.tokens import APP_ID, APP_SECRET
from tests.fakes.twitter import USER
from tests.fakes.twitter import Twitter as Network
from worker.channels.base import (
    App,
    DeliveryError,
    Message,
    OutcomeUnknown,
    Picture,
    RefusedAsDuplicate,
    Rejected,
    Transient,
    Unauthorized,
)
from worker.channels.twitter import Twitter, TwitterOptions, wait
from worker.lib.weight import weight

LINK, ANOTHER = "https://blog.example/coping/", "https://blog.example/another/"
PICTURE = Picture(png(1200, 675), "image/png", 1200, 675)
MESSAGE = Message(text=f"Coping: one step. {LINK}\nEducational only.", link=LINK, title="Coping", picture=PICTURE, alt="A path")
APP = App(APP_ID, APP_SECRET)
SIGNED = {"access_token": "77-token", "access_token_secret": SECRET, "api_key": "key", "api_secret": "app-s3cret"}
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def poster_at(url: str, credentials: dict[str, str] | None = None, app: App = App()) -> Twitter:
    poster = Twitter(TwitterOptions(base_url=url), {"oauth2_access_token": SECRET} if credentials is None else credentials, app)
    poster.patience = PATIENCE
    return poster


@pytest.fixture
def network() -> Generator[Network, None, None]:
    with Network(token=SECRET) as network:
        yield network


@pytest.fixture
def signed() -> Generator[Network, None, None]:
    """It wants OAuth 1.0a."""
    with Network(consumer=("key", "app-s3cret"), access=("77-token", SECRET), token="nobody") as network:
        yield network


@pytest.fixture
def poster(network: Network) -> Twitter:
    return poster_at(network.url)


@pytest.fixture
def since() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=5)


class TestTwitterKeepsTheContract(PosterContract):
    message = MESSAGE

    def another(self, text: str) -> Message:
        """Its link stands in its text."""
        said = text.replace(LINK, ANOTHER) if LINK in text else f"{text} {ANOTHER}"
        return replace(MESSAGE, text=said, link=ANOTHER)

    @pytest.fixture
    def network(self, network: Network) -> Network:
        return network

    def poster_at(self, url: str) -> Twitter:
        return poster_at(url)


class TestTwitterKeepsTheContractWithOAuth1(TestTwitterKeepsTheContract):
    @pytest.fixture
    def network(self, signed: Network) -> Network:
        return signed

    def poster_at(self, url: str) -> Twitter:
        return poster_at(url, SIGNED)


# Posting ------------------------------------------------------------------------------------------------------------------


def test_it_posts_the_words_with_the_picture_and_its_description(network: Network, poster: Twitter) -> None:
    receipt = poster.send(poster.prepare(MESSAGE))
    (post,) = network.posts
    assert post.text == MESSAGE.text
    assert network.pictures[post.body["picture"].rpartition("/")[2]] == PICTURE.data
    assert post.body["alt"] == "A path"
    assert receipt.url == f"https://x.com/i/web/status/{receipt.remote_id}"


def test_pitfall_10_pictures_go_up_by_the_second_version_and_never_by_the_one_that_has_ended(network: Network, poster: Twitter) -> None:
    poster.prepare(MESSAGE)
    assert [(asked.method, asked.path) for asked in network.requests] == [("POST", "/2/media/upload"), ("POST", "/2/media/metadata")]
    assert set(network.requests[0].json()) == {"media", "media_category"}


def test_without_a_picture_nothing_is_uploaded(network: Network, poster: Twitter) -> None:
    poster.send(poster.prepare(replace(MESSAGE, picture=None, image="https://blog.example/a.jpg")))
    assert [asked.path for asked in network.requests] == ["/2/tweets"]
    assert network.requests[0].json() == {"text": MESSAGE.text}


def test_a_picture_that_x_still_looks_at_is_waited_for(network: Network, poster: Twitter) -> None:
    network.looks_at_picture = 3
    assert poster.prepare(MESSAGE).uploaded
    assert [asked.query.get("command") for asked in network.requests] == [None, "STATUS", "STATUS", "STATUS", None]


def test_one_that_x_never_takes_is_tried_again_later(network: Network, poster: Twitter) -> None:
    network.looks_at_picture = 99
    with pytest.raises(Transient, match="not done with the picture"):
        poster.prepare(MESSAGE)


def test_a_signature_holds_for_the_address_that_is_asked_and_for_its_query(signed: Network, since: datetime) -> None:
    poster = poster_at(signed.url, SIGNED)
    message = replace(MESSAGE, text=f"Ça va? 100 % & more + “quotes” 😷 ~ {LINK}")
    poster.send(poster.prepare(message))
    assert poster.find(message, since).found
    with pytest.raises(Unauthorized):
        poster_at(signed.url, SIGNED | {"access_token_secret": "another"}).send(MESSAGE)


def test_the_operators_app_signs_where_the_credentials_have_no_keys_of_their_own(signed: Network) -> None:
    without = {key: SIGNED[key] for key in ("access_token", "access_token_secret")}
    assert poster_at(signed.url, without, App("key", "app-s3cret")).check().id == USER["id"]
    with pytest.raises(Unauthorized, match="TWITTER_API_KEY"):
        poster_at(signed.url, without).check()


def test_one_request_is_one_request_whatever_comes(network: Network, poster: Twitter) -> None:
    """tweepy would wait for the end of a limit and post again."""
    for fault in ("429", "429-bare", "503", "500-after", "lose-after", "401"):
        network.requests.clear()
        network.misbehave(fault)
        with pytest.raises(DeliveryError):
            poster.send(MESSAGE)
        assert len(network.requests) == 1


def test_tweepy_and_what_signs_for_it_log_nothing(signed: Network, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        poster_at(signed.url, SIGNED).check()
    assert [record.name for record in caplog.records if record.name.partition(".")[0] in ("tweepy", "oauthlib", "requests_oauthlib")] == []


@pytest.mark.parametrize(
    ("text", "alt", "price"),
    [(MESSAGE.text, "A path", "0.205"), (MESSAGE.text, "", "0.200"), ("Only words.", "", "0.015"), ("See example.com", "", "0.200")],
)
def test_a_post_with_a_link_costs_twenty_cents(text: str, alt: str, price: str) -> None:
    assert poster_at("https://api.x.com").price(replace(MESSAGE, text=text, alt=alt)) == Decimal(price)


# What its answers mean ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("401", "connect X again"),
        ("code-32", "connect X again"),
        ("code-89", "connect X again"),
        ("unsupported", "connect X again"),
        ("read-only", "make new tokens"),
        ("code-261", "make new tokens"),
        ("not-enrolled", "developer console"),
        ("402", "buy some"),
        ("402-new", "buy some"),
        ("spend-cap", "spending limit"),
        ("429-capped", "no more posts this month"),
        ("suspended", "log in at x.com"),
        ("code-64", "log in at x.com"),
        ("spam", "guard against spam"),
        ("not-permitted", "guard against spam"),
        ("code-226", "guard against spam"),
    ],
)
def test_what_only_a_person_can_mend_stops_the_connection_and_says_how(network: Network, poster: Twitter, fault: str, told: str) -> None:
    network.misbehave(fault)
    with pytest.raises(Unauthorized, match=told) as raised:
        poster.send(MESSAGE)
    assert raised.value.detail


@pytest.mark.parametrize("fault", ["402", "402-new"])
def test_pitfall_7_without_credits_it_waits_for_a_person_and_asks_no_more(network: Network, poster: Twitter, fault: str) -> None:
    network.misbehave(fault)
    with pytest.raises(Unauthorized) as raised:
        poster.send(MESSAGE)
    assert not raised.value.passing
    assert raised.value.status == "402"


@pytest.mark.parametrize(
    ("fault", "told"), [("too-long", "shorten it"), ("code-186", "shorten it"), ("cashtags", "cashtag"), ("media-ids", "picture")]
)
def test_what_x_will_never_take_is_the_posts_own(network: Network, poster: Twitter, fault: str, told: str) -> None:
    network.misbehave(fault)
    with pytest.raises(Rejected, match=told):
        poster.send(MESSAGE)


@pytest.mark.parametrize("fault", ["duplicate", "code-187"])
def test_pitfall_9_a_refused_duplicate_is_a_clue_and_no_failure(network: Network, poster: Twitter, fault: str) -> None:
    network.misbehave(fault)
    with pytest.raises(RefusedAsDuplicate):
        poster.send(MESSAGE)


@pytest.mark.parametrize("fault", ["408", "503", "partial", "html"])
def test_pitfall_1_no_unreadable_answer_is_taken_for_a_no(network: Network, poster: Twitter, fault: str) -> None:
    network.misbehave(fault)
    with pytest.raises(OutcomeUnknown):
        poster.send(MESSAGE)


def test_pitfall_8_who_is_never_let_in_is_told_where_to_look(network: Network, poster: Twitter) -> None:
    assert "plan" in poster.stuck


def test_one_refused_login_may_be_xs_own_trouble(network: Network, poster: Twitter) -> None:
    network.misbehave("401")
    with pytest.raises(Unauthorized) as raised:
        poster.send(MESSAGE)
    assert raised.value.passing


@pytest.mark.parametrize("fault", ["403", "read-only"])
def test_pitfall_10_a_connection_that_may_not_upload_is_connected_anew(network: Network, poster: Twitter, fault: str) -> None:
    network.misbehave(fault, on="upload")
    with pytest.raises(Unauthorized, match=r"media\.write" if fault == "403" else "make new tokens"):
        poster.prepare(MESSAGE)


def test_a_daily_limit_lasts_longer_than_that_of_the_quarter_hour(network: Network, poster: Twitter) -> None:
    network.misbehave("429-day", seconds=40_000)
    with pytest.raises(Transient) as raised:
        poster.send(MESSAGE)
    assert raised.value.cooldown
    assert raised.value.retry_after
    assert timedelta(hours=11) < raised.value.retry_after < timedelta(hours=12)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-rate-limit-reset": "+90"}, 90),
        (
            {
                "x-rate-limit-remaining": "0",
                "x-rate-limit-reset": "+90",
                "x-app-limit-24hour-remaining": "5",
                "x-app-limit-24hour-reset": "+9000",
            },
            90,
        ),
        ({"x-rate-limit-reset": "+90", "x-app-limit-24hour-remaining": "0", "x-app-limit-24hour-reset": "+9000"}, 9000),
        ({"x-rate-limit-reset": "-5"}, 1),
        ({"x-rate-limit-reset": "+900000"}, 86_400),
        ({"x-rate-limit-reset": "soon"}, None),
        ({"Retry-After": "12"}, 12),
        ({}, None),
    ],
)
def test_how_long_to_wait_stands_in_xs_headers(headers: dict[str, str], seconds: int | None) -> None:
    now = datetime.fromtimestamp(int(time.time()), UTC)
    given = {name: f"{now.timestamp() + int(value):.0f}" if value[0] in "+-" else value for name, value in headers.items()}
    assert wait(given, now) == (None if seconds is None else timedelta(seconds=seconds))


# Reading back -------------------------------------------------------------------------------------------------------------


def test_it_asks_only_for_what_was_posted_since_then(network: Network, poster: Twitter) -> None:
    poster.account_id = USER["id"]
    poster.find(MESSAGE, datetime(2026, 11, 27, 10, 30, 15, 5, tzinfo=UTC))
    (asked,) = network.requests
    assert asked.query == {"max_results": "100", "start_time": "2026-11-27T10:30:15Z", "tweet.fields": "created_at,entities"}


def test_an_account_not_read_yet_is_asked_for_first(network: Network, poster: Twitter, since: datetime) -> None:
    poster.find(MESSAGE, since)
    assert [asked.path for asked in network.requests] == ["/2/users/me", f"/2/users/{USER['id']}/tweets"]


def test_a_list_of_which_a_part_could_not_be_shown_is_no_reading(network: Network, poster: Twitter, since: datetime) -> None:
    network.misbehave("partial", on="list")
    with pytest.raises(Transient):
        poster.find(MESSAGE, since)


@pytest.mark.parametrize(
    "text",
    [
        f"Ça va? 100 % & more < than > “quotes” 😷\n\nand 3.5 of example.com (see practice.ca/a) {LINK}",
        f"{LINK}\nfirst",
        f"A cafe\u0301 {LINK}",
    ],
)
def test_it_finds_its_words_behind_xs_short_addresses(network: Network, poster: Twitter, since: datetime, text: str) -> None:
    message = replace(MESSAGE, text=text)
    posted = poster.send(poster.prepare(message))
    assert poster.find(message, since).found == posted


def test_words_that_differ_are_another_post_though_its_link_is_the_same(network: Network, poster: Twitter, since: datetime) -> None:
    poster.send(replace(MESSAGE, text=f"Other words {LINK}"))
    assert poster.find(MESSAGE, since).found is None


# Afterwards ---------------------------------------------------------------------------------------------------------------


def test_deleting_tells_xs_own_words_and_again_is_done_too(network: Network, poster: Twitter) -> None:
    posted = poster.send(MESSAGE)
    assert poster.delete(posted.remote_id) == "deleted: true"
    assert poster.delete(posted.remote_id) == "deleted: false"
    network.misbehave("404", on="delete")
    assert "Not Found" in poster.delete(posted.remote_id)


# The connection -----------------------------------------------------------------------------------------------------------


def test_a_check_reads_back_whose_account_it_is(poster: Twitter) -> None:
    account = poster.check()
    assert (account.id, account.name, account.expires_at) == (USER["id"], "@examplepractice", None)


def test_pitfall_10_a_connection_without_the_right_to_upload_is_told_at_connecting(network: Network) -> None:
    given = {"oauth2_access_token": SECRET, "scope": "tweet.read tweet.write users.read offline.access"}
    with pytest.raises(Unauthorized, match="allow everything that is asked"):
        poster_at(network.url, given).check()


def _ending(network: Network, left: timedelta) -> Twitter:
    network.tokens.access, network.tokens.refresh = SECRET, "refresh-1"
    given = {"oauth2_access_token": SECRET, "oauth2_refresh_token": "refresh-1", "expires_at": (NOW + left).isoformat()}
    return poster_at(network.url, given, APP)


def test_pitfall_6_a_token_is_renewed_shortly_before_its_end_and_not_sooner(network: Network) -> None:
    assert _ending(network, timedelta(minutes=11)).refresh(NOW) is None
    assert network.requests == []
    fresh = _ending(network, timedelta(minutes=9)).refresh(NOW)
    assert fresh
    assert fresh["oauth2_refresh_token"] != "refresh-1"
    assert fresh["expires_at"] == (NOW + timedelta(hours=2)).isoformat()
    assert poster_at(network.url, fresh).check().id == USER["id"]


def test_pitfall_6_a_refresh_token_that_x_took_before_needs_a_person(network: Network) -> None:
    poster = _ending(network, timedelta(minutes=1))
    poster.refresh(NOW)
    with pytest.raises(Unauthorized, match="connect X again") as raised:
        poster.refresh(NOW)
    assert APP_SECRET not in raised.value.detail


@pytest.mark.parametrize("fault", ["lose-after", "503", "html", "429"])
def test_a_renewal_without_an_answer_is_tried_again(network: Network, fault: str) -> None:
    network.misbehave(fault, on="token")
    with pytest.raises(Transient):
        _ending(network, timedelta(minutes=1)).refresh(NOW)


def test_without_an_app_nothing_is_renewed_and_the_note_says_so(network: Network) -> None:
    given = {"oauth2_access_token": SECRET, "oauth2_refresh_token": "r", "expires_at": NOW.isoformat()}
    poster = poster_at(network.url, given)
    assert poster.refresh(NOW) is None
    assert "TWITTER_API_KEY" in poster.check().notes[0]


def test_consent_is_proved_by_the_secret_behind_its_question(network: Network) -> None:
    import base64
    import hashlib

    back, verifier = "https://us.example/back", "v" * 64
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    for said in ("another", verifier):
        network.tokens.codes["the-code"] = back
        network._challenges["the-code"] = challenge
        options = TwitterOptions(base_url=network.url)
        if said == verifier:
            given = Twitter.connect(options, APP, "the-code", said, back)
            assert set(given) == {"oauth2_access_token", "oauth2_refresh_token", "expires_at", "scope"}
            assert poster_at(network.url, given, APP).check().scopes[1] == "tweet.write"
        else:
            with pytest.raises(Rejected, match="press Connect again"):
                Twitter.connect(options, APP, "the-code", said, back)


# The section of a blog's file ---------------------------------------------------------------------------------------------


def test_pitfall_11_it_counts_by_weight() -> None:
    assert Twitter.measure("https://practice.ca/a-long-name-for-a-post 😷") == weight("https://practice.ca/a-long-name-for-a-post 😷") == 26


@pytest.mark.parametrize(("given", "kept"), [("20.00 USD", Decimal("20.00")), ("0.50 USD", Decimal("0.50"))])
def test_a_budget_is_an_amount_in_dollars(given: str, kept: Decimal) -> None:
    assert TwitterOptions(monthly_budget=given).monthly_budget == kept


@pytest.mark.parametrize("given", ["20", "20 USD", "20.00", "20.00 CAD", "$20.00", "-1.00 USD", 20, ""])
def test_another_budget_is_a_mistake_with_an_example(given: object) -> None:
    with pytest.raises(ValidationError, match=r"allowed is an amount in US dollars, for example '20\.00 USD'"):
        TwitterOptions(monthly_budget=given)


@pytest.mark.parametrize("address", ["https://api.x.com", "http://127.0.0.1:9000", "http://localhost:9000/x"])
def test_the_network_is_real_or_a_stand_in_on_this_machine(address: str) -> None:
    assert TwitterOptions(base_url=address).base_url == address


def test_a_token_never_travels_in_the_clear() -> None:
    with pytest.raises(ValidationError, match="allowed is an https:// address"):
        TwitterOptions(base_url="http://api.x.com")


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("https://x.com/heart_matter/status/1985?s=20", "1985"),
        ("https://twitter.com/heart_matter/status/1985/photo/1", "1985"),
        ("https://x.com/i/web/status/1985", "1985"),
        ("https://x.com/heart_matter", ""),
        ("https://x.com/heart_matter/status/1985abc", ""),
        ("https://x.com.evil.example/heart_matter/status/1985", ""),
        ("http://[x.com/heart_matter/status/1985", ""),
    ],
)
def test_an_address_of_a_post_names_it(address: str, number: str) -> None:
    assert Twitter(TwitterOptions(), {}).id_in(address) == number
