"""How a newsletter ends, what is said of it, and how a person settles what is in doubt."""

import pytest

from tests import clocks
from tests.newsletter.people import live_blog, make_newsletter, make_subscriber, people, planned, send_to_the_end, send_what_is_due, the_sum
from worker import newsletter
from worker.lib.refused import Refused
from worker.models import Batch, Delivery, Event, Post
from worker.newsletter.conclusion import conclude
from worker.record.sums import Sum, sum_of

DOUBT = " it is not known whether they got it: Postlark does not write to them again by itself. Ask them or look in the relay's log, then settle it."


@pytest.mark.parametrize(
    ("total", "state", "waits_for", "reason"),
    [
        (Sum(312, sent=300, skipped=10, refused=2), "sent", "nothing", "300 of 312 sent; 10 skipped, 2 refused."),
        (Sum(1, sent=1), "sent", "nothing", "1 of 1 sent."),
        (Sum(5, sent=3, unknown=2), "sent", "nothing", f"3 of 5 sent; 2 in doubt. Of 2{DOUBT}"),
        (Sum(2, unknown=2), "unknown", "person", f"0 of 2 sent; 2 in doubt. Of 2{DOUBT}"),
        (Sum(3, refused=2, unknown=1), "unknown", "person", f"0 of 3 sent; 2 refused, 1 in doubt. Of 1{DOUBT}"),
        (
            Sum(2, refused=2),
            "failed",
            "person",
            "0 of 2 sent; 2 refused. Each reader's line says why; resend it to the failed ones once the cause is mended.",
        ),
        (
            Sum(3, refused=2, skipped=1),
            "failed",
            "person",
            "0 of 3 sent; 1 skipped, 2 refused. Each reader's line says why; resend it to the failed ones once the cause is mended.",
        ),
        (Sum(2, skipped=2), "skipped", "nothing", "0 of 2 sent; 2 skipped. Each reader's line says why."),
        (Sum(), "skipped", "nothing", "Nobody at all."),
    ],
)
def test_every_sum_has_its_end_and_its_sentence(total, state, waits_for, reason):
    assert conclude(total, "Nobody at all.") == (state, waits_for, reason)


@pytest.fixture
def doubtful(relay, settings, db) -> Delivery:
    """fine has it; of lost and kept it is not known."""
    blog = live_blog(relay)
    for name in ("fine", "lost", "kept"):
        make_subscriber(blog, f"{name}@reader.example")
    delivery = planned(blog)
    send_to_the_end(delivery)
    assert delivery.state == "sent"
    return delivery


def test_what_is_in_doubt_is_never_repeated_by_itself(doubtful, relay):
    newsletter.sweep()
    assert newsletter.due_batches() == []
    assert relay.taken == {"fine@reader.example": 1, "kept@reader.example": 1}


def test_whoever_got_it_counts_as_sent(doubtful):
    newsletter.settle(doubtful, "office@practice.example", sent=True, recipients=["KEPT@reader.example"])
    assert people(doubtful)["kept"].reason == "office@practice.example found out: it arrived."
    assert doubtful.reason.startswith("2 of 3 sent; 1 in doubt.")
    newsletter.settle(doubtful, "office@practice.example", sent=True)
    assert (doubtful.state, doubtful.reason) == ("sent", "3 of 3 sent.")
    assert the_sum(doubtful) == Sum(3, sent=3)
    assert "office@practice.example found out that 1 reader got it. 3 of 3 sent." in Event.objects.filter(delivery=doubtful).values_list(
        "what", flat=True
    )


def test_whoever_did_not_get_what_was_stopped_meanwhile_is_sent_nothing(doubtful):
    Delivery.objects.filter(pk=doubtful.pk).update(state="cancelled", reason="Cancelled by office: the wrong post.")
    doubtful.refresh_from_db()
    newsletter.settle(doubtful, "office", sent=False, recipients=["lost@reader.example"])
    newsletter.settle(doubtful, "office", sent=True)
    assert people(doubtful)["lost"].reason == "office found out: it did not arrive, and was withdrawn or stopped meanwhile."
    assert the_sum(doubtful) == Sum(3, sent=2, skipped=1)
    assert (doubtful.state, newsletter.due_batches()) == ("cancelled", [])


def test_whoever_did_not_get_what_was_withdrawn_meanwhile_is_sent_nothing(doubtful, relay):
    Post.objects.update(withdrawn_at=clocks.now())
    newsletter.settle(doubtful, "office", sent=False)
    assert people(doubtful)["lost"].reason == "office found out: it did not arrive, and was withdrawn or stopped meanwhile."
    assert the_sum(doubtful) == Sum(3, sent=1, skipped=2)
    assert (doubtful.state, newsletter.due_batches()) == ("sent", [])


def test_whoever_did_not_get_it_is_sent_it_once_more(doubtful, relay):
    newsletter.settle(doubtful, "office@practice.example", sent=False, recipients=["lost@reader.example"])
    assert (doubtful.state, doubtful.waits_for) == ("sending", "network")
    assert the_sum(doubtful) == Sum(3, sent=1, unknown=1, waiting=1)
    assert newsletter.due_batches() == [doubtful.batches.get().pk]
    send_to_the_end(doubtful)
    assert relay.taken["lost@reader.example"] == 0
    assert the_sum(doubtful) == Sum(3, sent=1, unknown=2)
    assert doubtful.state == "sent"


@pytest.fixture
def doubtful_and_waiting(relay, settings, db) -> Delivery:
    """Of lost it is not known; grey was asked to wait."""
    blog = live_blog(relay)
    for name in ("fine", "lost", "grey"):
        make_subscriber(blog, f"{name}@reader.example")
    delivery = planned(blog)
    send_what_is_due(delivery)
    assert newsletter.due_batches() == []
    return delivery


def test_settled_in_mid_run_as_not_sent_their_turn_comes_at_once(doubtful_and_waiting):
    newsletter.settle(doubtful_and_waiting, "office", sent=False)
    assert newsletter.due_batches() == [doubtful_and_waiting.batches.get().pk]
    assert doubtful_and_waiting.reason == "office found out that 1 reader did not get it. Their copies go out now."


def test_settled_in_mid_run_as_sent_the_sum_is_told_anew(doubtful_and_waiting):
    newsletter.settle(doubtful_and_waiting, "office", sent=True)
    assert doubtful_and_waiting.reason.startswith("2 of 3 sent so far; 1 still to go, next try at ")


def test_all_in_doubt_settled_as_sent_ends_an_unknown_delivery(relay, settings, db):
    blog = live_blog(relay)
    make_subscriber(blog, "kept@reader.example")
    delivery = planned(blog)
    send_to_the_end(delivery)
    assert (delivery.state, delivery.waits_for) == ("unknown", "person")
    assert delivery.unknown_since
    newsletter.settle(delivery, "office", sent=True)
    assert (delivery.state, delivery.unknown_since) == ("sent", None)


@pytest.mark.parametrize(
    ("recipients", "sentence"),
    [
        (["fine@reader.example"], "Nothing is in doubt about fine@reader.example in delivery {}."),
        (["nobody@reader.example", "lost@reader.example"], "Nothing is in doubt about nobody@reader.example in delivery {}."),
        (["nobody"], "nobody is not an e-mail address: there is no @."),
    ],
)
def test_settling_what_is_not_in_doubt_is_refused_and_changes_nothing(doubtful, recipients, sentence):
    with pytest.raises(Refused) as refused:
        newsletter.settle(doubtful, "office", sent=True, recipients=recipients)
    assert str(refused.value) == sentence.format(doubtful.pk)
    assert the_sum(doubtful).unknown == 2


def test_settling_twice_is_refused(doubtful):
    newsletter.settle(doubtful, "office", sent=True)
    with pytest.raises(Refused, match="Nobody is in doubt"):
        newsletter.settle(doubtful, "office", sent=False)


def test_sending_again_waits_for_another_send_of_the_post(doubtful):
    make_newsletter(doubtful.post, occasion="resend", state="sending")
    with pytest.raises(Refused, match="Another send of this post is under way"):
        newsletter.settle(doubtful, "office", sent=False)
    assert the_sum(doubtful).unknown == 2


def test_who_still_waits_in_a_cancelled_newsletter_is_skipped(relay, settings, db):
    blog = live_blog(relay)
    make_subscriber(blog)
    delivery = planned(blog)
    Delivery.objects.filter(pk=delivery.pk).update(state="cancelled")
    newsletter.sweep()
    assert the_sum(delivery) == Sum(1, skipped=1)
    assert delivery.recipients.get().reason == "Not sent: the newsletter was cancelled before their turn."


def test_the_sweep_tells_a_delivery_whose_last_batch_was_done_unheard(relay, settings, db):
    blog = live_blog(relay)
    make_subscriber(blog)
    delivery = planned(blog)
    delivery.recipients.update(state="sent")
    Batch.objects.update(state="done", waiting=0, sent=1)
    newsletter.sweep()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("sent", "1 of 1 sent.")


def test_sums_of_many_deliveries_cost_one_query(relay, settings, db, django_assert_num_queries):
    blog = live_blog(relay)
    for _ in range(3):
        make_subscriber(blog)
    deliveries = [planned(blog).pk for _ in range(3)]
    with django_assert_num_queries(1):
        assert sum_of([*deliveries, 999]) == dict.fromkeys(deliveries, Sum(3, waiting=3))
