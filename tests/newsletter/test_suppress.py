"""Addresses that may not be written to: added once, told to every sender at once, and never named."""

from datetime import timedelta

import pytest

from tests import clocks
from tests.newsletter.people import live_blog, make_subscriber
from worker.lib.refused import Refused
from worker.lib.signing import unsubscribe_token
from worker.models import Blog, Event, Subscriber, Suppression
from worker.newsletter.consent import today
from worker.newsletter.leave import forget, unsubscribe, unsubscribe_by_mail
from worker.newsletter.suppress import allow, suppress

pytestmark = pytest.mark.django_db
ANN = "ann@reader.example"


@pytest.fixture
def blog(settings):
    return live_blog()


def counter() -> int:
    return Blog.objects.get().suppressions


def test_every_suppression_moves_the_counter_that_senders_read(blog):
    assert suppress(blog, ANN, "staff", who="desk", reason="She rang: ann@reader.example wants no more.")
    assert counter() == 1
    assert not suppress(blog, ANN, "bounced", who="Postlark")
    assert counter() == 1
    unsubscribe(make_subscriber(blog, "bob@reader.example"))
    forget(make_subscriber(blog, "cid@reader.example"), "desk")
    assert counter() == 3


def test_no_address_stands_in_the_record_or_among_the_suppressions(blog):
    unsubscribe(make_subscriber(blog, ANN), "desk", "Ann rang from ANN@Reader.example: no more.")
    suppress(blog, "bob@reader.example", "staff", who="desk", reason="bob@reader.example rang")
    everything = "".join(f"{each.what}{each.data}" for each in Event.objects.all())
    everything += "".join(f"{each.reason}{each.address_hash}" for each in Suppression.objects.all())
    assert "reader.example" not in everything.lower()
    assert "(an address)" in everything


def test_a_stronger_cause_takes_the_place_of_a_weaker_one_and_never_the_other_way(blog):
    reader = make_subscriber(blog, ANN)
    unsubscribe(reader)
    assert suppress(blog, ANN, "complained", who="a provider")
    assert Suppression.objects.get().cause == "complained"
    forget(reader, "desk")
    assert Suppression.objects.get().cause == "complained"


def again(blog, proof="Her letter, from ann@reader.example.", days=0) -> bool:
    return allow(blog, ANN, who="desk", obtained_on=today(blog, clocks.now()) + timedelta(days=days), proof=proof)


def test_staff_let_out_what_staff_put_there_on_a_new_consent_which_is_kept(blog):
    ann = make_subscriber(blog, ANN, basis="inquiry")
    suppress(blog, ANN, "bounced", who="Postlark")
    assert again(blog)
    assert not Suppression.objects.exists()
    assert ann.consents.order_by("-pk").values_list("basis", "proof", "recorded_by")[0] == (
        "express",
        "Her letter, from ann@reader.example.",
        "desk",
    )
    assert Event.objects.order_by("-pk")[0].data["reason"] == "Her letter, from (an address)"
    assert not again(blog)


@pytest.mark.parametrize(("proof", "days"), [(" ", 0), ("Her letter.", -1), ("Her letter.", 1)])
def test_nobody_is_let_out_without_proof_of_a_consent_since_then(blog, proof, days):
    suppress(blog, ANN, "complained", who="a provider")
    with pytest.raises(Refused):
        again(blog, proof, days)
    assert Suppression.objects.exists()


def test_who_left_by_their_own_wish_is_let_in_by_nobody_else(blog):
    unsubscribe(make_subscriber(blog, ANN))
    with pytest.raises(Refused, match="only they can come back"):
        again(blog)
    assert Suppression.objects.exists()


def test_two_people_can_be_forgotten_who_had_the_same_address_one_after_the_other(blog):
    for _ in range(2):
        forget(make_subscriber(blog, ANN), "desk")
    assert Subscriber.objects.filter(state="forgotten", email="").count() == 2
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize("where", ["subject", "body", "recipient"])
def test_a_mail_takes_off_whom_its_token_names_whoever_sent_it(blog, where):
    ann = make_subscriber(blog, ANN)
    texts = {"subject": "unsubscribe", "body": "Please.", "recipient": "news@blog.example"}
    texts[where] += f" <{unsubscribe_token(blog.pk, ann.pk)}>"
    assert unsubscribe_by_mail(None, "somebody@else.example", *texts.values()) == ann
    ann.refresh_from_db()
    assert ann.state == "unsubscribed"
    assert Event.objects.get().who == "The reader, by mail"


def test_a_mail_without_a_token_takes_off_its_sender_from_the_list_of_that_mailbox_only(blog):
    ann = make_subscriber(blog, ANN)
    assert unsubscribe_by_mail(None, ANN, "unsubscribe") is None
    assert unsubscribe_by_mail(blog, "stranger@reader.example", "unsubscribe") is None
    assert unsubscribe_by_mail(blog, "no address", "unsubscribe", "1-1.aaaaaaaaaaaaaaaaaaaaaaaaaa") is None
    assert unsubscribe_by_mail(blog, "Ann@READER.example", "unsubscribe") == ann
    assert unsubscribe_by_mail(blog, ANN, "unsubscribe") == ann
    assert Event.objects.count() == 1
