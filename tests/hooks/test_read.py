"""A newsletter in the browser: everybody's, and nobody's in particular."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client

from tests import clocks
from tests.deliver.test_issues import a_blog, goes_by_itself, got, its_time_comes, published, the_issue
from tests.factories import make_delivery, make_post, written_a_while_ago
from tests.fakes.relay import Relay
from tests.newsletter.people import make_subscriber, send_to_the_end
from worker.deliver import staff, withdraw
from worker.deliver.send import send
from worker.hooks import read
from worker.lib.signing import reading_token, unsubscribe_token
from worker.models import Delivery, Post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_settings(settings: Any) -> None:
    settings.RELAYS, settings.BLOGS = {}, {}


def page(delivery: Delivery) -> Any:
    return Client().get(f"/read/{reading_token(delivery.pk)}")


def test_the_link_in_a_mail_leads_to_it(relay: Relay, settings: Any) -> None:
    reader = make_subscriber(a_blog(relay), name="Ada")
    goes_by_itself(published(reader.blog, "On grief"))
    [address] = re.findall(rf"{settings.PUBLIC_URL}(/read/\S+)", got(relay, reader)[0])
    answer = Client().get(address)
    assert answer.status_code == 200
    assert "On grief" in answer.content.decode()


def test_it_says_nothing_of_the_reader(relay: Relay) -> None:
    reader = make_subscriber(a_blog(relay))
    delivery = goes_by_itself(published(reader.blog, "On grief"))
    html = page(delivery).content.decode()
    for personal in (reader.email, "You get this because", "Unsubscribe", "/u/", unsubscribe_token(reader.blog_id, reader.pk), "\ue000"):
        assert personal not in html


def test_nothing_is_loaded_and_nothing_is_remembered(relay: Relay) -> None:
    make_subscriber(blog := a_blog(relay))
    answer = page(goes_by_itself(published(blog, "On grief")))
    assert answer["X-Robots-Tag"] == "noindex"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert not answer.cookies
    assert "<script" not in answer.content.decode()


def test_a_page_is_in_its_blogs_language(relay: Relay) -> None:
    make_subscriber(blog := a_blog(relay, language="fr-CA"))
    assert '<html lang="fr-CA"' in page(goes_by_itself(published(blog, "Le deuil"))).content.decode()


@pytest.mark.parametrize("token", ["", "1", "1.made-up", "é", "9" * 40])
def test_a_token_that_is_not_ours_leads_nowhere(token: str) -> None:
    assert Client().get(f"/read/{token}").status_code == 404


def test_what_has_not_gone_out_is_not_shown() -> None:
    post = published(a_blog(), "On grief")
    assert page(Delivery.objects.get(post=post, channel="email")).status_code == 404


def test_what_was_withdrawn_is_not_shown_any_more(relay: Relay) -> None:
    make_subscriber(blog := a_blog(relay))
    make_subscriber(blog, edition="weekly")
    kept, dropped = published(blog, "On grief"), published(blog, "On joy")
    own, weekly = goes_by_itself(dropped), its_time_comes(the_issue())
    withdraw.withdraw(dropped, "Ann", "It has a mistake")
    weekly.refresh_from_db()
    assert weekly.reason.endswith("The post was left out of its copy in the browser by Ann: It has a mistake.")
    assert page(own).status_code == 410
    assert "On joy" not in page(weekly).content.decode()
    assert kept.title in page(weekly).content.decode()
    listed = Client().get(f"/archive/{blog.slug}").content.decode()
    assert reading_token(own.pk) not in listed
    assert reading_token(weekly.pk) in listed


def test_what_comes_down_from_one_network_alone_is_still_shown(relay: Relay) -> None:
    make_subscriber(blog := a_blog(relay))
    own = goes_by_itself(post := published(blog, "On grief"))
    make_delivery(post, "facebook", state="withdrawn", withdrawn_by="desk@practice.example")
    assert page(own).status_code == 200


def test_what_was_withdrawn_and_sent_again_is_shown_as_it_was_put_right_and_never_as_it_was(relay: Relay) -> None:
    make_subscriber(blog := a_blog(relay))
    make_subscriber(blog, edition="weekly")
    post = published(blog, "On greif")
    published(blog, "On joy")
    wrong, weekly = goes_by_itself(post), its_time_comes(the_issue())
    for one in (wrong, weekly):
        written_a_while_ago(one)
    withdraw.withdraw(post, "Ann", "Its title is wrong")
    Post.objects.filter(pk=post.pk).update(title="On grief", withdrawn_at=F("withdrawn_at") - timedelta(seconds=30))
    post.refresh_from_db()
    again = staff.resend(post, "email", "desk@practice.example", "It is put right.", audience="all")
    send(again.pk)
    again.refresh_from_db()
    send_to_the_end(again)
    assert "On grief" in page(again).content.decode()
    assert page(wrong).status_code == 410
    assert "On greif" not in page(weekly).content.decode()
    listed = Client().get(f"/archive/{blog.slug}").content.decode()
    assert [reading_token(each.pk) in listed for each in (again, wrong, weekly)] == [True, False, True]


def test_the_archive_lists_what_went_out_newest_first(relay: Relay) -> None:
    make_subscriber(blog := a_blog(relay))
    sent = [goes_by_itself(published(blog, title)) for title in ("On grief", "On joy")]
    published(blog, "Not yet")
    answer = Client().get(f"/archive/{blog.slug}")
    listed = answer.content.decode()
    assert answer["X-Robots-Tag"] == "noindex"
    assert re.findall(r"On \w+|Not yet", listed) == ["On joy", "On grief"]
    assert all(reading_token(each.pk) in listed for each in sent)


def test_the_archives_pages_leave_nothing_out_whatever_was_written_down_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "A_PAGE", 2)
    blog, now = a_blog(), clocks.now()
    digest, *posts = [
        make_delivery(make_post(blog), "email", state="sent", rendition={"subject": f"Number {number}.", "text": "", "length": 0})
        for number in range(5)
    ]
    for minutes, each in enumerate([posts[3], digest, *posts[2::-1]]):  # the digest, opened first, went out last but one
        Delivery.objects.filter(pk=each.pk).update(finished_at=now - timedelta(minutes=minutes))
    seen, address = [], f"/archive/{blog.slug}"
    while address:
        listed = Client().get(address).content.decode()
        seen += re.findall(r"Number (\d)\.", listed)
        older = re.search(r'href="(\?before=\d+)"', listed)
        address = f"/archive/{blog.slug}{older[1]}" if older else ""
    assert seen == ["4", "0", "3", "2", "1"]


def test_there_is_no_archive_of_no_blog() -> None:
    answer = Client().get("/archive/nobody")
    assert answer.status_code == 404
    assert "There is no newsletter here." in answer.content.decode()
