"""The unsubscribe link: a page for people, one click for mail providers, nothing for link scanners."""

import pytest

from tests.factories import make_post
from tests.newsletter.people import live_blog, make_subscriber
from worker.lib.signing import address_hash, read_unsubscribe_token, unsubscribe_token
from worker.models import Blog, Confirmation, Event, Suppression

pytestmark = pytest.mark.django_db


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
    assert "Votre désabonnement est fait." in page


def test_nothing_on_the_page_comes_from_elsewhere_and_the_link_stays_secret(client, reader):
    page = client.get(link(reader))
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Cache-Control"] == "no-store"
    assert b"http" not in page.content


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(client, reader, method):
    assert getattr(client, method)(link(reader)).status_code == 405


def test_a_link_never_expires(reader, settings, clock):
    token = unsubscribe_token(reader.blog_id, reader.pk)
    clock.move_to("2046-01-01")
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
        ("List-Unsubscribe=One-Click", "multipart/form-data"),
        ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded; charset=us-ascii"),
        ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded; charset=UTF8"),
        ("&".join(f"field{number}=1" for number in range(2_000)), "application/x-www-form-urlencoded"),
        ("x=" + "x" * 3_000_000, "application/x-www-form-urlencoded"),
    ],
    ids=["as asked", "empty", "no such form", "multipart", "text", "no parts", "no boundary", "ascii", "UTF8", "many fields", "3 MB"],
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


def test_data_another_address_and_erasing_are_not_had_by_who_holds_a_forwarded_newsletter(client, reader):
    for wants in ({"wants": "data"}, {"wants": "move", "email": "eve@new.example"}, {"wants": "erase", "sure": "yes"}):
        answer = client.post(link(reader), wants)
        assert "ann@reader.example" not in answer.content.decode()
    reader.refresh_from_db()
    assert (reader.state, reader.email) == ("unsubscribed", "ann@reader.example")  # whatever is posted unsubscribes
    assert not Confirmation.objects.exists()


def test_the_whole_address_does_not_stand_on_the_page_for_whoever_was_forwarded_the_mail(client, reader):
    page = client.get(link(reader)).content.decode()
    assert "a•••@reader.example" in page
    assert "ann@" not in page
