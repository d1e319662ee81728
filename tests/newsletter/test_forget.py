"""Whoever is erased stands nowhere any more: not in a row, not in a reason, not in a file."""

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

from tests.factories import make_blog, make_post
from tests.newsletter.people import live_blog, make_subscriber, planned, send_to_the_end
from worker import newsletter
from worker.deliver import staff
from worker.lib.address import read_address
from worker.models import Blog, Confirmation, Recipient
from worker.newsletter import confirmation_mail, sign_up
from worker.newsletter.confirm import confirm
from worker.newsletter.leave import forget, unsubscribe
from worker.newsletter.sign_up import Wish

pytestmark = pytest.mark.django_db(transaction=True)
WHO = "desk@practice.example"


def everything_kept() -> str:
    """Every column of every row, and every mail that is kept as a file."""
    rows = [row for model in apps.get_models(include_auto_created=True) for row in model._default_manager.values_list()]
    mails = [path.read_text("utf-8") for path in settings.POSTLARK_DATA.rglob("*.eml")]
    return f"{rows}{mails}".lower()


def ask(blog: Blog, email: str, **more) -> Confirmation:
    return sign_up.ask(blog, Wish(read_address(email), "en-CA", [], "instant"), "192.0.2.1", **more)


def test_the_address_of_who_is_erased_stands_nowhere(relay, settings, tmp_path):
    settings.POSTLARK_DATA = tmp_path
    blog = live_blog(relay)
    reader = make_subscriber(blog, "gone.Lee@Reader.example", name="Anna-Lena Lee")
    ask(blog, "Gone.Lee@reader.example")
    ask(blog, "gone.lee.new@reader.example", kind="move", subscriber=reader)
    post = make_post(blog)
    by_name = staff.resend(post, "email", WHO, "She, GONE.LEE@reader.example, rang.", audience="GONE.lee@reader.example")
    call_command("test", str(post.pk), "--channel", "email", "--to", "Gone.Lee@Reader.example")
    send_to_the_end(planned(blog))
    assert "No such user" in Recipient.objects.get().detail
    unsubscribe(reader, WHO, "gone.lee@reader.example rang")
    assert "gone.lee" in everything_kept()
    forget(reader, WHO, "gone.lee@reader.example asked")
    kept = everything_kept()
    assert WHO in kept
    assert "gone.lee" not in kept
    assert "anna-lena" not in kept
    by_name.refresh_from_db()
    newsletter.prepare(by_name)
    assert not by_name.recipients.exists()


def test_the_rehearsed_mail_to_who_is_erased_goes_too(settings, tmp_path):
    settings.POSTLARK_DATA = tmp_path
    blog = make_blog()
    reader = make_subscriber(blog, "ann@reader.example")
    confirmation_mail.send(ask(blog, "Ann@reader.example").pk)
    assert "ann@reader.example" in everything_kept()
    forget(reader, WHO)
    assert "ann@reader.example" not in everything_kept()


def test_so_do_the_addresses_they_had_before_and_the_place_that_ended_when_they_moved(relay, settings, tmp_path):
    settings.POSTLARK_DATA = tmp_path
    blog = live_blog(relay)
    reader, other = make_subscriber(blog, "full.lee@reader.example"), make_subscriber(blog, "full.new@reader.example")
    send_to_the_end(planned(blog))
    staff.resend(make_post(blog), "email", WHO, "She rang.", audience="full.lee@reader.example")
    confirm(ask(blog, "full.new@reader.example", kind="move", subscriber=reader), "192.0.2.1")
    reader.refresh_from_db()
    assert "full.lee@" not in everything_kept()
    assert "Mailbox full" in Recipient.objects.get(subscriber=other).detail
    forget(reader, WHO)
    assert "@reader.example" not in everything_kept()
    assert "mailbox full" not in everything_kept()


def test_so_does_what_was_asked_at_each_address_they_had(settings, tmp_path):
    settings.POSTLARK_DATA = tmp_path
    blog = make_blog()
    other = confirm(ask(blog, "ann.second@reader.example"), "192.0.2.1")
    ask(blog, "ann.second@reader.example", kind="own", subscriber=other)
    reader = confirm(ask(blog, "ann.first@reader.example"), "192.0.2.1")
    ask(blog, "ann.first@reader.example")
    for address in ("ann.second@reader.example", "ann.third@reader.example"):
        reader = confirm(ask(blog, address, kind="move", subscriber=reader), "192.0.2.1")
    assert "ann.first" in everything_kept()
    forget(reader, WHO)
    assert "@reader.example" not in everything_kept()
