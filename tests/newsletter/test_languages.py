"""What stands around a post is in the language of its reader; the post's own words stay as they are."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from zipfile import ZipFile

import pytest

from tests.deliver.test_issues import goes_by_itself, its_time_comes, published, the_issue
from tests.factories import DISCLAIMER, make_blog
from tests.newsletter.people import live_blog, make_subscriber, send_to_the_end
from worker.channels.email import parse_relay
from worker.deliver import staff
from worker.deliver.reword import reword
from worker.deliver.send import send
from worker.lib.address import read_address
from worker.management import evidence
from worker.models import Delivery, Recipient, Rendition
from worker.newsletter import confirmation_mail, settle
from worker.newsletter.sign_up import Wish, ask

pytestmark = pytest.mark.django_db
AVERTISSEMENT = "AVERTISSEMENT : ce blogue est publié à des fins éducatives seulement."
APPROVED = {"full": DISCLAIMER, "fr": {"full": AVERTISSEMENT}}


def words(mail: EmailMessage) -> str:
    return " ".join(mail.get_body(("plain",)).get_content().split())


@pytest.fixture
def blog(relay, settings):
    settings.RELAYS = {"default": parse_relay(f"{relay.url}?connections=1")}
    editions = ["instant", "weekly mon 09:00"]
    blog = make_blog(channels={"email": {"mode": "live", "editions": editions, "related": 0}}, disclaimer=APPROVED)
    for edition in ("instant", "weekly"):
        make_subscriber(blog, f"{edition}.en@reader.example", edition=edition)
        make_subscriber(blog, f"{edition}.fr@reader.example", edition=edition, language="fr-CA")
    return blog


def test_a_post_comes_in_the_readers_frame_with_the_disclaimer_approved_in_that_language(blog, relay):
    delivery = goes_by_itself(published(blog, "On grief"))
    english, french = relay.mail_to("instant.en@reader.example"), relay.mail_to("instant.fr@reader.example")
    assert english["Subject"] == french["Subject"] == "On grief"
    assert {"You get this because", "Unsubscribe:", DISCLAIMER} == {each for each in TELL if each in words(english)}
    assert {"Vous recevez ce courriel parce que", "Se désabonner", AVERTISSEMENT} == {each for each in TELL if each in words(french)}
    assert 'lang="fr-CA"' in french.get_body(("html",)).get_content()
    assert "School can be super exciting" in words(french)
    assert delivery.rendition.translations.keys() == {"fr-CA"}


TELL = ("You get this because", "Unsubscribe:", DISCLAIMER, "Vous recevez ce courriel parce que", "Se désabonner", AVERTISSEMENT)


def test_a_digest_has_its_subject_and_its_dates_in_the_readers_language(blog, relay):
    published(blog, "On grief")
    its_time_comes(the_issue())
    english, french = relay.mail_to("weekly.en@reader.example"), relay.mail_to("weekly.fr@reader.example")
    assert english["Subject"].startswith("Example Psychotherapy: the week’s posts, ")
    assert french["Subject"].startswith("Example Psychotherapy : les articles de la semaine, ")
    assert AVERTISSEMENT in words(french)


def test_the_link_to_the_browser_copy_leads_to_the_same_language(blog, relay, client):
    goes_by_itself(published(blog, "On grief"))
    links = {each: link_in(relay.mail_to(f"instant.{each}@reader.example")) for each in ("en", "fr")}
    assert links["fr"] == f"{links['en']}?lang=fr-CA"
    assert AVERTISSEMENT in client.get(links["fr"]).content.decode()
    assert DISCLAIMER in client.get(links["en"]).content.decode()
    assert DISCLAIMER in client.get(f"{links['en']}?lang=xx").content.decode()


def link_in(mail: EmailMessage) -> str:
    return next(word for word in words(mail).split() if "/read/" in word)


def test_who_gets_it_after_a_doubt_gets_it_in_their_language_too(blog, relay):
    address = "kept.fr@reader.example"
    make_subscriber(blog, address, language="fr-CA")
    delivery = goes_by_itself(published(blog, "On grief"))
    assert Recipient.objects.get(subscriber__email=address).state == "unknown"
    settle(delivery, "desk", sent=False)
    delivery.refresh_from_db()
    send_to_the_end(delivery)
    first, again = (message_from_bytes(raw, policy=default) for raw in relay.messages[address])
    assert AVERTISSEMENT in words(first)
    assert AVERTISSEMENT in words(again)


def test_who_chooses_a_language_after_the_words_were_made_gets_them_in_it(relay, settings):
    blog = make_blog(channels={"email": {"mode": "live", "related": 0}}, disclaimer=APPROVED)
    settings.RELAYS = {"default": parse_relay(relay.url)}
    make_subscriber(blog, "ann@reader.example")
    post = published(blog, "On grief")
    waits = Delivery.objects.get(post=post, channel="email")
    reword(waits, "desk", "In our own words.")
    make_subscriber(blog, "luc@reader.example", language="fr-CA")
    english_before = Delivery.objects.get(pk=waits.pk).rendition.text
    delivery = goes_by_itself(post)
    luc = words(relay.mail_to("luc@reader.example"))
    assert AVERTISSEMENT in luc
    assert "In our own words." in luc
    assert delivery.rendition.text == english_before
    assert DISCLAIMER in words(relay.mail_to("ann@reader.example"))


def test_a_resend_to_who_has_joined_since_speaks_their_language(relay, settings):
    blog = make_blog(channels={"email": {"mode": "live", "related": 0}}, disclaimer=APPROVED)
    settings.RELAYS = {"default": parse_relay(relay.url)}
    make_subscriber(blog, "ann@reader.example")
    post = published(blog, "On grief")
    goes_by_itself(post)
    make_subscriber(blog, "luc@reader.example", language="fr-CA")
    again = staff.resend(post, "email", "desk", "For who has joined.", audience="new")
    send(again.pk)
    again.refresh_from_db()
    send_to_the_end(again)
    assert AVERTISSEMENT in words(relay.mail_to("luc@reader.example"))
    assert len(relay.messages["ann@reader.example"]) == 1


def test_a_blog_whose_readers_all_have_its_language_keeps_one_version(relay, settings):
    blog = live_blog(relay)
    make_subscriber(blog, "ann@reader.example", language="en-CA")
    published(blog, "On grief")
    assert Rendition.objects.filter(delivery__channel="email").values_list("translations", flat=True)[0] == {}


def test_without_an_approved_text_in_that_language_the_blogs_own_stands(relay, settings):
    blog = live_blog(relay)
    make_subscriber(blog, "ann@reader.example", language="fr-CA")
    goes_by_itself(published(blog, "On grief"))
    assert DISCLAIMER in words(relay.mail_to("ann@reader.example"))
    assert "Se désabonner" in words(relay.mail_to("ann@reader.example"))


def test_the_mail_that_asks_for_a_yes_carries_the_disclaimer_of_its_language(blog, relay):
    asked = ask(blog, Wish(read_address("eve@reader.example"), "fr-CA", [], "instant"), "192.0.2.1")
    confirmation_mail.send(asked.pk)
    assert AVERTISSEMENT in words(relay.mail_to("eve@reader.example"))


def test_the_evidence_holds_the_mail_in_each_language(blog, relay, tmp_path):
    post = published(blog, "On grief")
    delivery = goes_by_itself(post)
    evidence.write(post, tmp_path / "pack.zip")
    with ZipFile(tmp_path / "pack.zip") as pack:
        mails = {
            each: message_from_bytes(pack.read(f"deliveries/{delivery.pk}/{each}"), policy=default)
            for each in ("mail.eml", "mail.fr-CA.eml")
        }
    assert DISCLAIMER in words(mails["mail.eml"])
    assert AVERTISSEMENT in words(mails["mail.fr-CA.eml"])
