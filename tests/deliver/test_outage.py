"""A network is away for a day. What its posts' sentences promised meanwhile is what happens when it is back."""

import socket
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.db.models import Min

from tests import clocks
from tests.factories import NOON, SHORT, blog_file, make_blog, make_delivery, make_post
from tests.fakes.facebook import Facebook
from tests.fakes.linkedin import PAGE, Linkedin
from tests.fakes.network import Network
from tests.fakes.pinterest import BOARD, Pinterest
from tests.fakes.twitter import Twitter
from worker.connections import keep
from worker.deliver.send import send
from worker.deliver.sweep import deliveries_due, sweep
from worker.deliver.timing import APART, late_from
from worker.lib.clock import spoken
from worker.models import Attempt, Blog, Connection, Delivery

pytestmark = pytest.mark.django_db
AWAY = timedelta(hours=24)
CAME = [timedelta(hours=hours) for hours in (-0.5, -0.25, 1.5, 2, 9, 15, 22, 23)]
"""When each post was due, counted from noon; nothing answers until `AWAY`. Who is in time then has 90 minutes left, more than the
longest pause between two tries."""
ON_TIME = [came > timedelta(0) for came in CAME]


@dataclass(frozen=True)
class Place:
    network: type[Network]
    options: dict[str, Any]
    credentials: dict[str, str]


PLACES = {
    "twitter": Place(Twitter, {}, {"oauth2_access_token": "t"}),
    "facebook": Place(Facebook, {"page_id": "100200300400500"}, {"page_access_token": "t"}),
    "pinterest": Place(Pinterest, {"board_id": BOARD}, {"access_token": "t"}),
    "linkedin": Place(Linkedin, {"author": PAGE}, {"access_token": "t"}),
}


@pytest.fixture
def clock() -> Generator[time_machine.Traveller, None, None]:
    with clocks.stopped(NOON + CAME[0]) as traveller:
        yield traveller


def work_until(moment: datetime, clock: time_machine.Traveller) -> None:
    """The workers do whatever falls due until then, each thing at its time."""
    waiting = Delivery.objects.filter(state="pending", waits_for="clock")
    while (due := waiting.aggregate(next=Min("due_at"))["next"]) and due <= moment:
        clock.move_to(max(due, clocks.now()))
        sweep()
        for pk in deliveries_due():
            send(pk)
    clock.move_to(moment)


def new_post(blog: Blog, channel: str) -> Delivery:
    post = make_post(blog, page_looked_at=NOON + timedelta(days=365))
    words = {"text": f"{post.title}: {post.url}\n{SHORT}", "link": post.url, "disclaimer": SHORT, "length": 80, "limit": 280}
    picture = {"title": post.title, "description": SHORT, "image": post.image, "alt": post.image_alt} if channel == "pinterest" else {}
    now = clocks.now()
    return make_delivery(post, channel, rendition=words | picture, created_at=now, due_at=now, first_due_at=now)


@pytest.mark.parametrize("channel", PLACES)
def test_after_a_day_each_is_caught_up_or_kept_as_its_sentence_said_and_none_in_a_burst(
    channel: str, clock: time_machine.Traveller, settings: Any
) -> None:
    place = PLACES[channel]
    settings.BLOGS = {}
    with place.network() as gone:
        port = gone.port
    away = socket.socket()  # nobody answers there, and no other test's server gets the port meanwhile
    away.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    away.bind(("127.0.0.1", port))
    blog = make_blog(
        channels={channel: {"mode": "live", "base_url": gone.url, "settle": "1m", **place.options}}, timezone="America/Toronto"
    )
    Connection.objects.create(blog=blog, channel=channel, credentials=keep.close(place.credentials))
    deliveries = []
    for came in CAME:
        work_until(NOON + came, clock)
        deliveries.append(new_post(blog, channel))
    work_until(NOON + AWAY - timedelta(hours=0.75), clock)
    file = blog_file(channels={}, timezone="America/Toronto")
    for delivery in deliveries:
        delivery.refresh_from_db()
        last = late_from(delivery.first_due_at, file)
        assert (delivery.state, delivery.waits_for) == ("pending", "clock")
        assert delivery.reason.endswith(f" If it can't go out by {spoken(last, file.timezone, clocks.now())}, it is held for you.")
    work_until(NOON + AWAY, clock)
    away.close()
    with place.network(port=port) as network:
        work_until(NOON + AWAY + timedelta(hours=2), clock)
        posted = [network.count(delivery.rendition.text) for delivery in deliveries]
        assert len(network.all_standing()) == sum(ON_TIME)
    for delivery in deliveries:
        delivery.refresh_from_db()
    assert posted == [int(on_time) for on_time in ON_TIME]
    assert [delivery.state for delivery in deliveries] == ["sent" if on_time else "held" for on_time in ON_TIME]
    assert {delivery.held_for for delivery in deliveries if delivery.state == "held"} == {"late"}
    assert all(delivery.finished_at <= late_from(delivery.first_due_at, file) for delivery in deliveries if delivery.state == "sent")
    calls = sorted(Attempt.objects.filter(outcome="ok").values_list("calling_at", flat=True))
    assert all(later - earlier >= APART for earlier, later in pairwise(calls))
