"""Who gets it, and that writing them down may be cut off anywhere."""

import gc
import tracemalloc
from datetime import timedelta

import pytest

from tests import clocks
from tests.factories import make_blog, make_post
from tests.newsletter.people import begin, live_blog, make_newsletter, make_subscriber, people, planned, send_to_the_end, the_sum
from worker import newsletter
from worker.lib.refused import Refused
from worker.lib.signing import address_hash
from worker.models import Consent, Delivery, Recipient, Subscriber, Suppression
from worker.newsletter.leave import forget, unsubscribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def blog(relay, settings):
    return live_blog(relay)


def names(delivery: Delivery) -> set[str]:
    return set(people(delivery))


def test_everybody_subscribed_is_in_it_and_whoever_left_is_not(blog):
    for name in ("ann", "bob", "cid"):
        make_subscriber(blog, f"{name}@reader.example")
    unsubscribe(make_subscriber(blog, "dan@reader.example"))
    forget(make_subscriber(blog, "eve@reader.example"), "office")
    make_subscriber(live_blog(slug="other"), "fay@reader.example")
    assert names(planned(blog)) == {"ann", "bob", "cid"}


def test_whoever_may_no_longer_be_written_to_is_in_it_as_skipped_with_the_reason(blog):
    make_subscriber(blog, "ann@reader.example")
    make_subscriber(blog, "bob@reader.example", basis="inquiry", obtained_on=clocks.now().date() - timedelta(days=400))
    make_subscriber(blog, "cid@reader.example", basis="")
    delivery = planned(blog)
    assert people(delivery)["bob"].reason.startswith("Their consent ended on ")
    assert people(delivery)["cid"].reason == "No consent to write to them is on record."
    total = the_sum(delivery)
    assert (total.audience, total.skipped, total.waiting) == (3, 2, 1)


def test_when_nobody_may_be_written_to_it_ends_as_skipped(blog):
    make_subscriber(blog, basis="")
    delivery = planned(blog)
    assert newsletter.finish(delivery)
    assert (delivery.state, delivery.reason) == ("skipped", "0 of 1 sent; 1 skipped. Each reader's line says why.")


def test_batches_hold_a_hundred_at_most(blog):
    for _ in range(250):
        make_subscriber(blog)
    delivery = planned(blog)
    assert list(delivery.batches.order_by("number").values_list("number", "size")) == [(1, 100), (2, 100), (3, 50)]


def test_a_preparation_that_was_cut_off_goes_on_where_it_stopped(blog, monkeypatch):
    for _ in range(250):
        make_subscriber(blog)
    delivery = make_newsletter(make_post(blog))

    def cut(name):
        raise KeyboardInterrupt

    monkeypatch.setattr("worker.newsletter.audience.SLICE", 100)
    monkeypatch.setattr("worker.newsletter.audience.point", cut)
    for slices in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            newsletter.prepare(delivery)
        assert delivery.batches.count() == slices
    monkeypatch.undo()
    newsletter.prepare(delivery)
    newsletter.prepare(delivery)
    assert the_sum(delivery).audience == 250
    assert delivery.batches.count() == 3


def test_a_slice_in_which_everybody_is_suppressed_is_not_the_end(blog, monkeypatch):
    monkeypatch.setattr("worker.newsletter.audience.SLICE", 10)
    gone = [make_subscriber(blog) for _ in range(25)]
    make_subscriber(blog, "ann@reader.example")
    for one in gone:
        Suppression.objects.create(blog=blog, address_hash=address_hash(one.address_key), since=clocks.now())
    assert names(planned(blog)) == {"ann"}


def test_staff_read_how_far_it_is(blog, monkeypatch):
    monkeypatch.setattr("worker.newsletter.audience.SLICE", 100)
    for _ in range(250):
        make_subscriber(blog)
    delivery, read = make_newsletter(make_post(blog)), []
    monkeypatch.setattr("worker.newsletter.audience.point", lambda name: read.append(Delivery.objects.get(pk=delivery.pk).reason))
    newsletter.prepare(delivery)
    assert read == [f"Writing down who gets it: {number} so far, of 250 readers." for number in (0, 100, 200)]


def test_it_takes_no_more_memory_for_ten_times_as_many(blog, monkeypatch):
    monkeypatch.setattr("worker.newsletter.audience.SLICE", 50)
    monkeypatch.setattr("worker.newsletter.audience.point", lambda name: gc.collect(1))

    def peak(post) -> int:
        tracemalloc.start()
        newsletter.prepare(make_newsletter(post))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    make_subscribers(blog, 1_000)
    peak(make_post(blog))  # what is loaded once is not counted
    few = peak(make_post(blog))
    make_subscribers(blog, 4_000)
    assert peak(make_post(blog)) < few + 300_000


def make_subscribers(blog, number: int) -> None:
    """In few statements; and as many others who may not be written to."""
    now = clocks.now()
    first = Subscriber.objects.count()
    addresses = [f"one.of.many.{first + each}@reader.example" for each in range(number)]
    made = Subscriber.objects.bulk_create([Subscriber(blog=blog, email=each, address_key=each, created_at=now) for each in addresses])
    terms = {"basis": "express", "obtained_on": now.date(), "proof": "paper form", "recorded_at": now, "recorded_by": "a test"}
    Consent.objects.bulk_create([Consent(subscriber=each, **terms) for each in made])
    Suppression.objects.bulk_create([Suppression(blog=blog, address_hash=f"{first + each:064}", since=now) for each in range(number)])


def test_a_preparation_whose_claim_was_taken_over_writes_nothing(blog):
    make_subscriber(blog)
    delivery = make_newsletter(make_post(blog))
    Delivery.objects.update(attempt=2)
    newsletter.prepare(delivery)
    assert not Recipient.objects.exists()


def test_the_audience_never_grows_once_the_sending_has_begun(blog):
    make_subscriber(blog, "ann@reader.example")
    delivery = planned(blog)
    send_to_the_end(delivery)
    make_subscriber(blog, "late@reader.example")
    Delivery.objects.filter(pk=delivery.pk).update(state="preparing")
    begin(delivery)
    assert names(delivery) == {"ann"}


@pytest.fixture
def after_a_first_send(blog):
    """ann has it, full was refused, lost is in doubt, old had no consent then; new joined since."""
    for name in ("ann", "full", "lost"):
        make_subscriber(blog, f"{name}@reader.example")
    old = make_subscriber(blog, "old@reader.example", basis="", created_at=clocks.now() - timedelta(minutes=1))
    first = planned(blog)
    send_to_the_end(first)
    assert first.state == "sent"
    make_subscriber(blog, "new@reader.example")
    old.consents.create(basis="express", obtained_on=clocks.now().date(), proof="asked", recorded_at=clocks.now(), recorded_by="a test")
    return first


@pytest.mark.parametrize(
    ("audience", "chosen"),
    [
        ("missing", {"full", "old", "new"}),
        ("", {"full", "old", "new"}),
        ("failed", {"full"}),
        ("new", {"new"}),
        ("all", {"ann", "full", "lost", "old", "new"}),
        ("ann@reader.example", {"ann"}),
    ],
)
def test_a_second_send_goes_to_whom_it_was_asked_for(blog, after_a_first_send, audience, chosen):
    again = make_newsletter(after_a_first_send.post, occasion="resend", audience=audience)
    newsletter.prepare(again)
    assert names(again) == chosen


def test_whoever_waits_in_another_send_of_the_post_is_not_missing_it(blog):
    make_subscriber(blog, "ann@reader.example")
    first = planned(blog)
    Delivery.objects.filter(pk=first.pk).update(state="held")
    again = make_newsletter(first.post, occasion="resend", audience="missing")
    begin(again)
    assert newsletter.finish(again)
    assert again.reason == "Nobody to send to: everybody on the list has this post already."


def test_a_test_copy_counts_as_nothing(blog):
    make_subscriber(blog, "ann@reader.example")
    post = make_post(blog)
    begin(make_newsletter(post, occasion="test", audience="all"))
    real = make_newsletter(post)
    newsletter.prepare(real)
    assert names(real) == {"ann"}


@pytest.mark.parametrize("word", ["missing", "failed", "new", "all"])
def test_the_four_words_are_always_an_audience(blog, word):
    newsletter.check_audience(blog, word)


def test_an_address_is_an_audience_only_if_it_may_be_mailed(blog):
    make_subscriber(blog, "ann@reader.example")
    unsubscribe(make_subscriber(blog, "bob@reader.example"))
    make_subscriber(blog, "cid@reader.example", basis="")
    newsletter.check_audience(blog, "ANN@reader.example")
    for address, sentence in (
        ("nobody@reader.example", "nobody@reader.example is not a subscriber of example."),
        ("bob@reader.example", "bob@reader.example has unsubscribed and may not be written to."),
        ("cid@reader.example", "cid@reader.example may not be written to: No consent to write to them is on record."),
        ("everyone", "everyone is not an e-mail address: there is no @. Allowed are missing, failed, new, all, or a subscriber's address."),
    ):
        with pytest.raises(Refused) as refused:
            newsletter.check_audience(blog, address)
        assert str(refused.value) == sentence


def test_readers_are_counted(blog):
    make_subscriber(blog)
    unsubscribe(make_subscriber(blog))
    assert newsletter.readers(make_newsletter(make_post(blog))) == 1


@pytest.mark.parametrize(("occasion", "who"), [("automatic", ["each"]), ("resend", ["each", "week"])])
def test_whoever_reads_by_the_week_gets_a_post_by_itself_only_when_it_is_sent_again(occasion, who):
    """No issue brings it here."""
    blog = make_blog(channels={"email": {"mode": "live", "editions": ["instant", "weekly mon 09:00"]}})
    make_subscriber(blog, "each@reader.example", edition="instant")
    make_subscriber(blog, "week@reader.example", edition="weekly")
    assert sorted(people(planned(blog, occasion=occasion))) == who
