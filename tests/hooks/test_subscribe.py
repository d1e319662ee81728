"""Double opt-in: a form that tells strangers nothing, a mail that asks, a button that says yes."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from tests import clocks
from tests.factories import make_blog, make_post
from tests.newsletter.people import live_blog, make_subscriber
from worker.lib import clock
from worker.lib.signing import address_hash, confirmation_token
from worker.models import Blog, Confirmation, Consent, Event, Subscriber, Suppression, Wording
from worker.newsletter import confirmation_mail
from worker.newsletter.leave import forget, unsubscribe
from worker.newsletter.sign_up import NETWORK, drop_old
from worker.newsletter.suppress import suppress

pytestmark = pytest.mark.django_db
ANN = "ann@reader.example"


@pytest.fixture
def blog(relay, settings):
    return live_blog(relay, name="Sheema’s <Blog>")


def post(client, email: str = ANN, network: str = "203.0.113.7", **fields):
    return client.post("/subscribe/example", {"email": email, "agree": "yes", **fields}, REMOTE_ADDR=network)


def mail_what_is_due() -> None:
    for pk in confirmation_mail.due():
        confirmation_mail.send(pk)


def link_in(mail) -> str:
    return re.search(r"https?://[^/]+(/confirm/\S+)", mail.get_body(("plain",)).get_content())[1]


def join(client, relay, email: str = ANN, **fields) -> Subscriber:
    assert post(client, email, **fields).status_code == 200
    mail_what_is_due()
    latest = message_from_bytes(relay.messages[email][-1], policy=default)
    assert client.post(link_in(latest), REMOTE_ADDR="198.51.100.9").status_code == 200
    return Subscriber.objects.get(address_key=email.lower())


def test_the_form_says_what_the_law_asks_and_nothing_is_ticked(client, blog):
    page = client.get("/subscribe/example").content.decode()
    for said in (
        "Yes, Example Psychotherapy may send me the posts of Sheema’s &lt;Blog&gt; by e-mail.",
        "I can take this back at any time",
        "1 Example Street, Toronto, 416 555 0100.",
    ):
        assert said in page
    assert "checked" not in re.search(r'<input[^>]*name="agree"[^>]*>', page)[0]
    assert not client.cookies
    assert not Confirmation.objects.exists()


def test_a_stranger_becomes_a_reader_by_their_own_yes_and_its_proof_is_kept(client, blog, relay):
    reader = join(client, relay)
    assert (reader.state, reader.email, reader.language, reader.edition, reader.topics) == ("confirmed", ANN, "en-CA", "instant", [])
    consent = reader.consents.get()
    assert (consent.basis, consent.ends_on, consent.network) == ("express", None, "203.0.113.7")
    assert "confirmed from the mailbox at" in consent.proof
    assert consent.proof.endswith("from 198.51.100.9.")
    assert consent.wording.text.startswith("Yes, Example Psychotherapy may send me")
    (event,) = Event.objects.filter(subscriber=reader)
    assert event.what == "A reader subscribed."
    assert ANN not in f"{event.what}{event.data}"


def test_the_mail_asks_by_a_link_carries_the_disclaimer_and_goes_to_nobody_else(client, blog, relay):
    post(client)
    mail_what_is_due()
    mail_what_is_due()
    assert relay.taken == {ANN: 1}
    mail = relay.mail_to(ANN)
    assert mail["Subject"] == "Confirm your subscription: Sheema’s <Blog>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    for part in ("plain", "html"):
        words = mail.get_body((part,)).get_content()
        assert "meant for psychoeducational purposes only" in words
        assert "/confirm/" in words
        assert "1 Example Street, Toronto" in words
        assert "Unsubscribe" not in words


def test_a_link_scanner_subscribes_nobody(client, blog, relay):
    post(client)
    mail_what_is_due()
    link = link_in(relay.mail_to(ANN))
    for page in (client.get(link), client.head(link)):
        assert page.status_code == 200
        assert page["Referrer-Policy"] == "no-referrer"
    assert "a•••@reader.example" in client.get(link).content.decode()
    assert not Subscriber.objects.exists()


def test_pressed_twice_is_the_same_as_once_and_brings_nobody_back_who_left_since(client, blog, relay):
    reader = join(client, relay)
    link = link_in(relay.mail_to(ANN))
    assert b"You are subscribed." in client.post(link).content
    assert Consent.objects.count() == 1
    unsubscribe(reader)
    assert client.post(link).status_code == 410
    reader.refresh_from_db()
    assert reader.state == "unsubscribed"


@pytest.mark.parametrize("known_as", ["nobody", "reader", "left", "barred", "asked"])
def test_the_answer_is_the_same_whoever_is_known(client, blog, relay, known_as):
    match known_as:
        case "reader":
            make_subscriber(blog, ANN)
        case "left":
            unsubscribe(make_subscriber(blog, ANN))
        case "barred":
            suppress(blog, ANN, "complained", who="a provider")
        case "asked":
            post(client)
    answer = post(client, "someone@else.example").content
    assert post(client).content == answer
    mail_what_is_due()
    assert relay.taken[ANN] == (0 if known_as == "barred" else 1)


@pytest.mark.parametrize("leave", [unsubscribe, lambda reader: forget(reader, "desk")])
def test_whoever_left_by_their_own_wish_comes_back_by_their_own_wish(client, blog, relay, leave):
    leave(make_subscriber(blog, ANN))
    reader = join(client, relay)
    assert reader.state == "confirmed"
    assert reader.left_at is None
    assert not Suppression.objects.exists()


def test_whom_staff_barred_after_the_mail_cannot_confirm(client, blog, relay):
    post(client)
    mail_what_is_due()
    suppress(blog, ANN, "staff", who="desk", reason="No.")
    assert client.post(link_in(relay.mail_to(ANN))).status_code == 409
    assert not Subscriber.objects.exists()
    assert Suppression.objects.get().address_hash == address_hash(ANN)


def test_a_reader_with_implied_consent_gets_an_express_one_beside_it(client, blog, relay):
    make_subscriber(blog, ANN, basis="inquiry")
    reader = join(client, relay)
    assert list(reader.consents.values_list("basis", flat=True).order_by("pk")) == ["inquiry", "express"]


def test_choices_made_on_the_form_are_kept_and_made_up_ones_are_not(client, blog, relay):
    make_post(blog, categories=["Grief", "School"])
    make_post(blog, categories=["grief", "Uncategorized"])
    page = client.get("/subscribe/example").content.decode()
    assert page.count('name="topics"') == 2
    reader = join(client, relay, topics=["grief", "Bcc: evil@evil.example\r\n"], language="fr-CA", edition="hourly")
    assert ([topic.lower() for topic in reader.topics], reader.language, reader.edition) == (["grief"], "fr-CA", "instant")


def test_a_french_form_leads_to_a_french_mail_and_a_french_wording(client, blog, relay):
    assert "Oui, Example Psychotherapy peut m’envoyer" in client.get("/subscribe/example?lang=fr-CA").content.decode()
    post(client, language="fr-CA")
    mail_what_is_due()
    mail = relay.mail_to(ANN)
    assert mail["Subject"].startswith("Confirmez votre abonnement : ")
    page = client.post(link_in(mail)).content.decode()
    assert '<html lang="fr-CA">' in page
    assert Consent.objects.get().wording.language == "fr-CA"


def test_another_sender_is_another_version_of_the_wording(client, blog, relay, settings):
    post(client)
    post(client, "bob@reader.example")
    live_blog(relay, name="Another name")
    post(client, "cid@reader.example")
    assert list(Wording.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert [asked.wording.number for asked in Confirmation.objects.order_by("pk")] == [1, 1, 2]


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ann",
        "ann@reader.example\r\nBcc: evil@evil.example",
        "ann@reader.example, evil@evil.example",
        "<ann@reader.example>",
        "ann\0@reader.example",
        "ann@" + "r" * 1_000_000 + ".example",
        "a" * 1_000_000 + "@reader.example",
        "ä" * 1_000_000,
        "ann@réader..example",
    ],
)
def test_what_is_no_address_is_said_and_goes_nowhere(client, blog, relay, email):
    answer = post(client, email)
    assert answer.status_code == 422
    assert "This is not an e-mail address we can write to." in answer.content.decode()
    assert len(answer.content) < 20_000
    assert not Confirmation.objects.exists()


def test_without_a_tick_nothing_is_taken(client, blog):
    answer = client.post("/subscribe/example", {"email": ANN})
    assert answer.status_code == 422
    assert "Tick the box" in answer.content.decode()
    assert f'value="{ANN}"' in answer.content.decode()
    assert not Confirmation.objects.exists()


def test_a_program_that_fills_every_field_gets_the_same_answer_and_nothing_else(client, blog):
    answer = post(client, homepage="https://spam.example")
    assert answer.content == post(client, "bob@reader.example").content
    assert Confirmation.objects.count() == 1


def test_one_person_gets_few_mails_whoever_asks_and_however_the_address_is_written(client, blog, relay, clock):
    spellings = ["ann.lee@reader.example", "Ann.Lee+news@READER.example", "annlee@reader.example", "ann.lee+x@reader.example"]
    for hour in range(24):
        clock.move_to(clocks.now() + timedelta(hours=1))
        for number, email in enumerate(spellings):
            assert post(client, email, network=f"198.51.{hour}.{number}").status_code == 200
            mail_what_is_due()
    assert relay.taken.total() == 3


def test_a_network_may_ask_so_often_and_no_oftener(client, blog, settings):
    most = NETWORK[0].most
    answers = [post(client, f"reader{n}@reader.example", network=f"203.0.113.{n % 250}").status_code for n in range(most + 5)]
    assert answers == [200] * most + [429] * 5
    assert Confirmation.objects.count() == most
    assert post(client, network="2001:db8::1").status_code == 200


@pytest.mark.parametrize("slug", ["nobody", "off", "without"])
def test_a_blog_without_a_newsletter_has_no_form(client, settings, slug):
    make_blog("off", channels={"email": {"mode": "off"}})
    make_blog("without", channels={"facebook": {}})
    answer = client.get(f"/subscribe/{slug}")
    assert answer.status_code == 404
    page = answer.content.decode()
    assert ("There is no newsletter here." in page, "Il n’y a pas d’infolettre ici." in page) == (True, True)
    assert "/sign-in" not in page, "a reader has no business at the console"
    assert client.post(f"/subscribe/{slug}", {"email": ANN, "agree": "yes"}).status_code == 404
    assert not Confirmation.objects.exists()


def test_an_old_link_says_so_and_its_address_is_not_kept(client, blog, relay, clock):
    post(client)
    mail_what_is_due()
    link = link_in(relay.mail_to(ANN))
    clock.move_to(clocks.now() + timedelta(days=7, minutes=1))
    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410
    drop_old()
    assert not Confirmation.objects.exists()
    assert client.get(link).status_code == 404
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize("token", ["", "1", "1.aaaa", "%00", "é.é", confirmation_token(999_999)])
def test_a_link_that_is_not_ours_gets_a_clear_page(client, blog, token):
    for answer in (client.get(f"/confirm/{token}"), client.post(f"/confirm/{token}")):
        assert answer.status_code == 404


def test_a_relay_in_trouble_is_tried_again_and_gives_up_in_words(client, blog, relay):
    post(client, "busy@reader.example")
    for _ in range(10):
        Confirmation.objects.filter(mail_due_at__isnull=False).update(mail_due_at=clock.now() - timedelta(seconds=1))
        mail_what_is_due()
    asked = Confirmation.objects.get()
    assert (asked.tries, asked.mail_due_at, asked.mailed_at) == (confirmation_mail.TRIES, None, None)
    assert asked.trouble == "Their mail server asked to be tried again later."
    assert Event.objects.get().what == "A mail that asks for confirmation was not sent: Their mail server asked to be tried again later."


def test_a_mail_that_is_too_late_to_ask_anything_is_not_sent(client, blog, relay):
    post(client)
    Confirmation.objects.update(asked_at=clock.now() - timedelta(days=8))
    mail_what_is_due()
    asked = Confirmation.objects.get()
    assert (asked.trouble, asked.mail_due_at, asked.mailed_at) == ("It is too old.", None, None)
    assert not relay.taken


def test_whoever_answers_the_mail_writes_to_the_blogs_own_reply_address(client, relay, settings):
    blog = live_blog(relay)
    sender = settings.BLOGS[blog.slug].sender
    live_blog(relay, sender={**sender.model_dump(), "reply_to": "office@blog.example"})
    post(client)
    mail_what_is_due()
    assert relay.mail_to(ANN)["Reply-To"] == "office@blog.example"


def test_a_sender_that_died_over_it_leaves_it_due_again(client, blog, relay, monkeypatch):
    post(client)

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(confirmation_mail.mail, "send_one", die)
        with pytest.raises(KeyboardInterrupt):
            mail_what_is_due()
    mail_what_is_due()
    assert not relay.taken
    Confirmation.objects.update(mail_due_at=clock.now() - timedelta(seconds=1))
    mail_what_is_due()
    assert relay.taken == {ANN: 1}


def test_a_rehearsing_blog_keeps_the_mail_as_a_file_and_its_link_works(client, settings):
    make_blog("example", channels={"email": {"mode": "rehearsal"}})
    assert "the one to you was made and kept, and did not leave" in post(client).content.decode()
    mail_what_is_due()
    asked = Confirmation.objects.get()
    kept = settings.POSTLARK_DATA / "rehearsal" / f"confirm-{asked.pk}.eml"
    assert client.post(link_in(message_from_bytes(kept.read_bytes(), policy=default))).status_code == 200
    assert Subscriber.objects.get().state == "confirmed"
    assert Blog.objects.count() == 1


@pytest.mark.parametrize("field", ["language", "edition", "topics"])
@pytest.mark.parametrize("typed", ["fr-CA\r\nBcc: evil@evil.example", "x\0y", "e" * 1_000_000, "<script>"])
def test_whatever_a_stranger_puts_into_the_other_fields_reaches_no_mail(client, blog, relay, field, typed):
    assert client.post("/subscribe/example", {"email": ANN, "agree": "yes", field: typed}).status_code == 200
    asked = Confirmation.objects.get()
    assert (asked.language, asked.edition, asked.topics) == ("en-CA", "instant", [])
    confirmation_mail.send(asked.pk)
    assert list(relay.taken) == [ANN]
    assert typed.encode()[:200] not in relay.messages[ANN][0]
