"""One delivery, from due to its outcome, against a real network of our own."""

import errno
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests import clocks
from tests.factories import SHORT, is_due, make_blog, make_delivery, make_post
from tests.fakes.noticeboard import Noticeboard
from worker.channels.base import Message, Receipt
from worker.deliver import staff
from worker.deliver.reconcile import reconcile
from worker.deliver.send import send
from worker.deliver.timing import APART
from worker.models import Connection, Delivery, Event, Rendition

Deliver = Callable[..., Delivery]


def stands(delivery: Delivery) -> tuple[str, str]:
    delivery.refresh_from_db()
    return delivery.state, delivery.waits_for


def test_it_posts_once_and_keeps_the_receipt(deliver: Deliver, board: Noticeboard) -> None:
    delivery = deliver()
    send(delivery.pk)
    send(delivery.pk)
    assert stands(delivery) == ("sent", "nothing")
    assert board.count(delivery.rendition.text) == 1
    assert (delivery.remote_id, delivery.remote_url) == ("1", f"{board.url}/n/1")
    assert delivery.reason.startswith("Posted on Noticeboard at ")
    attempt = delivery.attempts.get()
    assert (attempt.number, attempt.outcome) == (1, "ok")
    assert attempt.started_at <= attempt.calling_at <= attempt.finished_at


def test_every_step_stands_in_the_record(deliver: Deliver) -> None:
    delivery = deliver()
    send(delivery.pk)
    told = list(delivery.events.order_by("id").values_list("what", flat=True))
    assert told[:2] == ["Getting ready for Noticeboard.", "Handed to Noticeboard; waiting for its answer."]
    assert told[2].startswith("Posted on Noticeboard at ")
    assert len(told) == 3


def test_what_is_not_yet_due_stays(deliver: Deliver, board: Noticeboard) -> None:
    delivery = deliver(due_at=clocks.now() + timedelta(minutes=1))
    send(delivery.pk)
    assert stands(delivery) == ("pending", "clock")
    assert board.posts == []


def test_a_rehearsal_does_everything_but_the_hand_over(deliver: Deliver, board: Noticeboard) -> None:
    delivery = deliver({"mode": "rehearsal"})
    send(delivery.pk)
    assert stands(delivery) == ("rehearsed", "nothing")
    assert board.requests == []
    assert "Nothing was sent" in delivery.reason
    assert delivery.attempts.get().calling_at is None


def test_a_network_out_of_order_is_tried_again(deliver: Deliver, board: Noticeboard) -> None:
    board.misbehave("500-before", on="upload")
    delivery = deliver(
        rendition={"text": f"Hello\n\n{SHORT}", "link": "https://blog.example/", "image": "https://blog.example/a.jpg", "length": 40}
    )
    send(delivery.pk)
    assert stands(delivery) == ("pending", "clock")
    assert "Nothing went out; trying again at" in delivery.reason
    is_due(delivery)
    send(delivery.pk)
    assert stands(delivery) == ("sent", "nothing")
    assert [attempt.outcome for attempt in delivery.attempts.order_by("number")] == ["transient", "ok"]


def test_a_rate_limit_makes_the_whole_connection_wait(deliver: Deliver, board: Noticeboard) -> None:
    board.misbehave("429", seconds=600)
    first = deliver()
    second = make_delivery(make_post(first.blog), "noticeboard")
    send(first.pk)
    send(second.pk)
    assert stands(first) == stands(second) == ("pending", "clock")
    assert second.due_at > clocks.now() + timedelta(minutes=9)
    assert "asked us to wait until" in second.reason
    assert len([request for request in board.requests if request.path == "/notices"]) == 1


def test_a_refused_text_fails_with_its_reason(deliver: Deliver, board: Noticeboard) -> None:
    board.misbehave("422")
    delivery = deliver()
    send(delivery.pk)
    assert stands(delivery) == ("failed", "person")
    assert delivery.attempts.get().status == "422"
    assert "422" not in delivery.reason


def test_a_dead_token_pauses_the_connection_not_the_post(deliver: Deliver, board: Noticeboard) -> None:
    board.misbehave("401")
    first = deliver()
    second = make_delivery(make_post(first.blog), "noticeboard")
    send(first.pk)
    send(second.pk)
    assert stands(first) == stands(second) == ("pending", "person")
    assert Connection.objects.get().broken.endswith("Mend the connection to Noticeboard; what waits for it goes out by itself then.")
    assert second.attempts.count() == 0


@pytest.mark.parametrize("fault", ["lose-after", "500-after", "half", "garbage"])
def test_a_lost_answer_is_looked_up_and_found(deliver: Deliver, board: Noticeboard, fault: str) -> None:
    board.misbehave(fault)
    delivery = deliver()
    send(delivery.pk)
    assert stands(delivery) == ("unknown", "network")
    is_due(delivery)
    reconcile(delivery.pk)
    assert stands(delivery) == ("sent", "nothing")
    assert delivery.remote_id == "1"
    assert board.count(delivery.rendition.text) == 1
    assert delivery.attempts.get().outcome == "ok"


def absent_twice(delivery: Delivery) -> None:
    for _ in range(2):
        is_due(delivery, call_by=clocks.now() - timedelta(seconds=1))
        reconcile(delivery.pk)


def test_one_that_is_not_there_goes_again_where_the_network_refuses_duplicates(deliver: Deliver, board: Noticeboard) -> None:
    board.misbehave("lose-before")
    delivery = deliver({"refuses_duplicates": True})
    send(delivery.pk)
    absent_twice(delivery)
    assert stands(delivery) == ("pending", "clock")
    send(delivery.pk)
    assert stands(delivery) == ("sent", "nothing")
    assert board.count(delivery.rendition.text) == 1


def test_elsewhere_a_person_decides(deliver: Deliver, board: Noticeboard) -> None:
    board.misbehave("lose-before")
    delivery = deliver()
    send(delivery.pk)
    absent_twice(delivery)
    assert stands(delivery) == ("unknown", "person")
    assert "is it there" in delivery.reason
    send(delivery.pk)
    assert board.posts == []


def test_it_is_repeated_by_itself_once_at_most(deliver: Deliver, board: Noticeboard) -> None:
    board.misbehave("lose-before", times=2)
    delivery = deliver({"refuses_duplicates": True})
    send(delivery.pk)
    absent_twice(delivery)
    send(delivery.pk)
    absent_twice(delivery)
    assert stands(delivery) == ("unknown", "person")


def test_a_refusal_as_duplicate_is_success_only_after_a_call_of_our_own(deliver: Deliver, board: Noticeboard) -> None:
    board.refuses_duplicates = True
    board.misbehave("lose-after")
    board.lag = 3600
    delivery = deliver({"refuses_duplicates": True})
    send(delivery.pk)
    absent_twice(delivery)
    send(delivery.pk)
    assert stands(delivery) == ("unknown", "network")
    assert "has this text already" in delivery.reason
    board.lag = 0
    is_due(delivery)
    reconcile(delivery.pk)
    assert stands(delivery) == ("sent", "nothing")
    assert board.count(delivery.rendition.text) == 1


def test_a_duplicate_that_is_not_ours_is_a_persons_to_judge(deliver: Deliver, board: Noticeboard) -> None:
    board.misbehave("ghost")
    delivery = deliver({"refuses_duplicates": True})
    send(delivery.pk)
    assert stands(delivery) == ("unknown", "person")
    assert "999999" in delivery.reason


def test_a_network_that_cannot_be_read_is_looked_at_again(deliver: Deliver, board: Noticeboard) -> None:
    board.misbehave("lose-after")
    delivery = deliver()
    send(delivery.pk)
    board.misbehave("500-before", on="list")
    is_due(delivery)
    reconcile(delivery.pk)
    assert stands(delivery) == ("unknown", "network")
    assert delivery.absences == 0
    is_due(delivery)
    reconcile(delivery.pk)
    assert stands(delivery) == ("sent", "nothing")


def test_nothing_leaves_without_its_disclaimer(deliver: Deliver, board: Noticeboard) -> None:
    delivery = deliver(rendition={"text": "No disclaimer here.", "link": "https://blog.example/", "length": 19})
    send(delivery.pk)
    assert stands(delivery) == ("held", "person")
    assert "isclaimer" in delivery.reason
    assert board.requests == []


def test_words_made_anew_after_the_look_at_the_row_are_what_goes_out(
    deliver: Deliver, board: Noticeboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = deliver()
    stale = Delivery.objects.select_related("blog", "post", "rendition").get(pk=delivery.pk)
    new = delivery.rendition.text.replace("school", "exam")
    Rendition.objects.filter(delivery=delivery).update(text=new)
    monkeypatch.setattr(
        "worker.deliver.send.Delivery.objects.select_related", lambda *_: type("Q", (), {"get": staticmethod(lambda pk: stale)})
    )
    send(delivery.pk)
    assert board.posts[0].text == new


def test_the_ledger_itself_refuses_a_second_automatic_announcement(deliver: Deliver) -> None:
    first = deliver()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_delivery(first.post, "noticeboard")


def test_a_resend_waits_while_another_is_under_way(deliver: Deliver, board: Noticeboard) -> None:
    first = deliver(state="sending", waits_for="network", attempt=1, phase="calling", lease_until=clocks.now() + timedelta(minutes=2))
    second = make_delivery(first.post, "noticeboard", occasion="resend")
    send(second.pk)
    assert stands(second) == ("pending", "clock")
    assert second.due_at > clocks.now()
    assert "this one waits" in second.reason
    assert board.posts == []


def test_a_post_that_is_recorded_already_is_not_recorded_twice(deliver: Deliver, board: Noticeboard) -> None:
    first = deliver()
    Delivery.objects.filter(pk=first.pk).update(state="sent", waits_for="nothing", remote_id="1")
    second = make_delivery(make_post(first.blog), "noticeboard")
    send(second.pk)
    assert stands(second) == ("unknown", "person")


def test_an_adapter_that_breaks_leaves_an_unknown_not_a_repeat(
    deliver: Deliver, board: Noticeboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("worker.channels.noticeboard.Noticeboard.send", broken)
    delivery = deliver()
    send(delivery.pk)
    assert stands(delivery) == ("unknown", "network")


def test_what_breaks_before_the_call_is_tried_again_and_says_whose_fault_it_is(
    deliver: Deliver, board: Noticeboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.channels.noticeboard.Noticeboard.prepare", lambda *_: int("a fault of our own"))
    delivery = deliver()
    send(delivery.pk)
    assert stands(delivery) == ("pending", "clock")
    assert delivery.reason.startswith(
        "Something in Postlark itself went wrong while getting this ready; the log says what. Nothing went out; trying again at "
    )
    assert delivery.attempts.get().detail == "ValueError"
    assert board.posts == []


def test_a_full_disk_is_said_and_waited_for(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    delivery = deliver({"mode": "rehearsal"})
    with monkeypatch.context() as patched:
        patched.setattr("worker.deliver.handover.keep_rehearsal", full)
        send(delivery.pk)
    assert stands(delivery) == ("pending", "clock")
    assert delivery.reason.startswith("There is no room left on the disk of Postlark's own data")
    is_due(delivery)
    send(delivery.pk)
    assert stands(delivery) == ("rehearsed", "nothing")


def test_one_call_at_a_time_to_a_network(deliver: Deliver, board: Noticeboard) -> None:
    """So that one that hangs holds up one worker, and the others serve the other networks."""
    first = deliver(state="sending", waits_for="network", attempt=1, phase="calling", lease_until=clocks.now() + timedelta(minutes=2))
    elsewhere = make_delivery(
        make_post(make_blog("other", channels={"noticeboard": {"mode": "live", "base_url": board.url}})), "noticeboard"
    )
    assert send(elsewhere.pk) == []
    assert stands(elsewhere) == ("pending", "clock")
    assert board.requests == []
    Delivery.objects.filter(pk=first.pk).update(state="sent", waits_for="nothing", lease_until=None)
    third = make_delivery(make_post(first.blog), "noticeboard")
    assert send(elsewhere.pk) == [third.pk]
    assert stands(elsewhere) == ("sent", "nothing")


def test_after_an_outage_they_go_one_by_one(deliver: Deliver, board: Noticeboard) -> None:
    long_ago = clocks.now() - timedelta(hours=20)
    first = deliver(created_at=long_ago, first_due_at=long_ago)
    second, third = (make_delivery(make_post(first.blog), "noticeboard", created_at=long_ago, first_due_at=long_ago) for _ in range(2))
    for delivery in (first, second, third):
        send(delivery.pk)
    assert stands(first) == ("sent", "nothing")
    assert stands(second) == stands(third) == ("pending", "clock")
    called_at = first.attempts.get().calling_at
    assert [second.due_at, third.due_at] == [called_at + APART, called_at + 2 * APART]
    assert "one by one" in second.reason
    fresh = make_delivery(make_post(first.blog), "noticeboard")
    send(fresh.pk)
    assert stands(fresh) == ("sent", "nothing")


def test_a_day_without_the_network_ends_as_the_sentence_had_said(deliver: Deliver, board: Noticeboard) -> None:
    board.misbehave("503", times=100, on="upload")
    picture = {"text": f"Hello\n\n{SHORT}", "link": "https://blog.example/", "image": "https://blog.example/a.jpg", "length": 40}
    delivery = deliver(attempt=40, rendition=picture)
    send(delivery.pk)
    assert stands(delivery) == ("pending", "clock")
    assert "it is held for you" in delivery.reason
    is_due(delivery, first_due_at=clocks.now() - timedelta(hours=25))
    send(delivery.pk)
    assert stands(delivery) == ("held", "person")
    assert "has waited too long" in delivery.reason


def test_a_channel_is_paused_and_told_of_once(deliver: Deliver, board: Noticeboard) -> None:
    board.misbehave("403", times=5)
    first = deliver()
    others = [make_delivery(make_post(first.blog), "noticeboard") for _ in range(3)]
    for delivery in (first, *others):
        send(delivery.pk)
        assert stands(delivery) == ("pending", "person")
    assert len([request for request in board.requests if request.path == "/notices"]) == 1
    assert Event.objects.filter(data__alert=True).count() == 1


def test_the_post_that_the_network_names_is_read_back(deliver: Deliver, board: Noticeboard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused as a duplicate after a call of our own: the named post is proof once it reads back, whatever the listing shows."""
    confirmed = []

    def confirm(self: Any, remote_id: str, message: Message) -> Receipt:
        confirmed.append(remote_id)
        return Receipt(remote_id, f"{board.url}/n/{remote_id}")

    monkeypatch.setattr("worker.channels.noticeboard.Noticeboard.confirm", confirm)
    board.refuses_duplicates = True
    board.misbehave("lose-after")
    board.lag = 3600
    delivery = deliver({"refuses_duplicates": True})
    send(delivery.pk)
    absent_twice(delivery)
    send(delivery.pk)
    is_due(delivery)
    reconcile(delivery.pk)
    assert stands(delivery) == ("sent", "nothing")
    assert confirmed == [delivery.remote_id]


def test_a_named_post_that_is_not_there_goes_to_a_person_and_is_never_sent_again(deliver: Deliver, board: Noticeboard) -> None:
    """LinkedIn refuses for a day or two what has been deleted, and names a post that nobody can find."""
    board.misbehave("lose-before")
    board.misbehave("ghost")
    delivery = deliver({"refuses_duplicates": True})
    send(delivery.pk)
    absent_twice(delivery)
    send(delivery.pk)
    absent_twice(delivery)
    assert stands(delivery) == ("unknown", "person")
    assert "999999" in delivery.reason
    assert "deleted" in delivery.reason
    assert board.posts == []


def test_where_nobody_can_read_the_refusal_after_a_persons_word_is_the_answer(
    deliver: Deliver, board: Noticeboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member's posts on LinkedIn: sent again on a person's word, its refusal names the post that went out before."""
    monkeypatch.setattr("worker.channels.noticeboard.Noticeboard.reads_back", False)
    board.refuses_duplicates = True
    board.misbehave("lose-after")
    delivery = deliver({"refuses_duplicates": True})
    send(delivery.pk)
    assert stands(delivery) == ("unknown", "person")
    Delivery.objects.filter(pk=delivery.pk).update(call_by=clocks.now() - timedelta(seconds=1))
    delivery.refresh_from_db()
    staff.settle(delivery, "Ann", sent=False)
    send(delivery.pk)
    assert stands(delivery) == ("sent", "nothing")
    assert (delivery.remote_id, board.count(delivery.rendition.text)) == ("1", 1)


def test_a_refusal_that_names_another_of_our_posts_is_no_proof(
    deliver: Deliver, board: Noticeboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Postlark posted before under the same words and took back is refused again for a while, under the old one's name."""
    monkeypatch.setattr("worker.channels.noticeboard.Noticeboard.reads_back", False)
    board.misbehave("lose-before")
    board.misbehave("ghost")
    delivery = deliver({"refuses_duplicates": True})
    make_delivery(delivery.post, delivery.channel, state="withdrawn", waits_for="nothing", occasion="resend", remote_id="999999")
    send(delivery.pk)
    Delivery.objects.filter(pk=delivery.pk).update(call_by=clocks.now() - timedelta(seconds=1))
    delivery.refresh_from_db()
    staff.settle(delivery, "Ann", sent=False)
    send(delivery.pk)
    assert stands(delivery) == ("unknown", "person")
    assert (delivery.remote_id, board.posts) == ("", [])
