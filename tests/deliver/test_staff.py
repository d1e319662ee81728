"""What the front desk may do, and what it is told when it may not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests import clocks
from tests.factories import make_blog, make_delivery, make_post
from tests.fakes.noticeboard import Noticeboard
from worker.deliver import staff, withdraw
from worker.deliver.send import send
from worker.models import Connection, Delivery

Deliver = Callable[..., Delivery]
LATER = timedelta(minutes=10)


def test_a_held_delivery_waits_for_its_release(deliver: Deliver, board: Noticeboard) -> None:
    delivery = deliver()
    staff.hold(delivery, "Ann", "the picture is wrong")
    send(delivery.pk)
    assert board.posts == []
    assert delivery.reason == "Held by Ann: the picture is wrong. Release it to let it go."
    staff.release(delivery, "Ann", "picture mended")
    send(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_releasing_a_waiting_one_lets_it_go_before_its_time(deliver: Deliver) -> None:
    delivery = deliver(due_at=clocks.now() + LATER)
    staff.release(delivery, "Ann")
    send(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_a_late_one_goes_when_released(deliver: Deliver) -> None:
    delivery = deliver(first_due_at=clocks.now() - timedelta(days=2))
    send(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for) == ("held", "person")
    staff.release(delivery, "Ann")
    send(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_a_cancelled_one_never_goes(deliver: Deliver, board: Noticeboard) -> None:
    delivery = deliver()
    staff.cancel(delivery, "Ann", "not this one")
    send(delivery.pk)
    assert delivery.state == "cancelled"
    assert board.posts == []


@pytest.mark.parametrize("state", ["sending", "unknown", "sent", "failed", "skipped", "cancelled", "rehearsed", "withdrawn"])
@pytest.mark.parametrize("verb", [staff.hold, staff.release, staff.cancel])
def test_what_can_no_longer_be_stopped_says_how_it_stands(deliver: Deliver, state: str, verb: Callable[..., None]) -> None:
    delivery = deliver(state=state, waits_for="nothing", reason="It is as it is.")
    with pytest.raises(staff.Refused, match="It is as it is"):
        verb(delivery, "Ann", "please")
    delivery.refresh_from_db()
    assert delivery.state == state


@pytest.mark.parametrize("because", ["", "   ", "\n"])
def test_a_reason_is_asked_for(deliver: Deliver, because: str) -> None:
    with pytest.raises(staff.Refused, match="reason is needed"):
        staff.hold(deliver(), "Ann", because)


def test_a_second_click_on_resend_does_nothing(deliver: Deliver) -> None:
    first = deliver(state="sent", waits_for="nothing")
    again = staff.resend(first.post, "noticeboard", "Ann", "the first was deleted by mistake")
    with pytest.raises(staff.Refused, match=f"Delivery {again.pk}"):
        staff.resend(first.post, "noticeboard", "Ann", "the first was deleted by mistake")
    assert Delivery.objects.count() == 2


@pytest.mark.parametrize("state", ["unknown", "sending", "pending", "held"])
def test_nothing_is_resent_while_the_first_is_not_finished(deliver: Deliver, state: str) -> None:
    first = deliver(state=state, waits_for="person")
    with pytest.raises(staff.Refused, match="not finished"):
        staff.resend(first.post, "noticeboard", "Ann", "once more")


def test_staffs_own_words_pass_the_same_gate(deliver: Deliver) -> None:
    first = deliver(state="sent", waits_for="nothing")
    again = staff.resend(first.post, "noticeboard", "Ann", "better words", text="Come and read this.")
    assert "Come and read this." in again.rendition.text
    assert again.rendition.disclaimer in again.rendition.text
    assert again.rendition.edited_by == "Ann"


def test_a_person_who_found_it_settles_it(deliver: Deliver) -> None:
    delivery = deliver(state="unknown", waits_for="person", attempt=1)
    staff.settle(delivery, "Ann", sent=True, url="https://board.example/n/7")
    assert (delivery.state, delivery.remote_url) == ("sent", "https://board.example/n/7")


def test_by_its_address_what_a_person_found_has_its_number(deliver: Deliver, board: Noticeboard) -> None:
    delivery = deliver(state="unknown", waits_for="person", attempt=1)
    staff.settle(delivery, "Ann", sent=True, url=f"{board.url}/n/7")
    assert (delivery.remote_id, delivery.reason) == ("7", "Posted on Noticeboard: Ann looked and found it there.")


@pytest.mark.parametrize("url", ["", "https://board.example/n/7", "https://["])
def test_without_its_number_it_says_what_will_not_work(deliver: Deliver, url: str) -> None:
    delivery = deliver(state="unknown", waits_for="person", attempt=1)
    staff.settle(delivery, "Ann", sent=True, url=url)
    assert (delivery.state, delivery.remote_id) == ("sent", "")
    assert "can neither correct it nor take it down later: do that there by hand" in delivery.reason


def test_the_address_of_another_delivery_is_not_this_ones(deliver: Deliver, board: Noticeboard) -> None:
    delivery = deliver(state="unknown", waits_for="person", attempt=1)
    make_delivery(make_post(delivery.blog), "noticeboard", state="sent", waits_for="nothing", remote_id="7")
    with pytest.raises(staff.Refused, match="went out as another delivery"):
        staff.settle(delivery, "Ann", sent=True, url=f"{board.url}/n/7")
    delivery.refresh_from_db()
    assert delivery.state == "unknown"


@pytest.mark.django_db
def test_what_a_person_found_can_be_taken_down_later(settings: Any) -> None:
    settings.BLOGS = {}
    blog = make_blog(channels={"facebook": {"mode": "live"}})
    Connection.objects.create(blog=blog, channel="facebook", place_id="100200")
    delivery = make_delivery(make_post(blog), "facebook", state="unknown", waits_for="person", attempt=1)
    staff.settle(delivery, "Ann", sent=True, url="https://www.facebook.com/practice/posts/7")
    assert delivery.remote_id == "100200_7"  # the Page that was picked, and the post
    assert withdraw.can_be_withdrawn(delivery)


def test_a_person_who_did_not_find_it_lets_it_go_again(deliver: Deliver, board: Noticeboard) -> None:
    delivery = deliver(state="unknown", waits_for="person", attempt=1, call_by=clocks.now() - LATER)
    staff.settle(delivery, "Ann", sent=False)
    send(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == "sent"
    assert len(board.posts) == 1


def test_nobody_sends_again_while_postlark_is_still_looking(deliver: Deliver) -> None:
    delivery = deliver(state="unknown", waits_for="network", attempt=1)
    with pytest.raises(staff.Refused, match="still looking"):
        staff.settle(delivery, "Ann", sent=False)


def test_nobody_sends_again_while_the_request_may_still_travel(deliver: Deliver) -> None:
    delivery = deliver(state="unknown", waits_for="person", attempt=1, call_by=clocks.now() + LATER)
    with pytest.raises(staff.Refused):
        staff.settle(delivery, "Ann", sent=False)


def test_what_is_paused_goes_by_itself_once_resumed(deliver: Deliver, board: Noticeboard) -> None:
    delivery = deliver()
    staff.pause(delivery.blog, "noticeboard", "Ann")
    send(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for) == ("pending", "person")
    assert "paused by Ann" in delivery.reason
    staff.resume(delivery.blog, "noticeboard", "Ann")
    send(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_resuming_also_mends_a_broken_connection(deliver: Deliver) -> None:
    delivery = deliver(waits_for="person")
    Connection.objects.create(blog=delivery.blog, channel="noticeboard", broken="The permission ended.")
    staff.resume(delivery.blog, "noticeboard", "Ann")
    delivery.refresh_from_db()
    assert delivery.waits_for == "clock"
    assert Connection.objects.get().broken == ""


def test_a_paused_blog_pauses_every_channel(deliver: Deliver, board: Noticeboard) -> None:
    delivery = deliver()
    staff.pause(delivery.blog, None, "Ann")
    send(delivery.pk)
    assert board.posts == []


@pytest.mark.django_db
def test_a_channel_the_blog_does_not_have_is_named(settings: Any) -> None:
    post = make_post(make_blog(channels={"facebook": {}, "twitter": {"mode": "off"}}))
    make_delivery(post, "facebook", state="rehearsed", waits_for="nothing")
    with pytest.raises(staff.Refused, match="facebook, twitter"):
        staff.resend(post, "linkedin", "Ann", "once more")
    with pytest.raises(staff.Refused, match="switched off"):
        staff.resend(post, "twitter", "Ann", "once more")
