"""What feeds, networks, staff and readers wrote is shown on every page, and run on none."""

import csv
import io
import re
from email import message_from_bytes
from email.policy import default
from html import unescape
from html.parser import HTMLParser
from zipfile import ZipFile

import pytest
from django.test import Client

from tests import clocks
from tests.console.conftest import client_of, text_of
from tests.factories import SHORT, blog_file, make_blog, make_delivery, make_post, make_staff
from worker.lib.address import read_address
from worker.lib.signing import confirmation_token, reading_token, unsubscribe_token
from worker.management import evidence
from worker.models import Attempt, Batch, Confirmation, Connection, Consent, Delivery, Event, Recipient, Rendition, Subscriber
from worker.newsletter.sign_up import Wish, ask
from worker.record.by_link import link
from worker.render import render

pytestmark = pytest.mark.django_db
EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'`{{7*7}}"
APPROVER = "office0@practice.example"
WORDS = {
    "text": f"Text {EVIL} {SHORT}",
    "link": "javascript:alert(3)",
    "image": "javascript:alert(4)",
    "alt": EVIL,
    "title": EVIL,
    "description": EVIL,
    "subject": EVIL,
    "disclaimer": SHORT,
    "length": 1,
    "limit": 280,
}


@pytest.fixture
def failed() -> Delivery:
    """In a blog in which everybody who can write has written the worst."""
    blog = make_blog("evil", name=f"Practice {EVIL}", approval=APPROVER)
    blog.sentence = blog.told = f"The feed is out of order: {EVIL}"
    blog.save()
    Connection.objects.create(blog=blog, channel="twitter", broken=f"Broken {EVIL}. Mend it.", account=EVIL, credentials="x")
    post = make_post(blog, title=f"Title {EVIL}", author=f"Author {EVIL}", url="javascript:alert(2)", image_alt=EVIL, categories=[EVIL])
    failed = make_delivery(
        post,
        state="failed",
        waits_for="person",
        reason=f"Refused: {EVIL}",
        remote_url="javascript:alert(5)",
        remote_id=EVIL,
        asked_by=EVIL,
        asked_because=EVIL,
        rendition=WORDS,
    )
    Attempt.objects.create(delivery=failed, number=1, started_at=clocks.now(), outcome="rejected", status=EVIL, detail=EVIL, holder=EVIL)
    Event.objects.create(at=clocks.now(), who=EVIL, what=f"It said {EVIL}", delivery=failed, post=post, blog=blog, data={"to": EVIL})
    make_delivery(
        post, "twitter", state="held", waits_for="person", held_for="approval", reason=f"Held by {EVIL}: {EVIL}.", rendition=WORDS
    )
    make_delivery(post, "linkedin", reason=f"Waits, says {EVIL}.", rendition=WORDS)
    mail = make_delivery(post, "email", state="sent", waits_for="nothing", edition="instant", rendition=WORDS | {"html": "<p>The mail</p>"})
    batch = Batch.objects.create(delivery=mail, number=1, size=1, waiting=0, refused=1)
    reader = Subscriber.objects.create(
        blog=blog, email="ann@example.org", address_key="ann@example.org", name=EVIL, topics=[EVIL], created_at=clocks.now()
    )
    Consent.objects.create(
        subscriber=reader, basis="express", obtained_on="2026-01-02", proof=EVIL, recorded_at=clocks.now(), recorded_by=EVIL
    )
    Recipient.objects.create(delivery=mail, batch=batch, subscriber=reader, state="refused", reason=f"Refused: {EVIL}", detail=EVIL)
    return failed


def of_staff(failed: Delivery) -> list[str]:
    post = f"/posts/{failed.post_id}"
    others = {each.channel: f"/deliveries/{each.pk}" for each in Delivery.objects.all()}
    return [
        *("/", "/log", "/log?print=1", "/log/release", "/record", "/health", "/connections", "/first-steps"),
        *(post, f"{post}/send/facebook", f"{post}/send/email", f"{post}/approve", f"{post}/withdraw"),
        *(f"/deliveries/{failed.pk}", f"{others['linkedin']}/release", f"{others['linkedin']}/hold", f"{others['linkedin']}/words"),
        *(others["twitter"], f"{others['twitter']}/release", others["email"], f"{others['email']}/people", f"{others['email']}/test"),
        *("/subscribers", f"/subscribers/{Subscriber.objects.get().pk}"),
    ]


def of_everybody(failed: Delivery) -> list[str]:
    mail, waits = Delivery.objects.get(channel="email"), Delivery.objects.get(channel="linkedin")
    make_staff("owner", "owner@practice.example")
    return [
        *("/subscribe/evil", "/archive/evil", f"/read/{reading_token(mail.pk)}"),
        *("/" + link(waits, act, "owner@practice.example").split("/", 3)[3] for act in ("hold", "release")),
    ]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_is_run_on_no_page(failed, language) -> None:
    office = client_of("office")
    for client, addresses in ((office, of_staff(failed)), (Client(), of_everybody(failed))):
        for address in addresses:
            answer = client.get(address, headers={"Accept-Language": language})
            assert answer.status_code == 200, address
            runs_nothing(text_of(answer), address)


def runs_nothing(page: str, where: str) -> None:
    assert "<script>alert" not in page, where
    assert "<img src=x" not in page, where
    assert not re.search(r"""=["']?javascript:""", page), where
    assert "7*7" in page or "49" not in page, where


SENDER = {"name": f"Practice {EVIL}", "email": "news@blog.example", "mailing_address": f"Street {EVIL}", "contact": f"Ring {EVIL}"}


@pytest.mark.parametrize("language", ["en-CA", "fr-CA"])
def test_nor_on_any_page_that_a_reader_meets(failed, settings, language) -> None:
    """Whatever they press, in whatever order; and nothing that they type comes back as anything but words."""
    settings.BLOGS["evil"] = blog_file(
        "evil", name=f"Practice {EVIL}", sender=SENDER, channels={"email": {"editions": ["instant", "weekly mon 09:00"]}}
    )
    reader = Subscriber.objects.get()
    Subscriber.objects.update(language=language)
    wish = Wish(read_address(reader.email), language, [EVIL], "instant")
    confirm = {
        kind: f"/confirm/{confirmation_token(ask(reader.blog, wish, EVIL, kind=kind, subscriber=reader).pk)}" for kind in Confirmation.Kind
    }
    leave, evil = (
        f"/u/{unsubscribe_token(reader.blog_id, reader.pk)}",
        {"email": EVIL, "language": EVIL, "edition": EVIL, "topics": [EVIL], "homepage": ""},
    )
    said = [Client().get(address) for address in (*confirm.values(), leave, f"/confirm/{EVIL}", f"/u/{EVIL}", f"/read/{EVIL}")]
    said += [
        Client().post(f"/subscribe/evil?lang={language}", evil | more)
        for more in ({}, {"agree": "yes"}, {"agree": "yes", "email": "ann@example.org"})
    ]
    said += [Client().post(leave, evil | {"wants": wants}) for wants in ("choices", "own")]
    said += [Client().post(leave, {"wants": "choices", "topics": [EVIL]})]
    said += [Client().post(confirm["own"], evil | {"wants": wants}) for wants in ("", "move", "erase")]
    said += [Client().post(confirm[kind], evil) for kind in ("join", "renew", "move", "join")]
    said += [Client().post(leave, {"wants": EVIL}), Client().get(leave), Client().post(confirm["own"], {"wants": "erase", "sure": "yes"})]
    assert {answer.status_code for answer in said} <= {200, 404, 409, 410, 422}
    assert sum(EVIL in unescape(answer.content.decode()) for answer in said) > 12, "it stands there, as words"
    for answer in said:
        runs_nothing(answer.content.decode(), answer.request["PATH_INFO"])


class Met(HTMLParser):
    """The tags and attributes that a program would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.attributes = set[str](), list[tuple[str, str | None]]()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs


def test_nor_by_the_mail_in_the_pack_for_a_regulator_and_its_sheet_computes_nothing(failed, settings, tmp_path) -> None:
    file = settings.BLOGS["evil"]
    failed.post.url, failed.post.content = (
        'https://blog.example/"><script>alert(1)</script>',
        f"<p>{EVIL}<a href='javascript:alert(9)'>Words</a></p>" * 20,
    )
    made = render(failed.post, file, "email")
    mail = Delivery.objects.get(channel="email")
    Rendition.objects.filter(delivery=mail).update(subject=made.message.subject, text=made.message.text, html=made.message.html)
    Recipient.objects.update(reason="=cmd()")
    evidence.write(failed.post, tmp_path / "pack.zip")
    with ZipFile(tmp_path / "pack.zip") as pack:
        folder = f"deliveries/{mail.pk}"
        letter = message_from_bytes(pack.read(f"{folder}/mail.eml"), policy=default)
        (row,) = csv.DictReader(io.StringIO(pack.read(f"{folder}/readers.csv").decode()))
    page = letter.get_body(("html",)).get_content()
    met = Met()
    met.feed(page)
    assert not met.tags & {"script", "iframe", "object", "svg"}
    assert not [each for each in met.attributes if each[0].startswith("on") or (each[1] or "").startswith("javascript:")]
    assert "alert(1)" in unescape(page)
    assert row["reason"] == "'=cmd()"


def test_it_is_shown_as_it_was_written(failed) -> None:
    office = client_of("office")
    for address in ("/", "/log", "/record", f"/posts/{failed.post_id}", f"/posts/{failed.post_id}/approve", f"/deliveries/{failed.pk}"):
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in office.get(address).content.decode(), address


@pytest.mark.parametrize("elsewhere", ["javascript:alert(1)", "//evil.example", "https://evil.example", "/\\\\evil.example"])
def test_choosing_a_language_leads_to_no_other_host(elsewhere) -> None:
    assert client_of("office").post("/language", {"language": "fr", "back": elsewhere})["Location"] == "/"
