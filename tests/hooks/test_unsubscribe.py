"""The unsubscribe link: a page for people, one click for mail providers, nothing for link scanners."""

import pytest
from django.test import Client

from tests.factories import make_post
from tests.newsletter.people import live_blog, make_subscriber
from worker.lib.signing import address_hash, confirmation_token, read_unsubscribe_token, unsubscribe_token
from worker.models import Blog, Confirmation, Event, Subscriber, Suppression
from worker.newsletter.leave import unsubscribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    """As a stranger or a mail provider asks: without any cookie, and a missing CSRF token would be noticed."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def reader(settings):
    return make_subscriber(live_blog(name="Sheema’s <Blog>"), "ann@reader.example")


def link(reader) -> str:
    return f"/u/{unsubscribe_token(reader.blog_id, reader.pk)}"


def test_get_shows_one_button_and_changes_nothing(client, reader):
    page = client.get(link(reader))
    assert page.status_code == 200
    assert page.content.count(b"Unsubscribe me</button>") == 1
    assert "Unsubscribe from Sheema’s &lt;Blog&gt;" in page.content.decode()
    reader.refresh_from_db()
    assert reader.state == "confirmed"
    assert not Suppression.objects.exists()


def test_head_changes_nothing(client, reader):
    assert client.head(link(reader)).status_code == 200
    reader.refresh_from_db()
    assert reader.state == "confirmed"


def test_one_click_unsubscribes_without_cookie_session_or_csrf_token(client, reader):
    page = client.post(link(reader), "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert page.status_code == 200
    assert not page.cookies
    assert b"You are unsubscribed." in page.content
    reader.refresh_from_db()
    assert reader.state == "unsubscribed"
    assert reader.left_at is not None
    assert Suppression.objects.get().address_hash == address_hash("ann@reader.example")
    assert Blog.objects.get().suppressions == 1
    event = Event.objects.get(subscriber=reader)
    assert (event.who, event.what) == ("The reader", "A reader unsubscribed.")
    assert "ann@" not in f"{event.what}{event.data}"


def test_again_is_the_same_as_once(client, reader):
    for _ in range(3):
        assert client.post(link(reader)).status_code == 200
    assert Blog.objects.get().suppressions == 1
    assert Event.objects.count() == 1
    assert b"You are unsubscribed." in client.get(link(reader)).content


@pytest.mark.parametrize(
    "change",
    [lambda token: token[:-1], lambda token: "1-1", lambda token: token.replace("-", "-1", 1), lambda token: "%00", lambda token: "é"],
)
def test_a_link_that_is_not_ours_gets_a_clear_page(client, reader, change):
    for answer in (client.get(f"/u/{change(link(reader)[3:])}"), client.post(f"/u/{change(link(reader)[3:])}")):
        assert answer.status_code == 404
        assert b"This link does not work." in answer.content
        assert "Ce lien ne fonctionne pas." in answer.content.decode()
    reader.refresh_from_db()
    assert reader.state == "confirmed"


def test_the_link_of_a_test_copy_names_nobody(client, reader):
    assert client.post(f"/u/{unsubscribe_token(reader.blog_id, 0)}").status_code == 404


def test_it_speaks_the_language_of_the_blog(client, settings):
    reader = make_subscriber(live_blog(language="fr-CA", name="Le blogue"))
    assert "Se désabonner de Le blogue" in client.get(link(reader)).content.decode()
    page = client.post(link(reader)).content.decode()
    assert '<html lang="fr-CA">' in page
    assert "Vous êtes désabonné." in page


def test_nothing_on_the_page_comes_from_elsewhere_and_the_link_stays_secret(client, reader):
    page = client.get(link(reader))
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Cache-Control"] == "no-store"
    assert b"http" not in page.content


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(client, reader, method):
    assert getattr(client, method)(link(reader)).status_code == 405


def test_a_link_never_expires(reader, settings, time_machine):
    token = unsubscribe_token(reader.blog_id, reader.pk)
    time_machine.move_to("2046-01-01")
    assert read_unsubscribe_token(token) == (reader.blog_id, reader.pk)


def test_links_hang_on_the_secret_key_and_hashes_do_not(reader, settings):
    token, hashed = unsubscribe_token(1, 2), address_hash("ann@reader.example")
    settings.SECRET_KEY = "another key altogether"
    assert read_unsubscribe_token(token) is None
    assert address_hash("ann@reader.example") == hashed


# What else the page does ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        ("", "application/x-www-form-urlencoded"),
        ("wants=nonsense", "application/x-www-form-urlencoded"),
        ('--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n', "multipart/form-data; boundary=b"),
        ("List-Unsubscribe=One-Click", "text/plain"),
        ("not multipart at all", "multipart/form-data; boundary=b"),
    ],
)
def test_whatever_a_mail_provider_posts_unsubscribes(client, reader, body, kind):
    assert client.post(link(reader), body, content_type=kind).status_code == 200
    reader.refresh_from_db()
    assert reader.state == "unsubscribed"


def test_choices_are_kept_and_what_cannot_be_chosen_changes_nothing(client, reader):
    make_post(reader.blog, categories=["Grief", "Sleep"])
    page = client.post(link(reader), {"wants": "choices", "language": "fr-CA", "edition": "instant", "topics": ["Sleep", "<Made up>"]})
    assert "Enregistré." in page.content.decode()
    reader.refresh_from_db()
    assert (reader.state, reader.language, reader.topics) == ("confirmed", "fr-CA", ["Sleep"])
    for wrong in ({"language": "de"}, {"edition": "hourly"}):
        assert client.post(link(reader), {"wants": "choices", **wrong}).status_code == 422
    reader.refresh_from_db()
    assert (reader.language, reader.edition, reader.topics) == ("fr-CA", "instant", ["Sleep"])
    assert Event.objects.get().what == "A reader changed what they get."


def test_a_new_address_counts_once_it_has_confirmed_and_the_old_one_is_never_written_to_again(client, reader):
    page = client.post(link(reader), {"wants": "move", "email": "ann@new.example"})
    assert "A mail is on its way to the new address." in page.content.decode()
    reader.refresh_from_db()
    assert reader.email == "ann@reader.example"
    client.post(f"/confirm/{confirmation_token(Confirmation.objects.get().pk)}")
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
    client.post(link(reader), {"wants": "move", "email": "Ann@New.example"})
    client.post(f"/confirm/{confirmation_token(Confirmation.objects.get().pk)}")
    (there,) = Subscriber.objects.filter(state="confirmed")
    assert (there, there.email) == (reader, "Ann@New.example")
    assert there.consents.get().basis == "express"
    assert [each.cause for each in Suppression.objects.all()] == ["moved"]


@pytest.mark.parametrize("email", ["", "ann", "ann@new.example\r\nBcc: evil@evil.example", "a" * 1_000_000])
def test_what_is_no_address_is_said_and_nothing_is_mailed(client, reader, email):
    answer = client.post(link(reader), {"wants": "move", "email": email})
    assert answer.status_code == 422
    assert "This is not an e-mail address" in answer.content.decode()
    assert not Confirmation.objects.exists()


def test_whoever_has_somebodys_link_cannot_bomb_others_with_mail(client, reader):
    for _ in range(5):
        assert client.post(link(reader), {"wants": "move", "email": "victim@else.example"}).status_code == 200
    assert Confirmation.objects.filter(mail_due_at__isnull=False).count() == 1


def test_a_reader_takes_home_everything_that_is_known_of_them(client, reader):
    answer = client.post(link(reader), {"wants": "data"})
    assert answer["Content-Disposition"].startswith("attachment")
    document = answer.json()
    assert (document["email"], document["state"]) == ("ann@reader.example", "confirmed")
    assert document["consent"][0]["proof"] == "paper form"
    reader.refresh_from_db()
    assert reader.state == "confirmed"


def test_to_be_erased_takes_two_steps(client, reader):
    assert "Erase everything we know about you?" in client.post(link(reader), {"wants": "erase"}).content.decode()
    reader.refresh_from_db()
    assert reader.state == "confirmed"
    assert "You are erased." in client.post(link(reader), {"wants": "erase", "sure": "yes"}).content.decode()
    reader.refresh_from_db()
    assert (reader.state, reader.email) == ("forgotten", "")
    for again in ({"wants": "choices"}, {"wants": "move", "email": "ann@new.example"}, {"wants": "erase", "sure": "yes"}, {}):
        assert client.post(link(reader), again).status_code == 200
    assert Suppression.objects.get().cause == "forgotten"


def test_the_whole_address_does_not_stand_on_the_page_for_whoever_was_forwarded_the_mail(client, reader):
    page = client.get(link(reader)).content.decode()
    assert "a•••@reader.example" in page
    assert "ann@" not in page
