"""A reader's own page: only who reads the mail at the address itself gets there, for an hour."""

from datetime import timedelta

import pytest

from tests import clocks
from tests.newsletter.people import live_blog, make_subscriber
from worker.lib.signing import address_hash, confirmation_token, unsubscribe_token
from worker.models import Blog, Confirmation, Event, Subscriber, Suppression
from worker.newsletter import confirmation_mail
from worker.newsletter.leave import unsubscribe
from worker.newsletter.sign_up import drop_old
from worker.newsletter.suppress import suppress

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(relay, settings):
    settings.RELAYS = {}
    return make_subscriber(live_blog(relay), "ann@reader.example")


def link(reader) -> str:
    return f"/u/{unsubscribe_token(reader.blog_id, reader.pk)}"


def own(client, reader) -> str:
    """The address in the mail that this brings."""
    assert client.post(link(reader), {"wants": "own"}).status_code == 200
    return f"/confirm/{confirmation_token(Confirmation.objects.get(kind='own').pk)}"


def test_the_link_goes_to_the_readers_own_mailbox_and_stands_on_no_page(client, reader, relay):
    answer = client.post(link(reader), {"wants": "own"}).content.decode()
    assert "A mail with a link is on its way to a•••@reader.example." in answer
    assert "/confirm/" not in answer
    confirmation_mail.send(Confirmation.objects.get().pk)
    words = relay.mail_to("ann@reader.example").get_body(("plain",)).get_content()
    assert f"/confirm/{confirmation_token(Confirmation.objects.get().pk)}" in words
    assert "works for one hour" in words
    assert "DISCLAIMER" in words


def test_a_link_scanner_that_follows_it_changes_nothing(client, reader):
    page = own(client, reader)
    for method in (client.get, client.head):
        assert method(page).status_code == 200
        assert method(f"{page}?wants=erase&sure=yes").status_code == 200
    assert client.get(page, headers={"Sec-Purpose": "prefetch"}).status_code == 200
    reader.refresh_from_db()
    assert (reader.state, reader.email) == ("confirmed", "ann@reader.example")


def test_it_works_for_an_hour_and_not_for_who_has_moved_since(client, reader, clock):
    clock.move_to(clocks.now())
    page = own(client, reader)
    Subscriber.objects.filter(pk=reader.pk).update(address_key="ann@new.example")
    assert client.post(page, {"wants": "data"}).status_code == 410
    Subscriber.objects.filter(pk=reader.pk).update(address_key="ann@reader.example")
    clock.shift(timedelta(minutes=59))
    assert client.get(page).status_code == 200
    clock.shift(timedelta(minutes=2))
    assert client.post(page, {"wants": "erase", "sure": "yes"}).status_code == 410
    reader.refresh_from_db()
    assert reader.state == "confirmed"


def test_nobodys_mailbox_is_filled_by_who_asks_again_and_again(client, reader, clock):
    clock.move_to(clocks.now())
    for _ in range(40):
        assert client.post(link(reader), {"wants": "own"}).status_code == 200
        clock.shift(timedelta(minutes=15))
        drop_old()
    assert Confirmation.objects.filter(mail_due_at__isnull=False).count() == 3


def test_who_asks_again_too_soon_is_told_that_no_mail_has_left(client, reader, clock):
    clock.move_to(clocks.now())
    assert "A mail with a link is on its way" in client.post(link(reader), {"wants": "own"}).content.decode()
    again = client.post(link(reader), {"wants": "own"}).content.decode()
    assert "No mail has left" in again
    assert "on its way" not in again


def test_who_has_left_may_still_have_their_data_and_be_erased_but_moves_nowhere(client, reader):
    unsubscribe(reader)
    page = own(client, reader)
    assert "Your new e-mail address" not in client.get(page).content.decode()
    client.post(page, {"wants": "move", "email": "ann@new.example"})
    assert not Confirmation.objects.filter(kind="move").exists()
    assert client.post(page, {"wants": "data"}).json()["state"] == "unsubscribed"


def test_an_address_that_may_not_be_written_to_gets_no_such_mail_either(client, reader, relay):
    suppress(reader.blog, "ann@reader.example", "complained", who="a provider")
    answer = client.post(link(reader), {"wants": "own"})
    assert answer.status_code == 409
    assert "Please contact us: 416 555 0100" in answer.content.decode()
    assert not Confirmation.objects.exists()


def test_a_new_address_counts_once_it_has_confirmed_and_the_old_one_is_never_written_to_again(client, reader):
    page = client.post(own(client, reader), {"wants": "move", "email": "ann@new.example"})
    assert "A mail is on its way to the new address." in page.content.decode()
    reader.refresh_from_db()
    assert reader.email == "ann@reader.example"
    client.post(f"/confirm/{confirmation_token(Confirmation.objects.get(kind='move').pk)}")
    reader.refresh_from_db()
    assert (reader.email, reader.address_key) == ("ann@new.example", "ann@new.example")
    assert (Suppression.objects.get().cause, Suppression.objects.get().address_hash) == ("moved", address_hash("ann@reader.example"))
    assert Blog.objects.get().suppressions == 1
    assert "example" not in "".join(f"{event.what}{event.data}" for event in Event.objects.all())


@pytest.mark.parametrize("stands", ["confirmed", "unsubscribed"])
def test_a_new_address_that_the_list_knows_already_gets_one_copy_from_then_on(client, reader, stands):
    other = make_subscriber(reader.blog, "ann@new.example", basis="")
    if stands == "unsubscribed":
        unsubscribe(other)
    client.post(own(client, reader), {"wants": "move", "email": "Ann@New.example"})
    client.post(f"/confirm/{confirmation_token(Confirmation.objects.get(kind='move').pk)}")
    (there,) = Subscriber.objects.filter(state="confirmed")
    assert (there, there.email) == (reader, "Ann@New.example")
    assert there.consents.get().basis == "express"
    assert [each.cause for each in Suppression.objects.all()] == ["moved"]


@pytest.mark.parametrize("email", ["", "ann", "ann@new.example\r\nBcc: evil@evil.example", "a" * 1_000_000])
def test_what_is_no_address_is_said_and_nothing_is_mailed(client, reader, email):
    answer = client.post(own(client, reader), {"wants": "move", "email": email})
    assert answer.status_code == 422
    assert "This is not an e-mail address" in answer.content.decode()
    assert not Confirmation.objects.filter(kind="move").exists()


def test_whoever_has_a_link_cannot_bomb_others_with_mail(client, reader):
    page = own(client, reader)
    for _ in range(5):
        assert client.post(page, {"wants": "move", "email": "victim@else.example"}).status_code == 200
    assert Confirmation.objects.filter(kind="move", mail_due_at__isnull=False).count() == 1


def test_a_reader_takes_home_everything_that_is_known_of_them(client, reader):
    answer = client.post(own(client, reader), {"wants": "data"})
    assert answer["Content-Disposition"].startswith("attachment")
    document = answer.json()
    assert (document["email"], document["state"]) == ("ann@reader.example", "confirmed")
    assert document["consent"][0]["proof"] == "paper form"
    reader.refresh_from_db()
    assert reader.state == "confirmed"


def test_to_be_erased_takes_two_steps(client, reader):
    page = own(client, reader)
    assert "Erase everything we know about you?" in client.post(page, {"wants": "erase"}).content.decode()
    reader.refresh_from_db()
    assert reader.state == "confirmed"
    assert "You are erased." in client.post(page, {"wants": "erase", "sure": "yes"}).content.decode()
    reader.refresh_from_db()
    assert (reader.state, reader.email) == ("forgotten", "")
    assert client.post(page, {"wants": "data"}).status_code == 404
    for again in ({"wants": "choices"}, {"wants": "own"}, {}):
        assert client.post(link(reader), again).status_code == 200
    assert Suppression.objects.get().cause == "forgotten"
    assert not Confirmation.objects.exists()
