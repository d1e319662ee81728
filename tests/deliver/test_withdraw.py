"""Taking a post back, against a real network of our own that deletes."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests import clocks
from tests.deliver.on_facebook import post_on, posted
from tests.factories import is_due, make_delivery
from tests.fakes.facebook import Facebook
from worker.channels.base import Poster
from worker.channels.facebook import Facebook as FacebookPoster
from worker.channels.facebook import FacebookOptions
from worker.channels.noticeboard import Noticeboard
from worker.deliver import amended, staff, sweep, withdraw
from worker.deliver.claim import claim, commit_calling
from worker.deliver.mend import mended
from worker.deliver.reconcile import reconcile
from worker.deliver.retry import MOST_TRIES
from worker.deliver.send import send
from worker.models import Connection, Delivery
from worker.record.sums import Sum

pytestmark = pytest.mark.django_db
WHY = "The post has a mistake"


def stands(delivery: Delivery) -> tuple[str, str]:
    delivery.refresh_from_db()
    return delivery.state, delivery.waits_for


def taken_down(delivery: Delivery) -> Delivery:
    withdraw.withdraw(delivery.post, "Ann", WHY)
    send(delivery.pk)
    delivery.refresh_from_db()
    return delivery


# What it does -------------------------------------------------------------------------------------------------------------


def test_a_post_is_taken_down_and_the_record_says_who_wanted_it(graph: Facebook) -> None:
    delivery = taken_down(posted(graph))
    assert stands(delivery) == ("withdrawn", "nothing")
    assert graph.all_standing() == []
    assert delivery.reason.startswith("Taken down from Facebook at ")
    assert delivery.reason.endswith("Ann asked for it: The post has a mistake.")
    assert [(one.number, one.kind, one.outcome) for one in delivery.attempts.order_by("number")] == [
        (1, "create", "ok"),
        (2, "delete", "ok"),
    ]
    assert delivery.attempts.get(number=2).calling_at is not None


def test_what_has_not_gone_out_never_does(graph: Facebook) -> None:
    post = post_on(graph)
    waiting, held = make_delivery(post, "facebook"), make_delivery(post, "email", state="held", waits_for="person")
    withdraw.withdraw(post, "Ann", WHY)
    send(waiting.pk)
    assert (stands(waiting), stands(held)) == (("cancelled", "nothing"), ("cancelled", "nothing"))
    assert waiting.reason == "Withdrawn by Ann before it went out: The post has a mistake."
    assert graph.posts == []


def test_it_needs_a_reason_and_something_to_withdraw(graph: Facebook) -> None:
    delivery = posted(graph)
    with pytest.raises(staff.Refused, match="A reason is needed"):
        withdraw.withdraw(delivery.post, "Ann", " ")
    taken_down(delivery)
    with pytest.raises(staff.Refused, match=r"Nothing of “.*” is out, and nothing waits to go out"):
        withdraw.withdraw(delivery.post, "Ann", WHY)


def test_a_second_click_changes_nothing(graph: Facebook) -> None:
    delivery = posted(graph)
    withdraw.withdraw(delivery.post, "Ann", WHY)
    with pytest.raises(staff.Refused, match="It is being taken down from Facebook already"):
        withdraw.withdraw(delivery.post, "Bob", WHY)
    send(delivery.pk)
    send(delivery.pk)
    assert sum(request.method == "DELETE" for request in graph.requests) == 1


def test_only_what_is_known_to_be_out_is_taken_down(graph: Facebook) -> None:
    post = post_on(graph)
    delivery = make_delivery(post, "facebook", state="unknown", waits_for="network", reason="The answer was lost.")
    with pytest.raises(staff.Refused, match="It is not known whether it is out on Facebook"):
        withdraw.withdraw(post, "Ann", WHY)
    assert stands(delivery) == ("unknown", "network")


def test_a_post_whose_number_nobody_knows_is_left_to_a_person(graph: Facebook) -> None:
    post = post_on(graph)
    make_delivery(post, "facebook", state="sent", waits_for="nothing", remote_url="https://facebook.example/7")
    with pytest.raises(staff.Refused, match=r"does not know its number on Facebook.*by hand \(https://facebook.example/7\)"):
        withdraw.withdraw(post, "Ann", WHY)


def test_no_pause_keeps_a_post_up(graph: Facebook) -> None:
    delivery = posted(graph)
    Connection.objects.update(paused_by="Ann")
    assert taken_down(delivery).state == "withdrawn"


class OnABudget(FacebookOptions):
    monthly_budget: Decimal = Decimal("0.01")


def test_no_ceiling_keeps_a_post_up_and_what_it_costs_is_counted(graph: Facebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FacebookPoster, "Options", OnABudget)
    monkeypatch.setattr(FacebookPoster, "delete_price", Decimal("0.02"))
    delivery = taken_down(posted(graph))
    assert (delivery.state, delivery.cost, Connection.objects.get().spent) == ("withdrawn", 20, 20)


def test_it_can_be_sent_again_afterwards(graph: Facebook) -> None:
    delivery = taken_down(posted(graph))
    again = staff.resend(delivery.post, "facebook", "Ann", "mended")
    send(again.pk)
    assert (stands(again), stands(delivery)) == (("sent", "nothing"), ("withdrawn", "nothing"))
    assert [post.id for post in graph.all_standing()] == [again.remote_id]


# When the network does not do it at once ----------------------------------------------------------------------------------


def test_a_network_in_trouble_is_asked_again(graph: Facebook) -> None:
    delivery = posted(graph)
    graph.misbehave("500-before", on="delete")
    assert (taken_down(delivery).state, delivery.waits_for) == ("pending", "clock")
    assert "It may still be out; trying again at" in delivery.reason
    is_due(delivery)
    send(delivery.pk)
    assert stands(delivery) == ("withdrawn", "nothing")


@pytest.mark.parametrize("fault", ["lose-after", "reset", "500-after", "half", "garbage", "html"])
def test_an_answer_that_was_lost_is_found_out_by_asking_again(graph: Facebook, fault: str) -> None:
    delivery = posted(graph)
    graph.misbehave(fault, on="delete")
    taken_down(delivery)
    assert graph.all_standing() == []
    is_due(delivery)
    send(delivery.pk)
    assert stands(delivery) == ("withdrawn", "nothing")
    assert "does not exist" in delivery.attempts.get(number=3).detail


def test_a_fault_of_our_own_that_does_not_pass_ends_with_a_person(graph: Facebook, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = posted(graph)
    withdraw.withdraw(delivery.post, "Ann", WHY)
    monkeypatch.setattr(FacebookPoster, "delete", lambda *_: int("a fault of our own"))
    for _ in range(MOST_TRIES):
        is_due(delivery)
        reconcile(delivery.pk)
        send(delivery.pk)
    assert stands(delivery) == ("sent", "person")
    assert delivery.reason == (
        "Facebook was asked 12 times, and each time its answer was lost. "
        "It may still be out on Facebook: take it down there by hand, or withdraw it once more."
    )


def test_one_that_was_given_up_is_tried_as_often_when_it_is_asked_for_once_more(graph: Facebook) -> None:
    delivery = posted(graph)
    withdraw.withdraw(delivery.post, "Ann", WHY)
    for _ in range(MOST_TRIES):
        graph.misbehave("500-before", on="delete")
        is_due(delivery)
        send(delivery.pk)
    assert stands(delivery) == ("sent", "person")
    assert f"Postlark has tried {MOST_TRIES} times" in delivery.reason
    graph.misbehave("500-before", on="delete")
    assert (taken_down(delivery).state, delivery.waits_for) == ("pending", "clock")
    is_due(delivery)
    send(delivery.pk)
    assert stands(delivery) == ("withdrawn", "nothing")


def test_a_process_that_dies_while_it_asks_leaves_a_doubt_that_ends(graph: Facebook, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = posted(graph)
    withdraw.withdraw(delivery.post, "Ann", WHY)
    monkeypatch.setattr(amended, "record", lambda *_: None)
    send(delivery.pk)
    monkeypatch.undo()
    past = clocks.now() - timedelta(seconds=1)
    Delivery.objects.filter(pk=delivery.pk).update(lease_until=past, call_by=past)
    sweep.sweep()
    assert stands(delivery) == ("unknown", "network")
    assert "nobody knows yet whether it is down" in delivery.reason
    with pytest.raises(staff.Refused, match="Postlark finds out by itself"):
        staff.settle(delivery, "Ann", sent=False)
    assert reconcile(delivery.pk) == []
    is_due(delivery)
    assert reconcile(delivery.pk) == [delivery.pk]
    send(delivery.pk)
    assert stands(delivery) == ("withdrawn", "nothing")


def test_nobody_asks_again_while_the_first_request_may_be_on_its_way(graph: Facebook) -> None:
    delivery = posted(graph)
    withdraw.withdraw(delivery.post, "Ann", WHY)
    delivery.refresh_from_db()
    assert claim(delivery, "")
    assert commit_calling(delivery, "")
    call_by = clocks.now() + timedelta(hours=2)
    Delivery.objects.filter(pk=delivery.pk).update(call_by=call_by)
    delivery.refresh_from_db()
    amended.answer_lost(delivery, "The line was cut.")
    assert stands(delivery) == ("unknown", "network")
    assert delivery.due_at == call_by + amended.ASK_AGAIN
    assert delivery.attempts.get(number=2).detail == "The line was cut."


def test_a_connection_that_ended_waits_for_a_person_and_then_goes_on(graph: Facebook) -> None:
    delivery = posted(graph)
    graph.misbehave("401", on="delete")
    assert (taken_down(delivery).state, delivery.waits_for) == ("pending", "person")
    assert mended(Connection.objects.get(), "Ann") == [delivery.pk]
    delivery.refresh_from_db()
    assert delivery.reason == "The connection works again. It is taken down from Facebook now."
    send(delivery.pk)
    assert stands(delivery) == ("withdrawn", "nothing")


def test_what_the_network_refuses_stays_out_and_a_person_is_told(graph: Facebook) -> None:
    delivery = posted(graph)
    out_since = clocks.now() - timedelta(hours=1)
    delivery.attempts.update(finished_at=out_since)
    graph.misbehave("422", on="delete")
    taken_down(delivery)
    assert stands(delivery) == ("sent", "person")
    assert "It may still be out on Facebook: take it down there by hand, or withdraw it once more." in delivery.reason
    assert delivery.finished_at == out_since
    assert taken_down(delivery).state == "withdrawn"


def test_a_limit_makes_the_whole_connection_wait(graph: Facebook) -> None:
    delivery = posted(graph)
    graph.misbehave("429", seconds=600, on="delete")
    assert (taken_down(delivery).state, delivery.waits_for) == ("pending", "clock")
    assert Connection.objects.get().cooldown_until


def test_nobody_can_hold_release_or_cancel_what_is_being_taken_down(graph: Facebook) -> None:
    delivery = posted(graph)
    withdraw.withdraw(delivery.post, "Ann", WHY)
    delivery.refresh_from_db()
    for act in (staff.hold, staff.release, staff.cancel):
        with pytest.raises(staff.Refused):
            act(delivery, "Bob", "wait")
    assert stands(delivery) == ("pending", "clock")


def test_a_page_that_is_gone_is_left_where_a_person_says_so(graph: Facebook) -> None:
    delivery = posted(graph)
    Delivery.objects.update(waits_for="person")
    delivery.refresh_from_db()
    withdraw.leave(delivery, "Ann")
    assert stands(delivery) == ("sent", "nothing")
    with pytest.raises(staff.Refused, match="Nothing is asked"):
        withdraw.leave(delivery, "Ann")


# Deciding -----------------------------------------------------------------------------------------------------------------


def declared(kind: type[Poster]) -> Poster:
    return kind(kind.Options(base_url="http://127.0.0.1:1"), {})


@pytest.mark.parametrize(
    ("delivery", "poster", "total", "may", "says"),
    [
        ({"state": "sent", "remote_id": "7"}, FacebookPoster, Sum(), True, "It is taken down from Facebook. Who has seen"),
        ({"state": "sent", "remote_id": "7", "channel": "noticeboard"}, Noticeboard, Sum(), False, "cannot take it down from Noticeboard"),
        ({"state": "sending"}, FacebookPoster, Sum(), False, "Facebook is being asked at this moment"),
        ({"state": "unknown"}, FacebookPoster, Sum(), False, "It is not known whether it is out on Facebook"),
        ({"state": "held"}, FacebookPoster, Sum(), True, "It does not go out on Facebook."),
        ({"state": "pending", "occasion": "correction"}, FacebookPoster, Sum(), True, "The correction is dropped on Facebook."),
        ({"state": "unknown", "occasion": "correction"}, FacebookPoster, Sum(), False, "A correction on Facebook is not finished yet."),
        ({"state": "sent", "channel": "email"}, None, Sum(312, sent=312), False, "312 readers have it, and a mail cannot be called back."),
        (
            {"state": "sending", "channel": "email"},
            None,
            Sum(312, sent=184, waiting=128),
            True,
            "The newsletter is stopped for the rest. 184 readers have it",
        ),
        ({"state": "pending", "channel": "email"}, None, Sum(), True, "The newsletter does not go out."),
    ],
)
def test_each_delivery_has_a_fate_and_a_sentence(
    delivery: dict[str, Any], poster: type[Poster] | None, total: Sum, may: bool, says: str
) -> None:
    row = Delivery(**{"channel": "facebook", "occasion": "automatic", "reason": "So it stands.", **delivery})
    found = withdraw.fate(row, declared(poster) if poster else None, total)
    assert found is not None
    assert found.may == may
    assert says in found.says


@pytest.mark.parametrize("state", ["failed", "skipped", "cancelled", "rehearsed", "withdrawn"])
def test_what_never_went_out_has_nothing_to_withdraw(state: str) -> None:
    assert withdraw.fate(Delivery(channel="facebook", occasion="automatic", state=state), None, Sum()) is None
