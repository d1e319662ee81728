"""Staff see what came back: on the newsletter's page, behind it its people, and on the reader's own page."""

import json

import pytest
from django.core.management import call_command
from django.test import Client

from tests import clocks
from tests.console.conftest import text_of
from tests.factories import make_blog, make_staff
from tests.fakes.relay import Relay
from tests.newsletter.people import live_blog, make_subscriber, people, planned, send_to_the_end
from worker.channels.email.mailbox import parse_mailbox
from worker.models import Mailbox, Staff
from worker.newsletter.returns import Kind, Report, record

pytestmark = pytest.mark.django_db


@pytest.fixture
def delivery(settings):
    """Five readers; one is refused at once, one bounces later by two reports, one complains, one has it for sure."""
    with Relay() as relay:
        blog = live_blog(relay)
        for name in ("ann", "bob", "cid", "dee", "gone"):
            make_subscriber(blog, f"{name}@reader.example")
        delivery = planned(blog)
        send_to_the_end(delivery)
    told = people(delivery)
    for name, kind in (("bob", Kind.SOFT), ("bob", Kind.HARD), ("cid", Kind.COMPLAINED), ("dee", Kind.DELIVERED)):
        record(told[name], Report(kind, "A provider", clocks.now(), words=f"<550> for {name}"))
    return delivery


@pytest.fixture
def desk():
    client = Client()
    client.force_login(make_staff())
    return client


def test_the_newsletters_page_says_how_many_came_back_and_leads_to_them(desk, delivery):
    page = desk.get(f"/deliveries/{delivery.pk}").content.decode()
    for said in ("4 accepted", "1 delivered", "1 came back", "1 reader reported it as spam"):
        assert said in page
    shown = desk.get(f"/deliveries/{delivery.pk}/people?state=came-back").content.decode()
    assert "bob@reader.example" in shown
    assert "Their mailbox does not exist." in shown
    assert "&lt;550&gt; for bob" in shown
    assert "ann@reader.example" not in shown
    assert "gone@reader.example" not in shown


def test_in_french_too(desk, delivery):
    Staff.objects.update(language="fr")
    page = desk.get(f"/deliveries/{delivery.pk}/people?state=came-back").content.decode()
    assert "Sa boîte n’existe pas." in page
    assert "Their mailbox" not in page


@pytest.mark.parametrize("address", ["/log", "/log?print=1"])
def test_its_line_in_the_record_says_it_too(desk, delivery, address):
    page = text_of(desk.get(address))
    assert "1 came back" in page
    assert "1 reader reported it as spam" in page
    if "print" not in address:
        assert f"/deliveries/{delivery.pk}/people?state=came-back" in page


def test_without_any_report_the_page_says_nothing_of_them(desk, settings):
    with Relay() as relay:
        make_subscriber(live_blog(relay))
        delivery = planned(live_blog(relay))
        send_to_the_end(delivery)
    assert "accepted" not in desk.get(f"/deliveries/{delivery.pk}").content.decode()


def test_the_readers_page_says_what_came_of_each_copy(desk, delivery):
    page = desk.get(f"/subscribers/{people(delivery)['bob'].subscriber_id}").content.decode()
    assert "Their mailbox does not exist." in page
    assert "takes no mail" in page


def test_the_commands_tell_it_too(delivery, capsys):
    call_command("log", "--json")
    assert json.loads(capsys.readouterr().out)[0]["returns"] == {"delivered": 1, "bounced": 1, "complained": 1}
    call_command("subscribers", "show", "example", "cid@reader.example", "--json")
    assert [one["kind"] for one in json.loads(capsys.readouterr().out)["deliveries"][0]["returns"]] == ["complained"]
    call_command("subscribers", "show", "example", "cid@reader.example")
    assert "The mail relay took it. They reported it as spam (" in capsys.readouterr().out


def test_the_newsletters_own_story_does_not_tell_of_each_copy(desk, delivery):
    assert "A copy bounced" not in desk.get(f"/deliveries/{delivery.pk}").content.decode()


def test_staff_see_how_their_own_mailbox_is_and_no_other(settings):
    settings.MAILBOXES = {"main": parse_mailbox("imaps://back:x@mail.example"), "other": parse_mailbox("imaps://else:x@mail.example")}
    sender = {"name": "P", "email": "news@blog.example", "mailing_address": "1 Street", "contact": "1"}
    blog, _ = (make_blog(slug, sender=sender | {"relay": relay}) for slug, relay in (("example", "main"), ("theirs", "other")))
    client = Client()
    client.force_login(make_staff(blogs=(blog,)))
    assert "Its mailbox was not read yet." in client.get("/health").content.decode()
    Mailbox.objects.create(name="main", look_at=clocks.now(), looked_at=clocks.now())
    assert "nothing in it needs a person" in client.get("/health").content.decode()
    Mailbox.objects.create(name="other", look_at=clocks.now(), starred=1)
    assert "with a star" not in client.get("/").content.decode()
    Mailbox.objects.filter(name="main").update(starred=1)
    for page in ("/", "/health"):
        assert "1 mail in the mailbox back waits with a star" in client.get(page).content.decode()
