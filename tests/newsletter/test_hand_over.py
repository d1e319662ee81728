"""One post, many readers, a relay that misbehaves: one copy a person at most, and a sum that balances at every look."""

from collections import Counter
from contextlib import suppress
from datetime import date, timedelta

import pytest

from tests import clocks
from tests.factories import make_blog, make_post
from tests.fakes.relay import Relay as FakeRelay
from tests.newsletter.people import (
    begin,
    live_blog,
    make_newsletter,
    make_subscriber,
    people,
    planned,
    send_to_the_end,
    send_what_is_due,
    the_sum,
)
from worker import newsletter
from worker.channels.carrier import Intent
from worker.channels.email import Email, parse_relay
from worker.lib.address import read_address
from worker.lib.signing import address_hash, read_copy_id
from worker.models import Attempt, Batch, Connection, Delivery, Recipient, Relay, Suppression
from worker.newsletter import mail
from worker.newsletter.confirm import confirm
from worker.newsletter.leave import unsubscribe
from worker.newsletter.outcome import TRIES
from worker.newsletter.sign_up import Wish, ask

pytestmark = pytest.mark.django_db


KINDS = ["grey", "busy", "gone", "full", "spam", "later", "lost", "kept", "slow"]


def test_three_hundred_readers_and_a_relay_that_misbehaves(relay, settings, looks):
    relay.slowness = 0.01
    blog = live_blog(relay)
    for number in range(300):
        kind = KINDS[number // 10 % len(KINDS)] if number % 10 == 3 else "fine"
        make_subscriber(blog, f"{kind}.{number}@reader.example")
    delivery = planned(blog)
    seen = Counter()
    looks.append(lambda name: seen.update([name]) or the_sum(delivery))

    send_to_the_end(delivery)

    assert max(relay.taken.values()) == 1
    assert seen["recipient-answered"] >= 300
    by_kind: dict[str, Counter] = {}
    for name, one in people(delivery).items():
        kind = name.partition(".")[0]
        by_kind.setdefault(kind, Counter())[one.state] += 1
        assert one.reason, "everybody's row says why"
        if one.state == "sent":
            assert relay.taken[one.subscriber.email] == 1
        elif kind != "kept":
            assert relay.taken[one.subscriber.email] == 0
    assert {kind: set(states) for kind, states in by_kind.items()} == {
        "fine": {"sent"},
        "grey": {"sent"},
        "later": {"sent"},
        "slow": {"sent"},
        "busy": {"refused"},
        "gone": {"refused"},
        "full": {"refused"},
        "spam": {"refused"},
        "lost": {"unknown"},
        "kept": {"unknown"},
    }
    total = the_sum(delivery)
    assert delivery.state == "sent"
    assert delivery.reason.startswith(
        f"{total.sent} of 300 sent; {total.refused} refused, {total.unknown} in doubt. Of {total.unknown} it is not known"
    )
    assert not Attempt.objects.filter(delivery=delivery, outcome="").exists()


def test_each_refusal_has_its_reason_and_the_relays_own_words(relay, settings):
    blog = live_blog(relay)
    for name in ("gone", "full", "spam", "busy"):
        make_subscriber(blog, f"{name}@reader.example")
    delivery = planned(blog)
    send_to_the_end(delivery)
    reasons = {name: (one.reason, one.detail) for name, one in people(delivery).items()}
    assert reasons == {
        "gone": ("Their mail server said the mailbox does not exist.", "RCPT: 550 5.1.1 No such user here"),
        "full": ("Their mailbox is full.", "RCPT: 552 5.2.2 Mailbox full"),
        "spam": ("Their mail server does not want our mail; its own words say why.", "message: 554 5.7.1 This looks like spam"),
        "busy": (f"Their mail server asked to be tried again later. Given up after {TRIES} tries.", "RCPT: 450 4.2.1 Mailbox busy"),
    }
    assert (delivery.state, delivery.waits_for) == ("failed", "person")
    assert delivery.reason == "0 of 4 sent; 4 refused. Each reader's line says why; resend it to the failed ones once the cause is mended."


def test_whoever_is_asked_to_wait_is_tried_again_within_five_minutes_and_the_row_says_when(relay, settings):
    blog = live_blog(relay)
    make_subscriber(blog, "grey@reader.example")
    make_subscriber(blog, "fine@reader.example")
    delivery = planned(blog)
    send_what_is_due(delivery)
    batch = delivery.batches.get()
    assert timedelta(0) < batch.due_at - clocks.now() < timedelta(minutes=5)
    assert delivery.state == "sending"
    assert delivery.reason.startswith("1 of 2 sent so far; 1 still to go, next try at ")
    assert newsletter.due_batches() == []
    newsletter.hand_over(batch.pk)
    assert people(delivery)["grey"].tries == 1


def test_the_copy_carries_the_readers_own_link_and_reason(relay, settings):
    blog = live_blog(relay)
    reader = make_subscriber(blog, "Ann@Réader.example", obtained_on=date(2026, 5, 4))
    delivery = planned(blog)
    send_to_the_end(delivery)
    mail = relay.mail_to("Ann@xn--rader-bsa.example")
    assert mail["List-Unsubscribe"] == f"<http://127.0.0.1:8000/u/{mail['List-Unsubscribe'].rpartition('/')[2][:-1]}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"] == "<example.blog.example>"
    assert read_copy_id(mail["Message-ID"][1:].partition("@")[0]) == (delivery.pk, reader.pk)
    assert "You get this because you asked for it on 4 May 2026." in mail.get_body(("plain",)).get_content()
    assert mail["List-Unsubscribe"][1:-1] in mail.get_body(("html",)).get_content()
    assert "\ue000" not in mail.as_string()


def test_a_second_worker_at_the_same_batch_finds_it_taken(relay, settings, looks):
    blog = live_blog(relay)
    make_subscriber(blog, "a@reader.example")
    delivery = planned(blog)
    batch = delivery.batches.get().pk
    looks.append(lambda name: name == "batch-claimed" and newsletter.hand_over(batch))
    newsletter.hand_over(batch)
    assert relay.taken == {"a@reader.example": 1}
    assert delivery.attempts.count() == 1


def test_an_unsubscribe_during_the_send_is_honoured(relay, settings, looks):
    blog = live_blog(relay)
    first, second = make_subscriber(blog, "a@reader.example"), make_subscriber(blog, "b@reader.example")
    delivery = planned(blog)
    looks.append(lambda name: name == "recipient-recorded" and unsubscribe(second, "the reader"))
    send_to_the_end(delivery)
    assert relay.taken == {first.email: 1}
    assert people(delivery)["b"].reason == "They unsubscribed before their turn."
    assert delivery.reason == "1 of 2 sent; 1 skipped."
    assert the_sum(delivery).skipped == 1


def test_an_unsubscribe_while_the_relay_makes_ready_for_the_body_is_honoured(relay, settings, monkeypatch):
    """The last look is the one between the relay's go-ahead and the first byte."""
    blog = live_blog(relay)
    reader = make_subscriber(blog, "a@reader.example")
    make_subscriber(blog, "b@reader.example")
    delivery = planned(blog)
    monkeypatch.setattr(mail, "carrier", lambda relay, **options: Dawdling(relay, lambda: unsubscribe(reader)))
    send_to_the_end(delivery)
    assert relay.taken == {"b@reader.example": 1}
    assert people(delivery)["a"].state == "skipped"


class Dawdling(Email):
    """Does something else between the relay's go-ahead and the question whether the body may begin."""

    def __init__(self, relay, meanwhile):
        super().__init__(relay)
        self.meanwhile = meanwhile

    def send(self, template, envelopes):
        conversation = super().send(template, envelopes)
        answer = None
        with suppress(StopIteration):
            while True:
                step = conversation.send(answer)
                if isinstance(step, Intent):
                    self.meanwhile()
                answer = yield step


def test_whoever_moves_while_the_relay_makes_ready_gets_it_at_the_new_address_alone(relay, settings, monkeypatch):
    blog = live_blog(relay)
    reader = make_subscriber(blog, "old@reader.example")
    delivery = planned(blog)
    wish = Wish(read_address("new@reader.example"), "en-CA", [], "instant")
    asked = ask(blog, wish, "", kind="move", subscriber=reader)
    moves = [lambda: confirm(asked, "")]
    monkeypatch.setattr(mail, "carrier", lambda relay, **options: Dawdling(relay, lambda: moves and moves.pop()()))
    send_to_the_end(delivery)
    assert relay.taken == {"new@reader.example": 1}
    assert the_sum(delivery).sent == 1


def test_a_suppressed_address_is_not_written_to_whatever_the_subscriber_says(relay, settings, looks):
    blog = live_blog(relay)
    reader = make_subscriber(blog, "a@reader.example")
    delivery = planned(blog)
    Suppression.objects.create(blog=blog, address_hash=address_hash(reader.address_key), since=clocks.now(), reason="complaint")
    send_to_the_end(delivery)
    assert not relay.taken
    assert people(delivery)["a"].reason == "Their address may not be written to."
    assert delivery.state == "skipped"


def test_consent_that_lapses_during_the_send_is_honoured(relay, settings):
    blog = live_blog(relay)
    reader = make_subscriber(blog, "a@reader.example", basis="inquiry")
    delivery = planned(blog)
    reader.consents.update(ends_on=clocks.now().date() - timedelta(days=2))
    send_to_the_end(delivery)
    assert not relay.taken
    assert people(delivery)["a"].reason.startswith("Their consent ended on ")


@pytest.mark.parametrize("paused", ["blog", "channel"])
def test_a_pause_stops_it_before_the_next_copy(relay, settings, looks, paused):
    blog = live_blog(relay)
    for name in ("a", "b"):
        make_subscriber(blog, f"{name}@reader.example")
    delivery = planned(blog)

    def pause(name):
        if name == "recipient-recorded":
            if paused == "blog":
                type(blog).objects.update(paused_by="office@practice.example")
            else:
                Connection.objects.update_or_create(blog=blog, channel="email", defaults={"paused_by": "office@practice.example"})

    looks.append(pause)
    send_what_is_due(delivery)
    assert relay.taken == {"a@reader.example": 1}
    send_what_is_due(delivery)
    assert (delivery.state, delivery.waits_for) == ("pending", "person")
    assert delivery.reason == "E-mail is paused by office@practice.example. What has not gone out yet goes once somebody resumes it."
    assert the_sum(delivery).waiting == 1


def test_a_refused_login_breaks_the_connection_and_nobody_is_written_off(settings):
    with FakeRelay(login=("me", "right")) as relay:
        blog = live_blog(relay)
        settings.RELAYS = {"default": parse_relay(f"smtp://me:wrong@127.0.0.1:{relay.port}")}
        make_subscriber(blog)
        delivery = planned(blog)
        send_what_is_due(delivery)
    assert (delivery.state, delivery.waits_for) == ("pending", "person")
    assert "does not accept the user name or password" in delivery.reason
    assert Connection.objects.get(channel="email").broken == delivery.reason
    assert the_sum(delivery).waiting == 1
    assert delivery.attempts.get().outcome == "unauthorized"
    assert "wrong" not in f"{delivery.reason}{delivery.attempts.get().detail}"


def test_a_relay_that_cannot_be_reached_puts_the_whole_newsletter_off_a_little_longer_each_time(settings):
    blog = live_blog()
    make_subscriber(blog)
    delivery = planned(blog)
    waits = []
    for _ in range(3):
        Delivery.objects.filter(pk=delivery.pk).update(state="sending")
        send_what_is_due(delivery)
        assert (delivery.state, delivery.waits_for) == ("pending", "clock")
        waits.append(delivery.due_at - clocks.now())
    assert waits[0] < timedelta(minutes=1) < waits[2] < timedelta(minutes=5)
    assert "cannot be reached. Nobody gets it twice; the rest goes on at " in delivery.reason
    assert [one.outcome for one in delivery.attempts.all()] == ["transient"] * 3
    assert people(delivery)[next(iter(people(delivery)))].tries == 0


def test_a_text_that_the_gate_refuses_never_leaves(relay, settings):
    blog = live_blog(relay)
    make_subscriber(blog)
    delivery = planned(blog)
    delivery.rendition.text = "No word of a disclaimer."
    delivery.rendition.save()
    send_what_is_due(delivery)
    assert not relay.connections
    assert (delivery.state, delivery.waits_for) == ("held", "person")
    assert delivery.reason.endswith("It was held back: mend it, then release it.")


def test_a_channel_that_is_no_longer_live_holds_the_rest(relay, settings):
    blog = live_blog(relay)
    make_subscriber(blog)
    delivery = planned(blog)
    make_blog(channels={"email": {"mode": "rehearsal"}})
    send_what_is_due(delivery)
    assert not relay.connections
    assert delivery.state == "held"


def test_the_relays_pace_is_one_for_all_its_batches(relay, settings):
    settings.LEASE = timedelta(seconds=10)
    blog = live_blog(relay, options="?rate=1/s")
    for _ in range(6):
        make_subscriber(blog)
    delivery = planned(blog)
    began = clocks.now()
    send_what_is_due(delivery)
    assert sum(relay.taken.values()) <= 4
    assert Relay.objects.get().next_slot_at >= began + timedelta(seconds=4)
    taken = relay.taken.total()
    assert newsletter.due_batches() == []
    assert not newsletter.hand_over(delivery.batches.get().pk)
    assert relay.taken.total() == taken


def test_no_more_batches_than_the_relay_has_lines(relay, settings, looks):
    blog = live_blog(relay, options="?connections=1")
    for _ in range(101):
        make_subscriber(blog)
    delivery = planned(blog)
    first, second = delivery.batches.order_by("number")
    rung, taken = [], []

    def another_worker_tries(name):
        if name == "batch-claimed" and not taken:
            rung.extend(newsletter.due_batches())
            taken.append(newsletter.hand_over(second.pk))

    looks.append(another_worker_tries)
    newsletter.hand_over(first.pk)
    assert (rung, taken) == ([], [False])
    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_one_call_sends_batch_after_batch(relay, settings):
    """So that a newsletter needs far fewer tasks than batches, and the relay's lines stay open."""
    blog = live_blog(relay)
    for _ in range(250):
        make_subscriber(blog)
    delivery = planned(blog)
    (first,) = newsletter.due_batches()
    assert newsletter.hand_over(first)
    delivery.refresh_from_db()
    assert (delivery.state, relay.taken.total(), relay.connections) == ("sent", 250, 1)
    assert delivery.attempts.count() <= 3


def test_an_empty_audience_ends_with_a_sentence(relay, settings):
    delivery = make_newsletter(make_post(live_blog(relay)))
    begin(delivery)
    newsletter.finish(delivery)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("skipped", "Nobody to send to: nobody is subscribed to this blog by e-mail yet.")


def test_a_holder_that_lost_its_claim_neither_sends_nor_writes(relay, settings, looks):
    blog = live_blog(relay)
    for name in ("a", "b"):
        make_subscriber(blog, f"{name}@reader.example")
    delivery = planned(blog)

    def overtaken(name):
        if name == "recipient-answered":
            Batch.objects.update(lease_until=clocks.now() - timedelta(seconds=1))
            newsletter.sweep()

    looks.append(overtaken)
    send_what_is_due(delivery)
    assert relay.taken == {"a@reader.example": 1}
    assert people(delivery)["a"].state == "unknown"
    assert people(delivery)["b"].state == "waiting"
    assert the_sum(delivery).waiting == 1
    assert Recipient.objects.filter(state="sending").count() == 0


@pytest.mark.parametrize("off", [timedelta(hours=-1), timedelta(hours=1)], ids=["behind", "ahead"])
def test_who_is_refused_for_now_waits_as_long_whatever_the_senders_clock_says(relay, settings, off):
    blog, now = live_blog(relay), clocks.now()
    make_subscriber(blog, "grey@reader.example")
    delivery = planned(blog)
    with clocks.this_process_off_by(off):
        send_what_is_due(delivery)
    assert timedelta() < Batch.objects.get().due_at - now < timedelta(minutes=6)


def test_a_relay_that_loses_every_answer_puts_few_in_doubt_and_then_a_person_is_asked(relay, settings):
    blog = live_blog(relay)
    for number in range(200):
        make_subscriber(blog, f"kept.{number}@reader.example")
    delivery = planned(blog)
    runs = 0
    while delivery.state in ("sending", "pending"):
        Delivery.objects.filter(pk=delivery.pk).update(state="sending", waits_for="network")
        send_what_is_due(delivery)
        runs += 1
    assert (delivery.state, delivery.waits_for, runs) == ("held", "person", 3)
    assert "So that no more are, the rest waits for you: see to the relay, then let it go on, or stop it." in delivery.reason
    assert the_sum(delivery).unknown == relay.taken.total() == 15
