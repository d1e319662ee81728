"""What feeds, networks, staff and readers wrote is shown on every page, and run on none."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from tests.console.conftest import client_of
from tests.factories import SHORT, make_blog, make_delivery, make_post, make_staff
from worker.lib.signing import reading_token
from worker.models import Attempt, Batch, Connection, Consent, Delivery, Event, Recipient, Subscriber
from worker.record.by_link import link

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
    Attempt.objects.create(delivery=failed, number=1, started_at=timezone.now(), outcome="rejected", status=EVIL, detail=EVIL, holder=EVIL)
    Event.objects.create(at=timezone.now(), who=EVIL, what=f"It said {EVIL}", delivery=failed, post=post, blog=blog, data={"to": EVIL})
    make_delivery(
        post, "twitter", state="held", waits_for="person", held_for="approval", reason=f"Held by {EVIL}: {EVIL}.", rendition=WORDS
    )
    make_delivery(post, "linkedin", reason=f"Waits, says {EVIL}.", rendition=WORDS)
    mail = make_delivery(post, "email", state="sent", waits_for="nothing", edition="instant", rendition=WORDS | {"html": "<p>The mail</p>"})
    batch = Batch.objects.create(delivery=mail, number=1, size=1, waiting=0, refused=1)
    reader = Subscriber.objects.create(
        blog=blog, email="ann@example.org", address_key="ann@example.org", name=EVIL, topics=[EVIL], created_at=timezone.now()
    )
    Consent.objects.create(
        subscriber=reader, basis="express", obtained_on="2026-01-02", proof=EVIL, recorded_at=timezone.now(), recorded_by=EVIL
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
            page = answer.content.decode()
            assert "<script>alert" not in page, address
            assert "<img src=x" not in page, address
            assert not re.search(r"""=["']?javascript:""", page), address
            assert "7*7" in page or "49" not in page, address


def test_it_is_shown_as_it_was_written(failed) -> None:
    office = client_of("office")
    for address in ("/", "/log", "/record", f"/posts/{failed.post_id}", f"/posts/{failed.post_id}/approve", f"/deliveries/{failed.pk}"):
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in office.get(address).content.decode(), address


@pytest.mark.parametrize("elsewhere", ["javascript:alert(1)", "//evil.example", "https://evil.example", "/\\\\evil.example"])
def test_choosing_a_language_leads_to_no_other_host(elsewhere) -> None:
    assert client_of("office").post("/language", {"language": "fr", "back": elsewhere})["Location"] == "/"
