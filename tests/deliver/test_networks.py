"""What befell posters elsewhere, from the claim to the outcome, on X and LinkedIn as they really answer.

The fifteen pitfalls are named in the tests of this folder and of tests/channels; tests/house/test_pitfalls.py counts them.
"""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import pytest

from tests import clocks
from tests.factories import SHORT, is_due, make_blog, make_delivery, make_post
from tests.fakes.linkedin import MEMBER, PAGE, Linkedin
from tests.fakes.network import Network
from tests.fakes.twitter import Twitter
from worker.connections import keep
from worker.deliver import mend, staff
from worker.deliver.reconcile import reconcile
from worker.deliver.send import send
from worker.models import Connection, Delivery, Event, Post

pytestmark = pytest.mark.django_db


@pytest.fixture
def x() -> Generator[Twitter, None, None]:
    with Twitter() as network:
        yield network


@pytest.fixture
def linkedin() -> Generator[Linkedin, None, None]:
    with Linkedin() as network:
        yield network


def on_x(network: Network, **options: Any) -> Delivery:
    return _delivery("twitter", network, {"oauth2_access_token": "t"}, options)


def on_linkedin(network: Network, author: str = PAGE) -> Delivery:
    return _delivery("linkedin", network, {"access_token": "t"}, {"author": author})


def _delivery(channel: str, network: Network, credentials: dict[str, str], options: dict[str, Any]) -> Delivery:
    blog = make_blog(channels={channel: {"mode": "live", "base_url": network.url, "settle": "1s", **options}})
    Connection.objects.create(blog=blog, channel=channel, credentials=keep.close(credentials))
    return another_of(make_post(blog), channel)


def another_of(post: Post, channel: str) -> Delivery:
    text = f"Coping: {post.url}\n{SHORT}"
    return make_delivery(post, channel, rendition={"text": text, "link": post.url, "disclaimer": SHORT, "length": 60, "limit": 280})


def look(delivery: Delivery) -> None:
    """The next reading, at a time when the call is certainly over."""
    is_due(delivery, call_by=clocks.now() - timedelta(seconds=1))
    reconcile(delivery.pk)
    delivery.refresh_from_db()


def look_twice(delivery: Delivery) -> None:
    look(delivery)
    look(delivery)


def again(delivery: Delivery) -> None:
    is_due(delivery)
    send(delivery.pk)
    delivery.refresh_from_db()


def test_pitfall_1_a_lost_answer_is_looked_into_and_the_post_found(x: Twitter) -> None:
    delivery = on_x(x)
    x.misbehave("lose-after")
    send(delivery.pk)
    look(delivery)
    assert (delivery.state, delivery.remote_id) == ("sent", x.posts[0].id)
    assert delivery.remote_url == f"https://x.com/i/web/status/{x.posts[0].id}"
    assert "looked and found it there" in delivery.reason
    assert x.count(delivery.rendition.text) == 1
    assert delivery.cost == 225  # thousandths of a dollar: the post, and one reading


def test_pitfall_1_an_answer_that_was_lost_on_the_way_there_leads_to_one_post(x: Twitter) -> None:
    delivery = on_x(x)
    x.misbehave("lose-before")
    send(delivery.pk)
    look_twice(delivery)
    assert (delivery.state, delivery.waits_for) == ("pending", "clock")
    again(delivery)
    assert delivery.state == "sent"
    assert x.count(delivery.rendition.text) == 1


def test_a_list_that_no_one_can_read_is_read_again_later(linkedin: Linkedin, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery, as_it_is = on_linkedin(linkedin), linkedin._as_post
    linkedin.misbehave("lose-after")
    send(delivery.pk)
    monkeypatch.setattr(linkedin, "_as_post", lambda post: as_it_is(post) | {"publishedAt": 10**18})  # the year 31,690,708
    look(delivery)
    assert (delivery.state, delivery.waits_for, "Postlark looks again at" in delivery.reason) == ("unknown", "network", True)
    monkeypatch.undo()
    look(delivery)
    assert (delivery.state, delivery.remote_id) == ("sent", linkedin.posts[0].id)


def test_pitfall_7_without_credits_the_channel_is_paused_once_and_told_once(x: Twitter) -> None:
    first = on_x(x)
    second, third = (another_of(make_post(first.blog), "twitter") for _ in range(2))
    x.misbehave("402", times=9)
    for delivery in (first, second, third):
        send(delivery.pk)
        delivery.refresh_from_db()
        assert (delivery.state, delivery.waits_for) == ("pending", "person")
        assert "buy some" in delivery.reason
    assert len([asked for asked in x.requests if asked.path == "/2/tweets"]) == 1
    assert Event.objects.filter(data__alert=True).count() == 1
    assert first.cost == 0


@pytest.mark.parametrize("fault", ["spam", "read-only", "suspended", "429-capped"])
def test_a_block_or_a_missing_right_pauses_the_channel_once(x: Twitter, fault: str) -> None:
    first = on_x(x)
    second = another_of(make_post(first.blog), "twitter")
    x.misbehave(fault, times=9)
    for delivery in (first, second):
        send(delivery.pk)
    assert len(x.requests) == 1
    assert Event.objects.filter(data__alert=True).count() == 1


def test_pitfall_8_a_service_that_is_never_available_ends_with_a_person_who_is_told_where_to_look(x: Twitter) -> None:
    delivery = on_x(x)
    x.misbehave("503", times=99)
    send(delivery.pk)
    look_twice(delivery)
    again(delivery)
    look_twice(delivery)
    assert (delivery.state, delivery.waits_for) == ("unknown", "person")
    assert "whether the account's plan lets it post" in delivery.reason
    assert len([asked for asked in x.requests if asked.path == "/2/tweets"]) == 2


def test_pitfall_9_a_refused_duplicate_after_a_lost_answer_is_the_post_itself(x: Twitter) -> None:
    delivery = on_x(x)
    x.lag = 3600
    x.misbehave("lose-after")
    send(delivery.pk)
    look_twice(delivery)
    again(delivery)
    assert (delivery.state, delivery.waits_for) == ("unknown", "network")
    x.lag = 0
    look(delivery)
    assert (delivery.state, delivery.remote_id) == ("sent", x.posts[0].id)
    assert x.count(delivery.rendition.text) == 1


def test_pitfall_9_a_refused_duplicate_that_we_never_posted_is_for_a_person(x: Twitter) -> None:
    delivery = on_x(x)
    x.misbehave("duplicate")
    send(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for) == ("unknown", "person")
    assert "though Postlark had not posted it" in delivery.reason


def test_pitfall_9_linkedin_names_the_older_post_and_it_is_read_by_itself(linkedin: Linkedin) -> None:
    delivery = on_linkedin(linkedin)
    linkedin.lag = 3600
    linkedin.misbehave("lose-after")
    send(delivery.pk)
    look_twice(delivery)
    again(delivery)
    look(delivery)
    assert (delivery.state, delivery.remote_id) == ("sent", linkedin.posts[0].id)
    assert delivery.remote_url == f"https://www.linkedin.com/feed/update/{delivery.remote_id}/"
    assert linkedin.count(delivery.rendition.text) == 1


def test_pitfall_15_a_ghost_is_never_taken_for_the_post(linkedin: Linkedin) -> None:
    delivery = on_linkedin(linkedin)
    linkedin.misbehave("lose-before")
    linkedin.misbehave("ghost")
    send(delivery.pk)
    look_twice(delivery)
    again(delivery)
    look_twice(delivery)
    assert (delivery.state, delivery.waits_for) == ("unknown", "person")
    assert "names the post urn:li:share:7000000000000000009, but it is not there" in delivery.reason
    assert linkedin.posts == []


def test_a_members_post_is_for_a_person_at_once_and_the_second_button_doubles_nothing(linkedin: Linkedin) -> None:
    delivery = on_linkedin(linkedin, MEMBER)
    linkedin.misbehave("lose-after")
    send(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for) == ("unknown", "person")
    assert "refuses what it has already" in delivery.reason
    with pytest.raises(staff.Refused, match=r"may still be on its way for \d+ seconds"):
        staff.settle(delivery, "Ann", sent=False)
    is_due(delivery, call_by=clocks.now() - timedelta(seconds=1))
    staff.settle(delivery, "Ann", sent=False)
    again(delivery)
    assert (delivery.state, delivery.remote_id) == ("sent", linkedin.posts[0].id)
    assert delivery.remote_url.startswith("https://www.linkedin.com/feed/update/urn:li:share:")
    assert linkedin.count(delivery.rendition.text) == 1


def test_a_refused_login_is_asked_about_once_more_since_x_itself_may_be_in_trouble(x: Twitter) -> None:
    delivery = on_x(x)
    x.misbehave("401")
    send(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for) == ("pending", "person")
    assert "itself may be in trouble" in delivery.reason
    row = Connection.objects.get()
    assert row.next_check_at
    assert row.next_check_at < clocks.now() + timedelta(minutes=31)
    Connection.objects.update(next_check_at=clocks.now() - timedelta(seconds=1))
    mend.check_connection(row.pk)
    again(delivery)
    assert delivery.state == "sent"
